//! Numbers that the outside watches.

mod metric;

pub use metric::{Data, Exemplar, HistogramPoint, Metric, Point};
