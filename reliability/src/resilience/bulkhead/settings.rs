use core::time::Duration;

use super::Shed;

/// What can be changed while a [`Bulkhead`](super::Bulkhead) works.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::bulkhead::Bulkhead;
///
/// let bulkhead = Bulkhead::standard("inventory");
/// bulkhead.reconfigure(|settings| settings.wait = Duration::from_millis(20))?;
/// assert_eq!(bulkhead.settings().wait, Duration::from_millis(20));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How many calls may be inside at a time: 1 to
    /// [`CONCURRENT_MAX`](super::Bulkhead::CONCURRENT_MAX).
    pub concurrent: u32,
    /// How long a call waits at most; zero switches waiting off.
    pub wait: Duration,
    /// When calls are refused because the queue does not drain; `None` for never.
    pub shed: Option<Shed>,
}
