use core::time::Duration;

use crate::resilience::breaker;
use crate::resilience::retry::Backoff;

/// What can be changed while a [`Policy`](super::Policy) works.
///
/// Taken from [`Policy::settings`](super::Policy::settings), changed, and given back to
/// [`Policy::reconfigure`](super::Policy::reconfigure). A field is `None` when the policy has no
/// such layer; layers cannot be added or taken away.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Policy;
///
/// # fn main() -> Result<(), reliability::resilience::Invalid> {
/// let policy = Policy::builder("price").timeout(Duration::from_millis(800)).build()?;
///
/// let mut settings = policy.settings();
/// settings.timeout = Some(Duration::from_millis(500));
/// policy.reconfigure(&settings)?;
/// assert_eq!(policy.settings().timeout, Some(Duration::from_millis(500)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The time that the whole call may take.
    pub deadline: Option<Duration>,
    /// The time that one attempt may take.
    pub timeout: Option<Duration>,
    /// How many attempts a call may make, the first one included.
    pub attempts: Option<u32>,
    /// How long to pause between attempts.
    pub backoff: Option<Backoff>,
    /// How many calls may run at once.
    pub concurrent: Option<u32>,
    /// When the breaker opens, and for how long.
    pub breaker: Option<breaker::Settings>,
}
