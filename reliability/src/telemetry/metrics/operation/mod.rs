//! Rate, errors and duration of one operation.

use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

mod outcome;
mod running;

use outcome::OUTCOMES;
pub use outcome::Outcome;
pub use running::Running;

use super::bounds::{self, Bounds};
use super::catalogue::{OPERATION_CALLS, OPERATION_DURATION};
use super::histogram::Counted;
use super::{Collection, HistogramPoint, Observe};
use crate::telemetry::Attribute;
use crate::telemetry::trace::Kind;
use crate::time::{Clock, Instant};

/// Where durations are cut, for all operations.
static BOUNDS: Bounds = Bounds::new(bounds::OPERATION);

/// Something that is done again and again, and of which one wants to know how often, with which
/// errors, and how long it takes: `#[traced(metrics)]` by hand.
///
/// A trace shows some of the calls; this counts all of them, whatever samplers and rules decide,
/// those that were cancelled and those that panicked among them. A call costs two readings of the
/// clock and an addition to a histogram. There are at most 17 series for each operation: one for each
/// [`Outcome`], made when it first happens, in 6 KiB.
///
/// As metrics: `reliability.operation.calls`, and the histogram `reliability.operation.duration` with
/// 22 bounds from 10 us to 10 s, both with `reliability.operation.name`, `reliability.operation.kind`,
/// `reliability.outcome` and `error.type`. Several of one name are told together.
///
/// # Examples
///
/// ```
/// use reliability::error::Class;
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::{Operation, Outcome};
///
/// static PRICE: Operation = Operation::new("price");
/// metrics! { observe PRICE; }
///
/// fn price(sku: &str) -> Result<u32, Class> {
///     // What is dropped before its end was cancelled, or panicked.
///     let call = PRICE.begin();
///     let answer = if sku.is_empty() { Err(Class::Permanent) } else { Ok(7) };
///     call.end(Outcome::of_result(&answer));
///     answer
/// }
///
/// assert!(price("tea").is_ok() && price("").is_err());
/// assert_eq!(PRICE.calls(Outcome::Ok), 1);
/// assert_eq!(PRICE.calls(Outcome::Failed(Some(Class::Permanent))), 1);
/// ```
pub struct Operation {
    name: &'static str,
    kind: Kind,
    series: [OnceLock<Counted>; OUTCOMES],
}

impl Operation {
    /// An operation of that name, of which nothing is counted yet. Names have few different values.
    ///
    /// For a `static` it is listed by [`metrics!`](crate::telemetry::metrics!), as in the example;
    /// for an [`Arc`](alloc::sync::Arc) by [`watch`](super::watch).
    pub const fn new(name: &'static str) -> Self {
        Self { name, kind: Kind::Internal, series: [const { OnceLock::new() }; OUTCOMES] }
    }

    /// On which side of a call it is; what others wait for is a [`Server`](Kind::Server) or a
    /// [`Consumer`](Kind::Consumer). Default: `Internal`.
    #[must_use]
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// What it is called in metrics.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// A call of it begins now.
    #[inline]
    pub fn begin(&self) -> Running<'_> {
        Running::new(self)
    }

    /// How many calls have ended so.
    pub fn calls(&self, outcome: Outcome) -> u64 {
        let counted = self.series[outcome.place()].get();
        counted.map_or(0, |counted| counted.totals().0.iter().sum())
    }

    #[inline]
    fn record(&self, outcome: Outcome, begun: Instant) {
        let seconds = Clock::default().now().saturating_duration_since(begun).as_secs_f64();
        let series = &self.series[outcome.place()];
        let counted = match series.get() {
            Some(counted) => counted,
            None => set_up(series),
        };
        counted.record(&BOUNDS, seconds);
    }
}

#[cold]
fn set_up(series: &OnceLock<Counted>) -> &Counted {
    series.get_or_init(|| Counted::new(&BOUNDS))
}

impl Observe for Operation {
    fn observe(&self, into: &mut Collection) {
        for (outcome, series) in Outcome::all().zip(&self.series) {
            let counted = series.get();
            if counted.is_none() && !outcome.is_always_told() {
                continue;
            }
            let attributes = attributes(self, outcome);
            let nothing = || (alloc::vec![0; BOUNDS.all.len() + 1], 0.0);
            let (counts, sum) = counted.map_or_else(nothing, Counted::totals);
            into.counter(&OPERATION_CALLS, attributes.clone(), counts.iter().sum());
            // How long something takes that never happened is 25 lines of zeros in a scrape.
            if counted.is_some() || outcome == Outcome::Ok {
                let mut point = HistogramPoint::new(attributes, BOUNDS.all, counts, sum);
                point.exemplars = counted.map(Counted::exemplars).unwrap_or_default();
                into.histogram(&OPERATION_DURATION, point);
            }
        }
    }
}

fn attributes(of: &Operation, outcome: Outcome) -> Vec<Attribute> {
    let mut attributes = Vec::with_capacity(4);
    let error = outcome.error().map(|error| Attribute::new("error.type", error));
    attributes.extend(error);
    attributes.extend([
        Attribute::new("reliability.operation.kind", of.kind.as_str()),
        Attribute::new("reliability.operation.name", of.name),
        Attribute::new("reliability.outcome", outcome.as_str()),
    ]);
    attributes
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Operation");
        debug.field("name", &self.name).field("kind", &self.kind);
        debug.field("ok", &self.calls(Outcome::Ok)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
