use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::time::SystemTime;

use crate::telemetry::Attribute;
use crate::telemetry::trace::{SpanId, TraceId};

/// One metric as it was when it was collected: what every exporter reads.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::{Data, Metric, Point};
///
/// let open = Data::Gauge(vec![Point::new(Vec::new(), 1.0)]);
/// let metric = Metric::new("shop.open", "", "Whether the shop is open.", open);
/// assert_eq!((&*metric.name, metric.data.kind()), ("shop.open", "gauge"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, by the conventions of OpenTelemetry: `reliability.policy.calls`.
    pub name: Cow<'static, str>,
    /// Its unit, as [UCUM](https://ucum.org/ucum) writes it: `s`, `By`, `{call}`; empty for none.
    pub unit: Cow<'static, str>,
    /// What it counts, in a sentence.
    pub description: Cow<'static, str>,
    /// The numbers.
    pub data: Data,
}

impl Metric {
    /// A metric of that name, unit, and description.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        unit: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
        data: Data,
    ) -> Self {
        Self { name: name.into(), unit: unit.into(), description: description.into(), data }
    }
}

/// The numbers of a metric, one point for each set of attributes. All are cumulative: they count
/// from the start of what they belong to.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::{self, Data};
///
/// for metric in metrics::collect() {
///     let points = match &metric.data {
///         Data::Counter(points) => points.len(),
///         Data::Histogram(points) => points.len(),
///         _ => continue,
///     };
///     println!("{}: {points} points", metric.name);
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Data {
    /// Counts that only grow.
    Counter(Vec<Point<u64>>),
    /// Counts that go up and down, and may be added up over processes.
    UpDownCounter(Vec<Point<i64>>),
    /// What is so now, and cannot be added up: a state, a ratio.
    Gauge(Vec<Point<f64>>),
    /// How often values fell between bounds.
    Histogram(Vec<HistogramPoint>),
}

impl Data {
    /// Which of them it is, in words.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Counter(_) => "counter",
            Self::UpDownCounter(_) => "up-down counter",
            Self::Gauge(_) => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// One number of a metric.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::Attribute;
/// use reliability::telemetry::metrics::Point;
///
/// let point = Point::new(vec![Attribute::new("plug", "kettle")], 2_000.0);
/// assert_eq!((point.value, point.since), (2_000.0, None));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Point<T> {
    /// What the number is about.
    pub attributes: Vec<Attribute>,
    /// The number.
    pub value: T,
    /// Since when it counts; `None` for gauges and where it is since the start of the process.
    pub since: Option<SystemTime>,
    /// A call that was counted, and whose trace was recorded.
    pub exemplar: Option<Exemplar>,
}

impl<T> Point<T> {
    /// A number about what the attributes say.
    pub fn new(attributes: Vec<Attribute>, value: T) -> Self {
        Self { attributes, value, since: None, exemplar: None }
    }
}

/// The values of a histogram that have the same attributes.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::HistogramPoint;
///
/// // Three values of at most 1, and one above 10.
/// let point = HistogramPoint::new(Vec::new(), vec![1.0, 10.0], vec![3, 0, 1], 14.5);
/// assert_eq!(point.count(), 4);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistogramPoint {
    /// What the values are about.
    pub attributes: Vec<Attribute>,
    /// Upper bounds, growing, each belonging to its bucket; above the last there is one bucket more.
    pub bounds: Cow<'static, [f64]>,
    /// How many values are in each bucket: one more than there are bounds.
    pub counts: Vec<u64>,
    /// The sum of the values.
    pub sum: f64,
    /// Since when it counts; `None` where it is since the start of the process.
    pub since: Option<SystemTime>,
    /// For some buckets a value whose trace was recorded.
    pub exemplars: Vec<Exemplar>,
}

impl HistogramPoint {
    /// Values between bounds; `counts` is one longer than `bounds`.
    pub fn new(
        attributes: Vec<Attribute>,
        bounds: impl Into<Cow<'static, [f64]>>,
        counts: Vec<u64>,
        sum: f64,
    ) -> Self {
        Self { attributes, bounds: bounds.into(), counts, sum, since: None, exemplars: Vec::new() }
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// One value that was counted, and the trace in which that happened.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
/// use reliability::telemetry::metrics::{Exemplar, Point};
///
/// // The trace of a call that was counted.
/// let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// let mut point = Point::new(Vec::new(), 3_u64);
/// point.exemplar =
///     Some(Exemplar::new(1.0, SystemTime::now(), trace_id, "00f067aa0ba902b7".parse()?));
/// # Ok::<(), reliability::telemetry::trace::InvalidId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// The value.
    pub value: f64,
    /// When it was recorded.
    pub at: SystemTime,
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
}

impl Exemplar {
    /// A value of that time, span and trace.
    pub fn new(value: f64, at: SystemTime, trace_id: TraceId, span_id: SpanId) -> Self {
        Self { value, at, trace_id, span_id }
    }
}
