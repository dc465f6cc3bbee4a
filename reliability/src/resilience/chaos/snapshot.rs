use super::Settings;
use crate::error::Name;

/// What a [`Chaos`](super::Chaos) is doing, and has done so far.
///
/// # Examples
///
/// ```
/// use reliability::resilience::chaos::Chaos;
///
/// let chaos = Chaos::builder("inventory").error(1.0).build()?;
/// let on = chaos.while_held();
/// chaos.strike();
/// let now = chaos.snapshot();
/// assert!(now.on);
/// assert_eq!((now.decided, now.errors, now.injected()), (1, 1, 1));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: Name,
    /// Whether it is switched on.
    pub on: bool,
    /// Where its random numbers begin.
    pub seed: u64,
    /// How often what is done.
    pub settings: Settings,
    /// Attempts that were decided about since the seed was set.
    pub decided: u64,
    /// Attempts that were delayed since it was made.
    pub latencies: u64,
    /// Attempts that failed by it since it was made.
    pub errors: u64,
    /// Attempts that hung by it since it was made.
    pub hangs: u64,
}

impl Snapshot {
    /// Attempts to which anything was done.
    pub fn injected(&self) -> u64 {
        self.latencies + self.errors + self.hangs
    }
}
