use core::fmt;

use super::shared::{About, Cells, Handle};
use super::{Collection, Data, MetricBuilder, Point};
use crate::sync;

/// Counts what comes and goes, such as orders in a queue: of two processes the sum is right too.
///
/// What cannot be added up, such as a temperature, is a [`Gauge`](super::Gauge). Costs the same as
/// [`Counter`](super::Counter). A handle: clones count together.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::UpDownCounter;
///
/// metrics! {
///     /// Orders that wait.
///     static WAITING: UpDownCounter = UpDownCounter::builder("shop.orders.waiting").unit("{order}");
/// }
///
/// WAITING.add(3);
/// WAITING.add(-1);
/// assert_eq!(WAITING.sum(), 2);
/// ```
#[derive(Clone)]
pub struct UpDownCounter(pub(super) Handle<UpDownCells>);

#[derive(Debug)]
pub struct UpDownCells {
    sum: sync::Counter,
}

impl UpDownCounter {
    /// Begins with the name; see [`Descriptor::new`](super::Descriptor::new) for what is one.
    pub const fn builder(name: &'static str) -> MetricBuilder<Self> {
        MetricBuilder::new(name)
    }

    /// Adds `amount`, or takes it away.
    #[inline]
    pub fn add(&self, amount: i64) {
        // In two's complement the sum is right, whichever thread has added which part of it.
        self.0.cells.sum.add(amount.cast_unsigned());
    }

    /// The sum of all additions so far.
    pub fn sum(&self) -> i64 {
        self.0.cells.sum()
    }
}

impl UpDownCells {
    pub(super) const fn new() -> Self {
        Self { sum: sync::Counter::new() }
    }

    fn sum(&self) -> i64 {
        self.sum.sum().cast_signed()
    }
}

impl Cells for UpDownCells {
    fn tell(&self, about: About<'_>, into: &mut Collection) {
        let mut point = Point::new(about.attributes, self.sum());
        point.since = about.since;
        into.add(about.descriptor.of(Data::UpDownCounter([point].into())));
    }
}

impl fmt::Debug for UpDownCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpDownCounter")
            .field("name", &self.0.descriptor.name)
            .field("sum", &self.sum())
            .finish()
    }
}
