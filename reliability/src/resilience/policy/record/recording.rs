use alloc::vec::Vec;

use super::event::Event;

/// What happened under a policy, in order: made by [`Policy::record`](crate::resilience::Policy::record).
///
/// As text it has a line for each event, and can be read again:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::policy::record::Recording;
///
/// let policy = Policy::builder("price").timeout(Duration::from_secs(1)).build()?;
/// let recorded = policy.record(10_000);
/// policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
/// let recording = recorded.finish();
///
/// let text = recording.to_string();
/// assert!(text.lines().any(|line| line.ends_with("call=1 admitted")));
/// assert_eq!(text.parse::<Recording>()?, recording);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    events: Vec<Event>,
    left_out: u64,
}

impl Recording {
    pub(super) fn new(events: Vec<Event>, left_out: u64) -> Self {
        Self { events, left_out }
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many older events did not fit.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}
