use core::fmt;

use super::exemplar::{self, Slot};
use super::shared::{About, Cells, Handle};
use super::{Collection, Data, MetricBuilder, Point};
use crate::sync;

/// Counts what only ever grows, such as calls or bytes: bound to its name and attributes once, so
/// that recording is an addition and nothing else.
///
/// About 1 ns, to a cache line of the thread's own; see [`sync::Counter`] for that, and for what it
/// costs in memory. A handle: clones count together.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::Counter;
///
/// metrics! {
///     /// Orders that were taken.
///     static ORDERS: Counter = Counter::builder("shop.orders").unit("{order}");
/// }
///
/// ORDERS.add(1);
/// ORDERS.add(2);
/// assert_eq!(ORDERS.sum(), 3);
/// ```
///
/// One whose attributes only the running program knows is collected as long as a clone of it lives:
///
/// ```
/// use reliability::telemetry::Attribute;
/// use reliability::telemetry::metrics::Counter;
///
/// let region = std::env::var("REGION").unwrap_or("eu".into());
/// let orders = Counter::builder("shop.orders.of_region").unit("{order}");
/// let orders = orders.bind([Attribute::new("region", region)])?;
/// orders.add(1);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Clone)]
pub struct Counter(pub(super) Handle<CounterCells>);

#[derive(Debug)]
pub struct CounterCells {
    sum: sync::Counter,
    exemplar: Slot,
}

impl Counter {
    /// Begins with the name; see [`Descriptor::new`](super::Descriptor::new) for what is one.
    pub const fn builder(name: &'static str) -> MetricBuilder<Self> {
        MetricBuilder::new(name)
    }

    /// Adds `amount`.
    #[inline]
    pub fn add(&self, amount: u64) {
        let cells = &self.0.cells;
        cells.sum.add(amount);
        if exemplar::wanted() {
            cells.exemplar.offer(amount as f64);
        }
    }

    /// The sum of all additions so far.
    pub fn sum(&self) -> u64 {
        self.0.cells.sum.sum()
    }
}

impl CounterCells {
    pub(super) const fn new() -> Self {
        Self { sum: sync::Counter::new(), exemplar: Slot::new() }
    }
}

impl Cells for CounterCells {
    fn tell(&self, about: About<'_>, into: &mut Collection) {
        let mut point = Point::new(about.attributes, self.sum.sum());
        point.since = about.since;
        point.exemplar = self.exemplar.get();
        into.add(about.descriptor.of(Data::Counter([point].into())));
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter")
            .field("name", &self.0.descriptor.name)
            .field("sum", &self.sum())
            .finish()
    }
}
