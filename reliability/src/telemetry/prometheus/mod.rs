//! All metrics as Prometheus reads them: as a text, and as a small server.
//!
//! Names are those of OpenTelemetry's rules for Prometheus, so that dashboards work whichever way
//! the numbers came: dots become underscores, the unit is the last word, counters end in `_total`,
//! up-down counters are gauges, and what is known of the process is `target_info`.
//!
//! ```
//! use reliability::telemetry::metrics::Histogram;
//! use reliability::telemetry::{metrics, prometheus};
//!
//! metrics! {
//!     /// How long taking an order took.
//!     static TAKING: Histogram = Histogram::builder("shop.order.duration").unit("s");
//! }
//!
//! TAKING.record(0.03);
//! let text = prometheus::text();
//! assert!(text.contains("\nshop_order_duration_seconds_bucket{le=\"0.05\"} 1\n"));
//! ```
//!
//! # Serving it
//!
//! [`serve`] answers `GET /metrics` on a thread of its own, and needs no runtime:
//!
//! ```
//! use reliability::telemetry::prometheus;
//!
//! let server = prometheus::serve("127.0.0.1:0")?; // 9464 is the usual port
//! println!("http://{}/metrics", server.address());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Where axum runs anyway, one route is enough:
//!
//! ```
//! use axum::Router;
//! use axum::http::{HeaderMap, header};
//! use axum::routing::get;
//! use reliability::telemetry::prometheus;
//!
//! let metrics = async |headers: HeaderMap| {
//!     let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
//!     let (content_type, text) = prometheus::answer(accept);
//!     ([(header::CONTENT_TYPE, content_type)], text)
//! };
//! let app: Router = Router::new().route("/metrics", get(metrics));
//! # let _ = app;
//! ```

mod format;
pub(crate) mod name;
mod serve;
mod write;

use alloc::string::String;
use std::sync::OnceLock;

pub use format::Format;
pub use serve::{Server, serve};
pub use write::render;

use super::{Resource, metrics};

/// All metrics of the process in the text format 0.0.4.
///
/// What is known of the process is looked up once, as [`Resource::detect`] does; if a variable of the
/// environment makes no sense, `target_info` is missing.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::Counter;
/// use reliability::telemetry::{metrics, prometheus};
///
/// metrics! {
///     /// Orders that were taken.
///     static ORDERS: Counter = Counter::builder("text.orders");
/// }
///
/// ORDERS.add(3);
/// assert!(prometheus::text().contains("\ntext_orders_total 3\n"));
/// ```
pub fn text() -> String {
    told(Format::Text)
}

/// All metrics of the process in the format that the header `Accept` of a request asks for, and the
/// `Content-Type` that the answer has to have: first that, then the text.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::prometheus;
///
/// // What Prometheus asks for since it reads OpenMetrics, and what anybody else gets.
/// let (content_type, text) = prometheus::answer(Some("application/openmetrics-text;version=1.0.0"));
/// assert!(content_type.starts_with("application/openmetrics-text"));
/// assert!(text.ends_with("# EOF\n"));
/// assert!(prometheus::answer(None).0.starts_with("text/plain"));
/// ```
pub fn answer(accept: Option<&str>) -> (&'static str, String) {
    let format = accept.map_or(Format::Text, Format::accepted);
    (format.content_type(), told(format))
}

fn told(format: Format) -> String {
    static RESOURCE: OnceLock<Resource> = OnceLock::new();
    let resource = RESOURCE.get_or_init(|| Resource::detect().unwrap_or(Resource::empty()));
    render(&metrics::collect(), resource, format)
}

#[cfg(test)]
mod tests;
