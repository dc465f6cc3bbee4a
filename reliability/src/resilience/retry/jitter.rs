use core::time::Duration;

use super::backoff::share;

/// How much of a delay is left to chance, so that clients which failed together do not retry
/// together.
///
/// See [`Backoff`](super::Backoff) for the formulas, their source, and figures.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use reliability::resilience::retry::{Backoff, Jitter};
///
/// let backoff = Backoff::constant(Duration::from_millis(800)).jitter(Jitter::Equal);
/// let shortest = backoff.delay(1, Duration::ZERO, 0);
/// let longest = backoff.delay(1, Duration::ZERO, u64::MAX);
/// assert_eq!((shortest.as_millis(), longest.as_millis()), (400, 800));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Jitter {
    /// The delay as it is: for tests, and for a client that is alone.
    None,
    /// From nothing to the whole delay, the default: least work for the dependency in total.
    #[default]
    Full,
    /// From half to the whole delay: where a retry must not come at once.
    Equal,
}

impl Jitter {
    pub(super) fn apply(self, delay: Duration, random: u64) -> Duration {
        match self {
            Jitter::None => delay,
            Jitter::Full => share(delay, random),
            Jitter::Equal => {
                let half = delay / 2;
                half.saturating_add(share(delay.saturating_sub(half), random))
            }
        }
    }
}
