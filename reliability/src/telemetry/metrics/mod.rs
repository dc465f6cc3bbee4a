//! Numbers that the outside watches: counters, gauges and histograms, bound once, and all of them
//! collected at once.
//!
//! Libraries of metrics look the instrument up at each recording, by its name and attributes, which
//! takes most of them 40 to 110 ns; or one keeps a handle, and then takes a word that all threads write.
//! Here an instrument is a `static` that is bound to its name and attributes once, and each thread adds
//! to a cache line of its own: 1 to 4 ns. Exporters *collect*, and nothing is sent, formatted or
//! allocated by whoever records.
//!
//! ```
//! use reliability::telemetry::metrics;
//! use reliability::telemetry::metrics::{Counter, Data};
//!
//! metrics! {
//!     /// Orders that were taken.
//!     static ORDERS: Counter = Counter::builder("shop.orders").unit("{order}");
//! }
//!
//! ORDERS.add(2);
//!
//! let metrics = metrics::collect();
//! let orders = metrics.iter().find(|metric| metric.name == "shop.orders").map(|it| &it.data);
//! assert!(matches!(orders, Some(Data::Counter(points)) if points[0].value == 2));
//! ```
//!
//! What has numbers of its own implements [`Observe`]: policies do, and so does whatever you
//! [`watch`].

mod bounds;
mod builder;
pub(crate) mod catalogue;
mod collection;
mod conflict;
mod counter;
mod descriptor;
mod errors;
mod exemplar;
mod family;
mod gauge;
mod histogram;
mod merge;
mod metric;
mod name;
mod observe;
mod operation;
#[cfg(feature = "dashboard")]
mod panel;
mod shared;
mod up_down_counter;

#[doc(hidden)]
pub use builder::{Declarable, Seed};
pub use builder::{Instrument, MetricBuilder};
pub use collection::Collection;
pub use counter::Counter;
pub use descriptor::Descriptor;
pub use family::{Family, FamilyBuilder, Label, Labels};
pub use gauge::Gauge;
pub use histogram::Histogram;
pub use metric::{Data, Exemplar, HistogramPoint, Metric, Point};
#[doc(hidden)]
pub use observe::Declared;
pub use observe::{Observe, collect, watch};
pub use operation::{Operation, Outcome, Running};
pub use up_down_counter::UpDownCounter;

#[cfg(test)]
mod tests;
