use core::fmt;
use core::time::Duration;

use super::red::{Maybe, per_second, percent, rate};
use super::{Durations, Outcomes, Period, Red, Usage};

/// The four golden signals of the service over a period: latency, traffic, errors, saturation.
///
/// They are those of what others call, as far as that is known: requests that were answered, over
/// HTTP and gRPC; else operations whose kind is `server` or `consumer`; else all operations; else
/// all policies. So a call that goes through several of these is one call.
///
/// The words are those of "Monitoring Distributed Systems", chapter 6 of Google's *Site Reliability
/// Engineering*.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::golden::Collected;
///
/// let before = Collected::take();
/// // ... a minute later:
/// let signals = Collected::take().since(&before).golden_signals();
/// println!("{:?} calls per second", signals.traffic());
/// println!("{:?} of them failed", signals.error_ratio());
/// println!("p99 {:?}", signals.latency.quantile(0.99).map(|estimate| estimate.duration()));
/// if let Some(usage) = signals.saturation.filter(|usage| usage.is_saturated()) {
///     println!("{} {} is full", usage.kind.as_str(), usage.name);
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GoldenSignals {
    /// Latency: how long calls took, those that failed among them.
    pub latency: Durations,
    /// Traffic and errors: how many calls ended, and how.
    pub outcomes: Outcomes,
    /// Saturation: the resource of which most is in use; `None` where there is none.
    pub saturation: Option<Usage>,
    /// The length of the period.
    pub elapsed: Duration,
}

impl GoldenSignals {
    pub(super) fn of(period: &Period) -> Self {
        let mut latency = Durations::default();
        let mut outcomes = Outcomes::default();
        for red in entries(period) {
            latency.add(&red.durations);
            outcomes.sum(&red.outcomes);
        }
        let saturation = period.resources.iter().max_by(|a, b| a.compare(b)).cloned();
        Self { latency, outcomes, saturation, elapsed: period.elapsed }
    }

    /// Traffic: calls per second; `None` where no time has passed.
    pub fn traffic(&self) -> Option<f64> {
        rate(self.outcomes.calls, self.elapsed)
    }

    /// The share of errors, 0 to 1; `None` where no call ended that could have been one.
    pub fn error_ratio(&self) -> Option<f64> {
        self.outcomes.error_ratio()
    }
}

/// Those that others call.
fn entries(period: &Period) -> impl Iterator<Item = &Red> {
    let is_entry = |red: &&Red| matches!(&*red.kind, "server" | "consumer");
    let any_entry = period.operations.iter().any(|red| is_entry(&red));
    let all = match (&*period.requests, &*period.operations) {
        ([], []) => &period.policies,
        ([], _) => &period.operations,
        _ => &period.requests,
    };
    let only_entries = period.requests.is_empty() && any_entry;
    all.iter().filter(move |red| !only_entries || is_entry(red))
}

impl fmt::Display for GoldenSignals {
    /// Four lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantile = |share| Maybe(self.latency.quantile(share));
        let (half, most, nearly_all) = (quantile(0.5), quantile(0.9), quantile(0.99));
        writeln!(f, "latency     p50 {half}, p90 {most}, p99 {nearly_all}")?;
        let Outcomes { calls, errors, cancelled, by_type } = &self.outcomes;
        writeln!(f, "traffic     {} ({calls} calls)", per_second(self.traffic()))?;
        write!(f, "errors      {} ({errors} of {calls}", percent(self.error_ratio()))?;
        if *cancelled > 0 {
            write!(f, ", and {cancelled} cancelled")?;
        }
        f.write_str(")")?;
        by_type.iter().try_for_each(|(name, count)| write!(f, "  {name} {count}"))?;
        writeln!(f, "\nsaturation  {}", Maybe(self.saturation.as_ref()))
    }
}
