//! From settings to an exporter that runs.

use alloc::sync::Arc;
use core::time::Duration;

use prost::Message;

use super::builder::OtlpBuilder;
use super::endpoint::Endpoint;
use super::handle::{Entrance, Otlp, Shared};
use super::lane::{Lane, Pace};
use super::queue::{Item, Outbox, queue};
use super::settings::{Target, header};
use super::started::started;
use super::supply::{Collected, Queued, Source, Supply};
use super::voice::Voice;
use super::watch::{SignalWatch, Watch};
use super::worker::{Control, Work, start};
use super::{InvalidSetting, Signal, encode};
use crate::sync::Room;
use crate::telemetry::Resource;
use crate::telemetry::log::Record;
use crate::telemetry::metrics;
use crate::telemetry::trace::Trace;
use crate::time::Instant;

impl OtlpBuilder {
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
            None => Box::new(metrics::collect),
        };
        metrics::watch(&watch);
        #[cfg(feature = "dashboard")]
        super::panel::add(&watch);
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

    fn entrance<T: Item>(&self, signal: Signal) -> Option<(Entrance<T>, Outbox<T>)> {
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
