use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use prost::Message;

use super::endpoint::Endpoint;
use super::handle::{Entrance, Otlp, Shared};
use super::lane::{Lane, Pace};
use super::queue::{Item, queue};
use super::settings::{Compression, Limits, Protocol, Target, header};
use super::started::started;
use super::supply::{Collected, Queued, Source, Supply};
use super::voice::Voice;
use super::watch::{SignalWatch, Watch};
use super::worker::{Control, Work, start};
use super::{InvalidSetting, Signal, encode};
use crate::sync::Room;
use crate::telemetry::Resource;
use crate::telemetry::log::Record;
use crate::telemetry::signal::{self, Metric};
use crate::telemetry::trace::Trace;
use crate::time::Instant;

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
/// | [`metrics_from`](Self::metrics_from) | | [`signal::collect`] |
/// | [`resource`](Self::resource) | as [`Resource::detect`] has it | [`Resource::detect`] |
/// | [`stderr`](Self::stderr) | | true |
///
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
pub struct Builder {
    pub(super) shared: Receiver,
    pub(super) own: [Receiver; 3],
    pub(super) exported: [bool; 3],
    pub(super) limits: [Limits; 3],
    queue_bytes: u64,
    give_up_after: Duration,
    resource: Option<Resource>,
    source: Option<Source>,
    stderr: bool,
}

/// Where a signal goes, and how: what [`Builder::only_for`] says of one of them.
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

impl Builder {
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

    /// Where metrics come from, instead of [`signal::collect`]; those of the exporter itself are put
    /// beside them. It is called at each interval on the thread of the exporter, and before a
    /// [`flush`](Otlp::flush) or [`shutdown`](Otlp::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sync::Counter;
    /// use reliability::telemetry::otlp::Otlp;
    /// use reliability::telemetry::signal::{Data, Metric, Point};
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

    /// Starts the exporter, with a thread of its own. Nobody is connected to yet.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] for the first setting that makes no sense, or when the system gives no
    /// thread.
    pub fn build(self) -> Result<Otlp, InvalidSetting> {
        self.check()?;
        let target = |signal: Signal| match self.exported[signal.index()] {
            true => self.target(signal).map(Some),
            false => Ok(None),
        };
        let targets = [target(Signal::Traces)?, target(Signal::Metrics)?, target(Signal::Logs)?];
        let resource = match self.resource.clone() {
            Some(resource) => resource,
            None => Resource::detect().map_err(|invalid| {
                InvalidSetting::new(
                    "resource",
                    "one that can be found out",
                    "not",
                    invalid.to_string(),
                )
            })?,
        };
        self.start(targets, &resource)
    }

    fn start(
        self,
        targets: [Option<Target>; 3],
        resource: &Resource,
    ) -> Result<Otlp, InvalidSetting> {
        let resource = encode::resource(resource);
        let endpoint =
            |signal: Signal| Some(targets[signal.index()].as_ref()?.endpoint.to_string());
        let pace = targets
            .each_ref()
            .map(|target| target.as_ref().map(|target| (target.timeout, self.give_up_after)));
        let (traces, spans) = self.entrance::<Trace>(Signal::Traces).unzip();
        let (logs, records) = self.entrance::<Record>(Signal::Logs).unzip();
        let room = |room: Option<&Arc<Room>>| room.cloned();
        let of_traces = room(traces.as_ref().map(|it: &Entrance<Trace>| it.inbox.room()));
        let of_logs = room(logs.as_ref().map(|it: &Entrance<Record>| it.inbox.room()));
        let watch = Arc::new(Watch::new([
            endpoint(Signal::Traces).map(|to| SignalWatch::new(to, of_traces)),
            endpoint(Signal::Metrics).map(|to| SignalWatch::new(to, None)),
            endpoint(Signal::Logs).map(|to| SignalWatch::new(to, of_logs)),
        ]));
        let control = Arc::new(Control::new(Arc::clone(&watch)));
        let batch = |signal: Signal| self.limits[signal.index()].batch;
        let mut supplies: Vec<(Signal, Box<dyn Supply>)> = Vec::new();
        if let Some(outbox) = spans {
            let supply = Queued::new(
                outbox,
                |resource, traces| encode::traces(resource, traces).encode_to_vec(),
                resource.clone(),
                batch(Signal::Traces),
            );
            supplies.push((Signal::Traces, Box::new(supply)));
        }
        if let Some(outbox) = records {
            let supply = Queued::new(
                outbox,
                |resource, records| encode::logs(resource, records).encode_to_vec(),
                resource.clone(),
                batch(Signal::Logs),
            );
            supplies.push((Signal::Logs, Box::new(supply)));
        }
        let limits = self.limits;
        let source: Source = match self.source {
            Some(source) => {
                let own = Arc::clone(&watch);
                Box::new(move || source().into_iter().chain(own.metrics()).collect())
            }
            None => Box::new(signal::collect),
        };
        signal::watch(&watch);
        if self.exported[Signal::Metrics.index()] {
            let supply = Collected::new(source, resource, started(), Arc::clone(&watch));
            supplies.push((Signal::Metrics, Box::new(supply)));
        }
        let lanes = move |now: Instant| {
            let lane = |(signal, supply): (Signal, _)| {
                let (timeout, give_up_after) = pace[signal.index()]?;
                let interval = limits[signal.index()].interval;
                let pace = Pace { interval, timeout, give_up_after };
                Some(Lane::new(signal, supply, pace, Arc::clone(&watch), now))
            };
            supplies.into_iter().filter_map(lane).collect()
        };
        let work = Work { targets, lanes: Box::new(lanes), voice: Voice::new(self.stderr) };
        let thread = start(Arc::clone(&control), work)?;
        Ok(Otlp::new(Shared::new(control, thread, traces, logs)))
    }

    fn entrance<T: Item>(&self, signal: Signal) -> Option<(Entrance<T>, super::queue::Outbox<T>)> {
        if !self.exported[signal.index()] {
            return None;
        }
        let limits = self.limits[signal.index()];
        let (inbox, outbox) = queue(limits.queue, self.queue_bytes);
        Some((Entrance { inbox, batch: limits.batch }, outbox))
    }

    /// Where a signal goes: what is said of it alone, or else what is said of all.
    fn target(&self, signal: Signal) -> Result<Target, InvalidSetting> {
        let (own, shared) = (&self.own[signal.index()], &self.shared);
        let protocol = own.protocol.or(shared.protocol).unwrap_or_default();
        let endpoint = match (&own.endpoint, &shared.endpoint) {
            (Some(own), _) => Endpoint::exact("endpoint", own)?,
            (None, Some(shared)) => Endpoint::shared("endpoint", shared, signal, protocol)?,
            (None, None) => {
                Endpoint::shared("endpoint", protocol.default_endpoint(), signal, protocol)?
            }
        };
        let headers = if own.headers.is_empty() { &shared.headers } else { &own.headers };
        let headers: Result<Vec<_>, _> =
            headers.iter().map(|(name, value)| header(name, value)).collect();
        let headers = headers.map_err(|got| {
            let expected = "a name and a value that HTTP allows";
            InvalidSetting::new("header", expected, got, "write `.header(\"api-key\", key)`")
        })?;
        let timeout = own.timeout.or(shared.timeout).unwrap_or(Duration::from_secs(10));
        let timeout = duration("timeout", timeout)?;
        let compression = own.compression.or(shared.compression).unwrap_or_default();
        Ok(Target { endpoint, protocol, headers, compression, timeout })
    }

    fn check(&self) -> Result<(), InvalidSetting> {
        const KIB: u64 = 1 << 10;
        if !(KIB..=Room::BYTES_MAX).contains(&self.queue_bytes) {
            let advice = "write `16 << 20` for 16 MiB";
            return Err(InvalidSetting::new(
                "queue_bytes",
                "1 KiB to 1 TiB",
                self.queue_bytes,
                advice,
            ));
        }
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        if self.give_up_after > DAY {
            let got = alloc::format!("{:?}", self.give_up_after);
            let advice = "what is older interests nobody; a day is much already";
            return Err(InvalidSetting::new("give_up_after", "at most a day", got, advice));
        }
        for (at, limits) in self.limits.iter().enumerate() {
            if !(1..=Room::ITEMS_MAX).contains(&limits.queue) {
                let advice = "2048 is usual";
                return Err(InvalidSetting::new("queue", "1 to 16777215", limits.queue, advice));
            }
            if !(1..=limits.queue).contains(&limits.batch) {
                let expected = alloc::format!("1 to the {} of the queue", limits.queue);
                let advice = "512 is usual, for a queue of 2048";
                return Err(InvalidSetting::new("batch", expected, limits.batch, advice));
            }
            let metrics = at == Signal::Metrics.index();
            let setting = if metrics { "metric_interval" } else { "interval" };
            duration(setting, limits.interval)?;
        }
        Ok(())
    }
}

fn duration(setting: &'static str, value: Duration) -> Result<Duration, InvalidSetting> {
    let range = Duration::from_millis(1)..=Duration::from_secs(60 * 60);
    if range.contains(&value) {
        return Ok(value);
    }
    let got = alloc::format!("{value:?}");
    let advice = "write `Duration::from_secs(10)` for ten seconds";
    Err(InvalidSetting::new(setting, "from 1 ms to one hour", got, advice))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
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
