use alloc::string::String;
use core::fmt;
use core::time::Duration;

#[cfg(doc)]
use super::Otlp;
use super::Signal;
use super::settings::{Compression, Limits, Protocol};
use super::supply::Source;
use crate::telemetry::Resource;
#[cfg(doc)]
use crate::telemetry::metrics;
use crate::telemetry::metrics::Metric;

/// The settings of an exporter, from [`Otlp::builder`] or from the environment by
/// [`Otlp::from_env`].
///
/// | method | variable | default |
/// |---|---|---|
/// | [`endpoint`](Self::endpoint) | `OTEL_EXPORTER_OTLP_ENDPOINT` | `http://localhost:4318`, for gRPC `http://localhost:4317` |
/// | [`protocol`](Self::protocol) | `OTEL_EXPORTER_OTLP_PROTOCOL`: `http/protobuf` or `grpc` | `http/protobuf` |
/// | [`header`](Self::header) | `OTEL_EXPORTER_OTLP_HEADERS`: `key1=value1,key2=value2` | none |
/// | [`timeout`](Self::timeout) | `OTEL_EXPORTER_OTLP_TIMEOUT`, in ms | 10 s |
/// | [`compression`](Self::compression) | `OTEL_EXPORTER_OTLP_COMPRESSION`: `gzip` or `none` | none |
/// | [`only_for`](Self::only_for) | the same with `TRACES_`, `METRICS_`, `LOGS_` after `OTLP_` | as for all |
/// | [`without`](Self::without) | `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER`: `otlp` or others | all are exported |
/// | [`queue`](Self::queue) | `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BLRP_MAX_QUEUE_SIZE` | 2048 |
/// | [`queue_bytes`](Self::queue_bytes) | | 16 MiB |
/// | [`batch`](Self::batch) | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | 512 |
/// | [`interval`](Self::interval) | `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BLRP_SCHEDULE_DELAY`, in ms | 5 s for traces, 1 s for logs |
/// | [`metric_interval`](Self::metric_interval) | `OTEL_METRIC_EXPORT_INTERVAL`, in ms | 60 s |
/// | [`give_up_after`](Self::give_up_after) | | 5 min |
/// | [`metrics_from`](Self::metrics_from) | | [`metrics::collect`] |
/// | [`resource`](Self::resource) | as [`Resource::detect`] has it | [`Resource::detect`] |
/// | [`stderr`](Self::stderr) | | true |
///
/// With `OTEL_SDK_DISABLED=true` nothing is exported, whatever else is said.
/// `OTEL_BSP_EXPORT_TIMEOUT` and its like are not read: it is requests that have a timeout.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::Resource;
/// use reliability::telemetry::otlp::{Compression, Otlp, Signal};
///
/// let otlp = Otlp::builder()
///     .endpoint("http://collector.internal:4318")
///     .header("api-key", "from your vault")
///     .compression(Compression::Gzip)
///     .resource(Resource::detect()?.with("service.name", "storefront"))
///     .metric_interval(Duration::from_secs(15))
///     .only_for(Signal::Logs, |logs| logs.endpoint("http://logs.internal/v1/logs"))
///     .build()?;
/// assert_eq!(
///     otlp.health().signal(Signal::Logs).map(|logs| logs.endpoint.clone()).as_deref(),
///     Some("http://logs.internal/v1/logs"),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "settings do nothing before `build`"]
pub struct OtlpBuilder {
    pub(super) shared: Receiver,
    pub(super) own: [Receiver; 3],
    pub(super) exported: [bool; 3],
    pub(super) limits: [Limits; 3],
    pub(super) queue_bytes: u64,
    pub(super) give_up_after: Duration,
    pub(super) resource: Option<Resource>,
    pub(super) source: Option<Source>,
    pub(super) stderr: bool,
}

/// Where a signal goes, and how: what [`OtlpBuilder::only_for`] says of one of them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::otlp::{Compression, Otlp, Protocol, Signal};
///
/// let otlp = Otlp::builder()
///     .only_for(Signal::Traces, |traces| {
///         traces
///             .endpoint("https://traces.internal/v1/traces")
///             .protocol(Protocol::HttpProtobuf)
///             .header("api-key", "from your vault")
///             .compression(Compression::Gzip)
///             .timeout(Duration::from_secs(3))
///     })
///     .build()?;
/// let health = otlp.health();
/// let traces = health.signal(Signal::Traces).map(|traces| traces.endpoint.as_str());
/// assert_eq!(traces, Some("https://traces.internal/v1/traces"));
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "hand it back to the builder"]
pub struct Receiver {
    pub(super) endpoint: Option<String>,
    pub(super) protocol: Option<Protocol>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) compression: Option<Compression>,
    pub(super) timeout: Option<Duration>,
}

impl Receiver {
    /// The whole address: over HTTP nothing is put after it.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// How the messages travel.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// A header of every request. Those of one signal are sent instead of those for all.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Whether requests are made smaller.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// How long one request may take, from 1 ms to one hour.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl OtlpBuilder {
    pub(super) fn new() -> Self {
        Self {
            shared: Receiver::default(),
            own: Default::default(),
            exported: [true; 3],
            limits: [Limits::TRACES, Limits::METRICS, Limits::LOGS],
            queue_bytes: Limits::TRACES.queue_bytes,
            give_up_after: Duration::from_secs(300),
            resource: None,
            source: None,
            stderr: true,
        }
    }

    /// Where the receiver is: scheme, host, and port. Over HTTP each signal has its own path below
    /// it, such as `/v1/traces`.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.shared = self.shared.endpoint(endpoint);
        self
    }

    /// How the messages travel.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.shared = self.shared.protocol(protocol);
        self
    }

    /// A header of every request: the key of a backend. Its value is never printed.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.shared = self.shared.header(name, value);
        self
    }

    /// Whether requests are made smaller.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.shared = self.shared.compression(compression);
        self
    }

    /// How long one request may take, from 1 ms to one hour. What was not answered by then is sent
    /// again.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.shared = self.shared.timeout(timeout);
        self
    }

    /// What is different for one signal.
    pub fn only_for(mut self, signal: Signal, set: impl FnOnce(Receiver) -> Receiver) -> Self {
        let own = &mut self.own[signal.index()];
        *own = set(core::mem::take(own));
        self
    }

    /// Does not export that signal.
    pub fn without(mut self, signal: Signal) -> Self {
        self.exported[signal.index()] = false;
        self
    }

    /// How many spans wait at most, and how many log records: 1 to 16,777,215. Who comes when they
    /// are as many is counted, and turned away.
    pub fn queue(mut self, items: u64) -> Self {
        self.limits.iter_mut().for_each(|limits| limits.queue = items);
        self
    }

    /// About how many bytes wait at most, of spans and of log records each: 1 KiB to 1 TiB.
    pub fn queue_bytes(mut self, bytes: u64) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// How many spans or log records make a request, which then goes at once: 1 to the size of the
    /// queue.
    pub fn batch(mut self, items: u64) -> Self {
        self.limits.iter_mut().for_each(|limits| limits.batch = items);
        self
    }

    /// How long spans and log records wait for others, from 1 ms to one hour.
    pub fn interval(mut self, interval: Duration) -> Self {
        for signal in [Signal::Traces, Signal::Logs] {
            self.limits[signal.index()].interval = interval;
        }
        self
    }

    /// How often metrics are collected and exported, from 1 ms to one hour.
    pub fn metric_interval(mut self, interval: Duration) -> Self {
        self.limits[Signal::Metrics.index()].interval = interval;
        self
    }

    /// How long a request is sent again and again, at most a day: after a pause that doubles from
    /// one second to thirty, or when the receiver says. Then what it carries is counted as lost.
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up_after = time;
        self
    }

    /// What is watched. Every request says it.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Where metrics come from, instead of [`metrics::collect`]; those of the exporter itself are put
    /// beside them. It is called at each interval on the thread of the exporter, and before a
    /// [`flush`](Otlp::flush) or [`shutdown`](Otlp::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sync::Counter;
    /// use reliability::telemetry::otlp::Otlp;
    /// use reliability::telemetry::metrics::{Data, Metric, Point};
    ///
    /// static SERVED: Counter = Counter::new();
    ///
    /// let otlp = Otlp::builder().metrics_from(|| {
    ///     let served = Data::Counter(vec![Point::new(vec![], SERVED.sum())]);
    ///     vec![Metric::new("shop.orders", "{order}", "Orders that were served", served)]
    /// });
    /// # otlp.build()?;
    /// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
    /// ```
    pub fn metrics_from(mut self, source: impl Fn() -> Vec<Metric> + Send + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Whether trouble is told on the standard error stream as well as by `tracing`: at once, then
    /// once a minute. The events alone may be lost with everything else that is not exported.
    pub fn stderr(mut self, stderr: bool) -> Self {
        self.stderr = stderr;
        self
    }
}

impl fmt::Debug for OtlpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpBuilder")
            .field("shared", &self.shared)
            .field("own", &self.own)
            .field("exported", &self.exported)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of headers are keys and passwords, and so may be parts of an address.
        let names: Vec<&String> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Receiver")
            .field("protocol", &self.protocol)
            .field("headers", &names)
            .field("compression", &self.compression)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
