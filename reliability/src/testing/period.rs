use core::time::Duration;

use crate::time::text::parse_duration;

/// A duration, or its text: `"20ms"`, as in `#[resilient(..)]`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::testing::Period;
///
/// assert_eq!(Period::from("1.5s"), Period::from(Duration::from_millis(1_500)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub(crate) Duration);

impl From<Duration> for Period {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<&str> for Period {
    /// # Panics
    ///
    /// When the text is no duration: in a test there is nobody else to tell.
    #[track_caller]
    fn from(text: &str) -> Self {
        match parse_duration(text) {
            Ok(duration) => Self(duration),
            Err(advice) => panic!("`{text}` is no duration: {advice}"),
        }
    }
}
