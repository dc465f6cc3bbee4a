use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;

use super::event::Event;
use super::text::Shown;
use crate::error::plural;
use crate::resilience::Invalid;
use crate::time::Instant;

/// The first decision that is another one than was recorded.
///
/// # Examples
///
/// See `testing::replay`, with the feature `testing`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Which event of the recording, counted from 0.
    pub index: usize,
    /// What was recorded.
    pub recorded: Option<Event>,
    /// What happened now; `None` if nothing did.
    pub now: Option<Event>,
    /// When the recording began.
    pub(super) start: Instant,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = Some(self.start);
        let shown = |event: &Option<Event>| match event {
            Some(event) => Shown { event, since }.to_string(),
            None => "nothing".to_string(),
        };
        let (index, line) = (self.index, self.index + LINES_BEFORE_EVENTS + 1);
        writeln!(f, "the first difference is at event {index}, line {line} of the recording")?;
        writeln!(f, "  recorded: {}", shown(&self.recorded))?;
        write!(f, "       now: {}", shown(&self.now))
    }
}

/// Of a recording as text.
const LINES_BEFORE_EVENTS: usize = 1;

impl core::error::Error for Difference {}

/// Why a recording was not gone through to its end.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::policy::record::{ReplayError, replay};
///
/// let build = || Policy::builder("price").timeout(Duration::from_secs(1)).build();
/// let policy = build()?;
/// let recorded = policy.record(1);
/// policy.call(async || Ok::<_, Rejected>(7)).await?;
///
/// // There was room for the last event only.
/// let recording = recorded.finish();
/// assert!(matches!(replay(&recording, build), Err(ReplayError::LeftOut(2))));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ReplayError {
    /// A decision was another one.
    Differs(Box<Difference>),
    /// Its beginning is missing: so many events did not fit.
    LeftOut(u64),
    /// The policy cannot be built.
    Invalid(Invalid),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Differs(difference) => difference.fmt(f),
            ReplayError::LeftOut(events) => {
                let events = plural(*events, "event", "events");
                write!(f, "its beginning is missing, {events}; record with a larger capacity")
            }
            ReplayError::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl core::error::Error for ReplayError {}
