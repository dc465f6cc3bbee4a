use core::time::Duration;

use super::{Chaos, Settings};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::time::Clock;

/// Settings of a [`Chaos`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::chaos::Chaos;
/// use reliability::time::Clock;
///
/// let chaos = Chaos::builder("inventory")
///     .latency_between(Duration::from_millis(50), Duration::from_millis(400), 0.1)
///     .error(0.02)
///     .hang(0.001)
///     .seed(7)
///     .clock(Clock::coarse())
///     .build()?;
/// assert_eq!((chaos.name().as_str(), chaos.seed()), ("inventory", 7));
/// assert_eq!(chaos.settings().error_rate, 0.02);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct ChaosBuilder {
    name: Name,
    settings: Settings,
    seed: Option<u64>,
    clock: Clock,
}

impl ChaosBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self { name, settings: Settings::default(), seed: None, clock: Clock::default() }
    }

    /// Lets that share of the attempts begin that much later: up to an hour. Default: none.
    ///
    /// The work itself is not made longer, so what it does happens after the latency: whoever gives
    /// it up meanwhile has not sent a request.
    pub fn latency(self, latency: Duration, rate: f64) -> Self {
        self.latency_between(latency, latency, rate)
    }

    /// As [`latency`](Self::latency), with one that is drawn from a range, all equally likely.
    pub fn latency_between(mut self, from: Duration, to: Duration, rate: f64) -> Self {
        self.settings.latency_from = from;
        self.settings.latency_to = to;
        self.settings.latency_rate = rate;
        self
    }

    /// Lets that share of the attempts fail without having begun. Default: none.
    pub fn error(mut self, rate: f64) -> Self {
        self.settings.error_rate = rate;
        self
    }

    /// Lets that share of the attempts hang, so that only a timeout ends them. Default: none.
    ///
    /// In a [`Policy`](crate::resilience::Policy) there has to be a timeout or deadline for that.
    pub fn hang(mut self, rate: f64) -> Self {
        self.settings.hang_rate = rate;
        self
    }

    /// Where the random numbers begin: the same seed gives the same faults. Default: a random one,
    /// which [`Chaos::seed`] and the event tell when it is switched on.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The clock that ends [`Chaos::switch_on_for`]. Default: [`Clock::precise`]. Read only while
    /// the chaos is on.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the chaos: switched off, unless [`switch_on`](super::switch_on) was called for all.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a rate is not from 0 to 1, all of them are 0, they add up to more than 1, or
    /// a latency is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::chaos::Chaos;
    ///
    /// let invalid = Chaos::builder("inventory").error(5.0).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "error_rate");
    /// ```
    pub fn build(self) -> Result<Chaos, Invalid> {
        self.settings.validate(&self.name)?;
        if !self.settings.does_something() {
            return Err(Invalid::new(self.name, "rates", "above 0, at least one of them", 0)
                .with_advice("add for example `.error(0.01)`, or leave the chaos out"));
        }
        Ok(self.build_unchecked())
    }

    /// For settings that are known to be valid.
    pub(super) fn build_unchecked(self) -> Chaos {
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        Chaos::new(self.name, &self.settings, seed, self.clock)
    }
}
