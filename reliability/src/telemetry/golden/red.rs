use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::Durations;
use super::delta::{Delta, text};
use super::sources::Calls;

/// Rate, errors and duration of an operation over a period.
///
/// Calls that were cancelled are calls, but no errors, and not what errors are divided by: whoever
/// did not wait for the answer did not learn whether there would have been one.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::golden::Collected;
/// use reliability::telemetry::traced;
///
/// #[traced(metrics)]
/// fn parse(number: &str) -> Result<u32, String> {
///     number.parse().map_err(|_| format!("{number} is no number"))
/// }
///
/// let before = Collected::take();
/// assert!(parse("7").is_ok() && parse("seven").is_err());
///
/// let period = Collected::take().since(&before);
/// let parse = period.operations.iter().find(|red| red.name == "parse").expect("it was called");
/// assert_eq!(parse.error_ratio(), Some(0.5));
/// assert_eq!((parse.outcomes.calls, parse.durations.count()), (2, 2));
/// println!("{:?} calls per second", parse.rate());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Red {
    /// What it is called: the name of the operation or the policy, or the route.
    pub name: String,
    /// On which side of a call it is, as spans have it; empty for a policy, which does not say.
    pub kind: String,
    /// How its calls ended.
    pub outcomes: Outcomes,
    /// How long they took.
    pub durations: Durations,
    /// The length of the period.
    pub elapsed: Duration,
}

/// How calls ended.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::golden::Collected;
///
/// let outcomes = Collected::take().since(&Collected::take()).golden_signals().outcomes;
/// for (what, errors) in &outcomes.by_type {
///     println!("{errors} of {} calls failed: {what}", outcomes.calls);
/// }
/// // Nobody has called anything.
/// assert_eq!(outcomes.error_ratio(), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcomes {
    /// All of them.
    pub calls: u64,
    /// Those that failed, were refused, or panicked.
    pub errors: u64,
    /// Those whose caller gave up.
    pub cancelled: u64,
    /// The errors by what they were, as `error.type` says, or `panicked`.
    pub by_type: BTreeMap<String, u64>,
}

impl Outcomes {
    /// The share of errors, 0 to 1; `None` where no call ended that could have been one.
    pub fn error_ratio(&self) -> Option<f64> {
        let judged = self.calls.saturating_sub(self.cancelled);
        // Counts that are as large as numbers get do not add up.
        (judged > 0).then(|| (self.errors as f64 / judged as f64).min(1.0))
    }

    fn add(&mut self, outcome: &str, error: Option<String>, calls: u64) {
        self.calls = self.calls.saturating_add(calls);
        match (outcome, error) {
            ("ok", _) => {}
            ("cancelled", _) => self.cancelled = self.cancelled.saturating_add(calls),
            // Nobody failed: the caller gave up, and the error says so.
            ("failed", Some(error)) if error == "cancelled" => {
                self.cancelled = self.cancelled.saturating_add(calls);
            }
            (outcome, error) => {
                self.errors = self.errors.saturating_add(calls);
                if calls > 0 {
                    let name = error.unwrap_or_else(|| outcome.into());
                    let sum = self.by_type.entry(name).or_default();
                    *sum = sum.saturating_add(calls);
                }
            }
        }
    }

    pub(super) fn sum(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
        for (name, count) in &other.by_type {
            let sum = self.by_type.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

impl Red {
    /// Calls per second; `None` where no time has passed.
    pub fn rate(&self) -> Option<f64> {
        rate(self.outcomes.calls, self.elapsed)
    }

    /// The share of errors, 0 to 1; `None` where no call ended that could have been one.
    pub fn error_ratio(&self) -> Option<f64> {
        self.outcomes.error_ratio()
    }

    /// All that is told by these metrics, by name.
    pub(super) fn all(delta: Delta<'_>, of: &Calls, elapsed: Duration) -> alloc::vec::Vec<Self> {
        let mut all: BTreeMap<(String, String), Self> = BTreeMap::new();
        let key = |attributes: &[_]| {
            let kind = text(attributes, "reliability.operation.kind").unwrap_or_default();
            (text(attributes, of.name).unwrap_or_else(|| "(other)".into()), kind)
        };
        for (attributes, durations) in delta.histograms(of.duration) {
            let red = all.entry(key(attributes)).or_default();
            if of.calls.is_none() {
                let error = text(attributes, "error.type");
                let outcome = if error.is_some() { "failed" } else { "ok" };
                red.outcomes.add(outcome, error, durations.count());
            }
            red.durations.add(&durations);
        }
        for (attributes, calls) in of.calls.map(|it| delta.counters(it)).unwrap_or_default() {
            let outcome = text(attributes, "reliability.outcome").unwrap_or_default();
            let red = all.entry(key(attributes)).or_default();
            red.outcomes.add(&outcome, text(attributes, "error.type"), calls);
        }
        let named = |((name, kind), red)| Self { name, kind, elapsed, ..red };
        all.into_iter().map(named).collect()
    }
}

pub(super) fn rate(calls: u64, elapsed: Duration) -> Option<f64> {
    (!elapsed.is_zero()).then(|| calls as f64 / elapsed.as_secs_f64())
}

/// A number that may not be there.
pub(super) struct Maybe<T>(pub(super) Option<T>);

impl<T: fmt::Display> fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.pad("-"),
        }
    }
}

/// `12.5/s`.
pub(super) fn per_second(rate: Option<f64>) -> Maybe<String> {
    Maybe(rate.map(|rate| alloc::format!("{rate:.1}/s")))
}

/// `0.25%`; what is small is not rounded to nothing.
pub(super) fn percent(share: Option<f64>) -> Maybe<String> {
    Maybe(share.map(|share| match share * 100.0 {
        percent if percent > 0.0 && percent < 0.01 => "<0.01%".into(),
        percent if percent > 99.99 && percent < 100.0 => ">99.99%".into(),
        percent if percent.fract() == 0.0 => alloc::format!("{percent:.0}%"),
        percent => alloc::format!("{percent:.2}%"),
    }))
}

impl fmt::Display for Red {
    /// A row: the name, the rate, the share of errors, three quantiles, and what the errors were.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantile = |share| Maybe(self.durations.quantile(share));
        write!(
            f,
            "{:<24} {:>10} {:>8} {:>8} {:>8} {:>8}",
            self.name,
            per_second(self.rate()),
            percent(self.error_ratio()),
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
        )?;
        self.outcomes.by_type.iter().try_for_each(|(name, count)| write!(f, "  {name} {count}"))
    }
}
