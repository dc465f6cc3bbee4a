use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::vec::Vec;

use super::merge::merge;
use super::{Data, Descriptor, HistogramPoint, Metric, Point};
use crate::telemetry::Attribute;

/// The numbers of one moment, while they are gathered: see [`Observe`](super::Observe).
///
/// Points of one name from several sources become one metric. Where they have the same attributes as
/// well they become one point: counts are added up, exactly, and of a gauge the last one told
/// stays.
///
/// Two sources that say different kinds or units under one name cannot both be right: the first one
/// that tells stays, the other is left out, a warning says so once, and
/// `reliability.metric.conflicts` counts what is left out. So it is with histograms of the same
/// attributes and different bounds.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::Attribute;
/// use reliability::telemetry::metrics::{Collection, Descriptor, HistogramPoint};
///
/// const TAKEN: Descriptor = Descriptor::new("shop.taken", "{order}", "Orders that were taken.");
/// const WAITING: Descriptor = Descriptor::new("shop.waiting", "{order}", "Orders that wait.");
/// const OPEN: Descriptor = Descriptor::new("shop.open", "", "Whether the shop is open.");
/// const SIZES: Descriptor = Descriptor::new("shop.sizes", "By", "How large parcels are.");
///
/// let mut told = Collection::new();
/// for (region, orders) in [("north", 3), ("south", 4)] {
///     told.counter(&TAKEN, vec![Attribute::new("region", region)], orders);
/// }
/// told.up_down_counter(&WAITING, Vec::new(), 2);
/// told.gauge(&OPEN, Vec::new(), 1.0);
/// told.histogram(&SIZES, HistogramPoint::new(Vec::new(), vec![1e3], vec![1, 0], 812.0));
/// assert_eq!(told.finish().len(), 4);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Collection {
    metrics: BTreeMap<Cow<'static, str>, Metric>,
    conflicts: Vec<Conflict>,
}

/// A metric that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) name: String,
    pub(super) kept: String,
    pub(super) left_out: String,
}

impl Collection {
    /// Nothing as yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells how often something has happened.
    pub fn counter(&mut self, of: &Descriptor, attributes: Vec<Attribute>, value: u64) {
        self.add(of.of(Data::Counter(Vec::from([Point::new(attributes, value)]))));
    }

    /// Tells how much there is of what may be added up over processes.
    pub fn up_down_counter(&mut self, of: &Descriptor, attributes: Vec<Attribute>, value: i64) {
        self.add(of.of(Data::UpDownCounter(Vec::from([Point::new(attributes, value)]))));
    }

    /// Tells what is so now, and cannot be added up. What is no number is nothing to tell.
    pub fn gauge(&mut self, of: &Descriptor, attributes: Vec<Attribute>, value: f64) {
        if !value.is_nan() {
            self.add(of.of(Data::Gauge(Vec::from([Point::new(attributes, value)]))));
        }
    }

    /// Tells how values are spread.
    pub fn histogram(&mut self, of: &Descriptor, point: HistogramPoint) {
        self.add(of.of(Data::Histogram(Vec::from([point]))));
    }

    /// Tells a metric with all its points.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::Attribute;
    /// use reliability::telemetry::metrics::{Collection, Data, Metric, Point};
    ///
    /// let mut collection = Collection::new();
    /// for (plug, watts) in [("kettle", 2_000.0), ("lamp", 9.0)] {
    ///     let point = Point::new(vec![Attribute::new("plug", plug)], watts);
    ///     let name = "home.power";
    ///     collection.add(Metric::new(name, "W", "What flows now.", Data::Gauge(vec![point])));
    /// }
    /// let metrics = collection.finish();
    /// assert_eq!(metrics.len(), 1);
    /// assert!(matches!(&metrics[0].data, Data::Gauge(points) if points.len() == 2));
    /// ```
    pub fn add(&mut self, metric: Metric) {
        let mut there = match self.metrics.entry(metric.name.clone()) {
            Entry::Vacant(place) => {
                place.insert(metric);
                return;
            }
            Entry::Occupied(there) => there,
        };
        let there = there.get_mut();
        let fits = there.unit == metric.unit;
        match (&mut there.data, metric.data) {
            (Data::Counter(points), Data::Counter(more)) if fits => points.extend(more),
            (Data::UpDownCounter(points), Data::UpDownCounter(more)) if fits => points.extend(more),
            (Data::Gauge(points), Data::Gauge(more)) if fits => points.extend(more),
            (Data::Histogram(points), Data::Histogram(more)) if fits => points.extend(more),
            (kept, left_out) => {
                let told = |data: &Data, unit: &str| alloc::format!("{} in `{unit}`", data.kind());
                self.conflicts.push(Conflict {
                    name: metric.name.into_owned(),
                    kept: told(kept, &there.unit),
                    left_out: told(&left_out, &metric.unit),
                });
            }
        }
    }

    /// The metrics, by name, each with its points in the order of their attributes.
    pub fn finish(self) -> Vec<Metric> {
        self.finish_with_conflicts().0
    }

    pub(super) fn finish_with_conflicts(self) -> (Vec<Metric>, Vec<Conflict>) {
        let Self { metrics, mut conflicts } = self;
        let mut all: Vec<_> = metrics.into_values().collect();
        all.iter_mut().for_each(|metric| merge(metric, &mut conflicts));
        (all, conflicts)
    }
}

impl Descriptor {
    pub(super) fn of(&self, data: Data) -> Metric {
        Metric::new(self.name, self.unit, self.description, data)
    }
}
