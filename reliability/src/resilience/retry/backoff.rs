use core::fmt;
use core::time::Duration;

use super::Jitter;
use crate::error::Name;
use crate::resilience::Invalid;

/// Beyond this retry no delay grows; exponential ones have long reached the longest by then.
const LAST_GROWTH: u32 = 1_024;

/// How long to wait before each retry: a pure schedule.
///
/// It holds no state and knows neither clock nor random numbers: the delay is a function of the
/// retry's number, the delay before, and a random number that the caller brings. So a schedule can
/// be shared, printed and replayed.
///
/// Start with [`standard`](Backoff::standard): 100 ms, doubled with each retry up to 10 s, full
/// jitter.
///
/// # Shapes
///
/// With first delay *b*, retry *n* counted from 1, and everything cut to [`max`](Backoff::max):
///
/// | shape | delay before retry *n* | b = 100 ms: retries 1 to 6, without jitter |
/// |---|---|---|
/// | [`constant`](Backoff::constant) | b | 100 ms, 100 ms, 100 ms, 100 ms, 100 ms, 100 ms |
/// | [`linear`](Backoff::linear) | b * n | 100 ms, 200 ms, 300 ms, 400 ms, 500 ms, 600 ms |
/// | [`fibonacci`](Backoff::fibonacci) | b * F(n), with F(1) = F(2) = 1 | 100 ms, 100 ms, 200 ms, 300 ms, 500 ms, 800 ms |
/// | [`exponential`](Backoff::exponential) | b * factor^(n - 1), factor 2 | 100 ms, 200 ms, 400 ms, 800 ms, 1.6 s, 3.2 s |
/// | [`decorrelated`](Backoff::decorrelated) | random from b to 3 * the delay before | up to 300 ms, 900 ms, 2.7 s, 8.1 s, 24.3 s, 30 s |
///
/// # Jitter
///
/// Clients that failed together would also retry together, and hit a recovering dependency in
/// waves. Jitter spreads them. The formulas and names are those of Marc Brooker's ["Exponential
/// Backoff and Jitter"](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
/// (AWS Architecture Blog, 2015), which also measures that full jitter costs the least work in
/// total; that is why it is the default of every shape. With *d* as the delay of the shape:
///
/// | jitter | delay | *d* = 800 ms |
/// |---|---|---|
/// | [`Jitter::None`] | d | 800 ms |
/// | [`Jitter::Full`] | random from 0 to d | 0 to 800 ms, 400 ms on average |
/// | [`Jitter::Equal`] | d / 2 + random from 0 to d / 2 | 400 to 800 ms, 600 ms on average |
///
/// The decorrelated shape is random by itself and takes no jitter.
///
/// # Guarantees
///
/// No delay is ever longer than the longest. Without jitter no delay is shorter than the one
/// before it. Whatever the settings and arguments, nothing panics: what does not fit in a
/// [`Duration`] is [`Duration::MAX`], or the longest delay if that is less. Exponential delays are
/// computed in `f64`: to the nanosecond where they are shorter than a day.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use reliability::resilience::retry::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_millis(50))
///     .max(Duration::from_secs(1))
///     .jitter(Jitter::None);
///
/// let mut previous = Duration::ZERO;
/// let delays = [1, 2, 3, 4, 5, 6].map(|retry| {
///     previous = backoff.delay(retry, previous, 0);
///     previous.as_millis()
/// });
/// assert_eq!(delays, [50, 100, 200, 400, 800, 1_000]);
///
/// let shown = |backoff: Backoff| {
///     let backoff = backoff.jitter(Jitter::None);
///     [1, 2, 3, 4].map(|retry| backoff.delay(retry, Duration::ZERO, 0).as_millis())
/// };
/// assert_eq!(shown(Backoff::none()), [0, 0, 0, 0]);
/// assert_eq!(shown(Backoff::linear(Duration::from_millis(50))), [50, 100, 150, 200]);
/// assert_eq!(shown(Backoff::fibonacci(Duration::from_millis(50))), [50, 50, 100, 150]);
///
/// // Whatever is drawn, it is no shorter than the first, and no longer than three times the last.
/// let drawn = Backoff::decorrelated(Duration::from_millis(50));
/// let second = drawn.delay(2, Duration::from_millis(50), u64::MAX);
/// assert!((50..=150).contains(&second.as_millis()));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Backoff {
    shape: Shape,
    first: Duration,
    max: Option<Duration>,
    jitter: Option<Jitter>,
    factor: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Constant,
    Linear,
    Exponential,
    Fibonacci,
    Decorrelated,
}

impl Backoff {
    /// The longest delay where [`max`](Backoff::max) is not set: half a minute, because hardly
    /// any caller waits longer; or the first delay, where that is longer still.
    pub const DEFAULT_MAX: Duration = Duration::from_secs(30);

    /// How many times longer each exponential delay is than the one before, where
    /// [`factor`](Backoff::factor) is not set.
    pub const DEFAULT_FACTOR: f64 = 2.0;

    /// What fits most remote calls: exponential from 100 ms up to 10 s, full jitter.
    ///
    /// With three retries the caller waits 350 ms on average, and never more than 700 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use reliability::resilience::retry::Backoff;
    ///
    /// let longest = Backoff::standard().delay(3, Duration::ZERO, u64::MAX);
    /// assert_eq!(longest, Duration::from_millis(400));
    /// ```
    pub const fn standard() -> Self {
        Self::exponential(Duration::from_millis(100)).max(Duration::from_secs(10))
    }

    /// No delay at all, for work whose failure is known to be over at once, as after a lost race.
    pub const fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    /// Always the same delay.
    pub const fn constant(delay: Duration) -> Self {
        Self::new(Shape::Constant, delay)
    }

    /// `first`, twice `first`, three times `first`, and so on.
    pub const fn linear(first: Duration) -> Self {
        Self::new(Shape::Linear, first)
    }

    /// `first`, then twice as long with each retry, or [`factor`](Backoff::factor) times.
    pub const fn exponential(first: Duration) -> Self {
        Self::new(Shape::Exponential, first)
    }

    /// `first`, `first`, and then the sum of the two delays before: gentler than doubling.
    pub const fn fibonacci(first: Duration) -> Self {
        Self::new(Shape::Fibonacci, first)
    }

    /// Random from `first` to three times the delay before: grows like an exponential backoff,
    /// and two clients that once waited equally long soon no longer do.
    pub const fn decorrelated(first: Duration) -> Self {
        Self::new(Shape::Decorrelated, first)
    }

    const fn new(shape: Shape, first: Duration) -> Self {
        Self { shape, first, max: None, jitter: None, factor: None }
    }

    /// No delay is longer than this. Default: [`DEFAULT_MAX`](Backoff::DEFAULT_MAX).
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = Some(max);
        self
    }

    /// How much of each delay is left to chance. Default: [`Jitter::Full`].
    ///
    /// [`validate`](Backoff::validate) refuses it for the decorrelated shape.
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(jitter);
        self
    }

    /// How many times longer each delay is than the one before: 1 or more, and finite.
    /// Default: [`DEFAULT_FACTOR`](Backoff::DEFAULT_FACTOR).
    ///
    /// Only exponential delays have a factor. [`validate`](Backoff::validate) refuses one below 1,
    /// `NaN`, infinity, and any for another shape; a schedule that nobody validated takes the
    /// former as 1 and ignores the latter.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = Some(factor);
        self
    }

    /// The same with another shape, without what that shape does not take.
    #[cfg(feature = "config")]
    pub(crate) fn with_shape(mut self, shape: &str) -> Self {
        self.shape = match shape {
            "constant" => Shape::Constant,
            "linear" => Shape::Linear,
            "fibonacci" => Shape::Fibonacci,
            "decorrelated" => Shape::Decorrelated,
            _ => Shape::Exponential,
        };
        if self.shape != Shape::Exponential {
            self.factor = None;
        }
        if self.shape == Shape::Decorrelated {
            self.jitter = None;
        }
        self
    }

    /// The same with another first delay.
    #[cfg(feature = "config")]
    pub(crate) const fn with_first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// Checks the settings, for the builder of the policy that uses them.
    ///
    /// # Errors
    ///
    /// [`Invalid`], naming `policy`, when the factor is below 1 or not finite or the shape has
    /// none, when the longest delay is shorter than the first, or when the decorrelated shape was
    /// given a jitter.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use reliability::resilience::retry::Backoff;
    ///
    /// let shrinking = Backoff::exponential(Duration::from_secs(1)).factor(0.5);
    /// let invalid = shrinking.validate("inventory").unwrap_err();
    /// assert_eq!(invalid.setting(), "factor");
    /// ```
    pub fn validate(&self, policy: impl Into<Name>) -> Result<(), Invalid> {
        let policy = policy.into();
        if let Some(factor) = self.factor {
            self.validate_factor(policy.clone(), factor)?;
        }
        if let Some(max) = self.max
            && max < self.first
        {
            let expected = alloc::format!("at least the first delay, {:?}", self.first);
            return Err(Invalid::new(policy, "max", expected, format_args!("{max:?}"))
                .with_advice("raise `max`, or start with a shorter delay"));
        }
        if let (Shape::Decorrelated, Some(jitter)) = (self.shape, self.jitter) {
            let expected = "left out for decorrelated backoff, which is random by itself";
            return Err(Invalid::new(policy, "jitter", expected, format_args!("{jitter:?}"))
                .with_advice("remove `jitter`, or choose exponential backoff"));
        }
        Ok(())
    }

    fn validate_factor(&self, policy: Name, factor: f64) -> Result<(), Invalid> {
        if self.shape != Shape::Exponential {
            let expected = "left out unless the backoff is exponential";
            return Err(Invalid::new(policy, "factor", expected, factor)
                .with_advice("remove `factor`, or choose exponential backoff"));
        }
        if factor.is_finite() && factor >= 1.0 {
            return Ok(());
        }
        let expected = "a finite number of at least 1";
        Err(Invalid::new(policy, "factor", expected, factor)
            .with_advice("write `2.0` to double the delay with each retry"))
    }

    /// How long to wait before retry number `retry`.
    ///
    /// - `retry` counts retries, not attempts: 1 is the second attempt. 0 is taken as 1.
    /// - `previous` is what this returned for the retry before, [`Duration::ZERO`] for the first.
    ///   Only the decorrelated shape looks at it.
    /// - `random` is uniform over all of `u64`. Without jitter it is ignored.
    pub fn delay(&self, retry: u32, previous: Duration, random: u64) -> Duration {
        let retry = retry.max(1);
        let longest = self.longest();
        let delay = match self.shape {
            Shape::Constant => self.first,
            Shape::Linear => self.first.saturating_mul(retry),
            Shape::Exponential => exponential(self.first, self.growth(), retry, longest),
            Shape::Fibonacci => fibonacci(self.first, retry, longest),
            Shape::Decorrelated => {
                let from = self.first.min(longest);
                let to = previous.max(from).saturating_mul(3);
                return from.saturating_add(share(to.saturating_sub(from), random)).min(longest);
            }
        };
        self.jitter.unwrap_or_default().apply(delay.min(longest), random)
    }

    fn growth(&self) -> f64 {
        let factor = self.factor.unwrap_or(Self::DEFAULT_FACTOR);
        if factor.is_finite() { factor.max(1.0) } else { 1.0 }
    }

    fn longest(&self) -> Duration {
        self.max.unwrap_or_else(|| Self::DEFAULT_MAX.max(self.first))
    }
}

impl fmt::Debug for Backoff {
    /// What is in force, whether it was said or not: no jitter that was set is full jitter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Backoff");
        shown.field("shape", &self.shape).field("first", &self.first);
        if self.shape != Shape::Constant {
            shown.field("max", &self.longest());
        }
        if self.shape != Shape::Decorrelated {
            shown.field("jitter", &self.jitter.unwrap_or_default());
        }
        if self.shape == Shape::Exponential {
            shown.field("factor", &self.growth());
        }
        shown.finish()
    }
}

impl fmt::Display for Backoff {
    /// One line for logs: "exponential from 100ms, up to 10s, full jitter".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            Shape::Constant => write!(f, "constant {:?}", self.first)?,
            Shape::Linear => write!(f, "linear from {:?}", self.first)?,
            Shape::Fibonacci => write!(f, "fibonacci from {:?}", self.first)?,
            Shape::Decorrelated => write!(f, "decorrelated from {:?}", self.first)?,
            Shape::Exponential => write!(f, "exponential from {:?}", self.first)?,
        }
        if let Some(factor) = self.factor {
            write!(f, " by {factor}")?;
        }
        if self.shape != Shape::Constant {
            write!(f, ", up to {:?}", self.longest())?;
        }
        match (self.shape, self.jitter.unwrap_or_default()) {
            (Shape::Decorrelated, _) => Ok(()),
            (_, Jitter::None) => f.write_str(", no jitter"),
            (_, Jitter::Full) => f.write_str(", full jitter"),
            (_, Jitter::Equal) => f.write_str(", equal jitter"),
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::standard()
    }
}

/// By repeated multiplication and not by `powi`, because each step rounds monotonically, so that
/// no delay is shorter than the one before it. (And `powi` needs `std`.)
fn exponential(first: Duration, factor: f64, retry: u32, longest: Duration) -> Duration {
    let enough = longest.as_secs_f64();
    let mut seconds = first.as_secs_f64();
    if seconds == 0.0 {
        return first;
    }
    for _ in 1..retry.min(LAST_GROWTH) {
        if seconds >= enough {
            return longest;
        }
        seconds *= factor;
    }
    // The first delay, as it was given: the way through `f64` may round it.
    if seconds == first.as_secs_f64() {
        return first;
    }
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

fn fibonacci(first: Duration, retry: u32, longest: Duration) -> Duration {
    let (mut delay, mut next) = (first, first);
    for _ in 1..retry.min(LAST_GROWTH) {
        if delay >= longest {
            return longest;
        }
        (delay, next) = (next, delay.saturating_add(next));
    }
    delay
}

/// A uniformly random part of `whole`, from nothing to all of it.
pub(super) fn share(whole: Duration, random: u64) -> Duration {
    let (nanos, random) = (whole.as_nanos(), u128::from(random));
    // A `Duration` has up to 94 bits of nanoseconds, and the product must fit in 128.
    let part = match u64::try_from(nanos) {
        Ok(nanos) => ((u128::from(nanos) + 1) * random) >> 64,
        Err(_) => ((nanos >> 32) * random) >> 32,
    };
    let seconds = u64::try_from(part / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (part % 1_000_000_000) as u32)
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
