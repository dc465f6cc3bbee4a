use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::delta::Delta;
use super::sources::{HTTP_SERVER, OPERATION, POLICY, RPC_SERVER};
use super::{GoldenSignals, Red, Usage};
use crate::telemetry::metrics::{self, Metric};
use crate::time::{Clock, Instant};

/// All metrics at one moment, to be held against a later one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::golden::Collected;
/// use reliability::telemetry::metrics;
/// use reliability::time::Instant;
///
/// // From two moments that were kept: what came between them.
/// let earlier = Collected::new(metrics::collect(), Instant::from_nanos(0));
/// let later = Collected::new(metrics::collect(), Instant::from_nanos(60_000_000_000));
/// assert_eq!(later.since(&earlier).elapsed, Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    metrics: Vec<Metric>,
    at: Instant,
}

impl Collected {
    /// What the process tells [now](metrics::collect).
    pub fn take() -> Self {
        Self::new(metrics::collect(), Clock::default().now())
    }

    /// What was collected at that moment.
    ///
    /// With no metrics it is the moment from which all of them have counted: the start of the process,
    /// or of a test.
    pub const fn new(metrics: Vec<Metric>, at: Instant) -> Self {
        Self { metrics, at }
    }

    /// What has come since the earlier one. A counter that has fallen back was started again in between,
    /// and one that was not there began at 0.
    pub fn since(&self, earlier: &Self) -> Period {
        let delta = Delta { earlier: &earlier.metrics, later: &self.metrics };
        let elapsed = self.at.saturating_duration_since(earlier.at);
        let mut requests = Red::all(delta, &HTTP_SERVER, elapsed);
        requests.append(&mut Red::all(delta, &RPC_SERVER, elapsed));
        Period {
            elapsed,
            requests,
            operations: Red::all(delta, &OPERATION, elapsed),
            policies: Red::all(delta, &POLICY, elapsed),
            resources: Usage::all(delta),
        }
    }
}

/// What a process did between two [`Collected`]s.
///
/// # Examples
///
/// ```
/// use reliability::resilience::{Bulkhead, Policy};
/// use reliability::telemetry::golden::{Collected, ResourceKind};
///
/// let bulkhead = Bulkhead::builder("period").concurrent(4).build()?;
/// let policy = Policy::builder("period").bulkhead(bulkhead.clone()).build()?;
/// let inside = bulkhead.try_enter()?;
///
/// let before = Collected::take();
/// let period = Collected::take().since(&before);
/// let places = period.resources.iter().find(|usage| usage.name == "period");
/// assert_eq!(places.map(|usage| usage.kind), Some(ResourceKind::Bulkhead));
/// println!("{period}");
/// # drop(inside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Period {
    /// How long it was.
    pub elapsed: Duration,
    /// Requests that were answered: over HTTP by route, and over gRPC by method.
    pub requests: Vec<Red>,
    /// Functions with `#[traced(metrics)]`, and what is counted by hand.
    pub operations: Vec<Red>,
    /// Policies. A policy on a function that is an operation counts the same calls again, from its own
    /// side.
    pub policies: Vec<Red>,
    /// What there is only so much of, at the end of the period.
    pub resources: Vec<Usage>,
}

impl Period {
    /// Latency, traffic, errors and saturation of the service.
    pub fn golden_signals(&self) -> GoldenSignals {
        GoldenSignals::of(self)
    }
}

impl fmt::Display for Period {
    /// The golden signals, then a table of what was called, then what is in use. What did nothing is
    /// left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.golden_signals().fmt(f)?;
        for (title, all) in [
            ("request", &self.requests),
            ("operation", &self.operations),
            ("policy", &self.policies),
        ] {
            let mut busy = all.iter().filter(|red| red.outcomes.calls > 0).peekable();
            if busy.peek().is_some() {
                writeln!(
                    f,
                    "\n{title:<24} {:>10} {:>8} {:>8} {:>8} {:>8}",
                    "rate", "errors", "p50", "p90", "p99"
                )?;
            }
            busy.try_for_each(|red| writeln!(f, "{red}"))?;
        }
        let matters = |usage: &&Usage| usage.used > 0.0 || usage.is_saturated() || usage.is_broken;
        let mut busy = self.resources.iter().filter(matters).peekable();
        if busy.peek().is_some() {
            writeln!(f, "\nresource")?;
        }
        busy.try_for_each(|usage| writeln!(f, "{usage}"))
    }
}
