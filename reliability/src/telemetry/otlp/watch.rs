use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use super::health::{Dropped, Failure, Health, SignalHealth};
use super::{Signal, encode};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Counter, Mutex, Room};
use crate::telemetry::Attribute;
use crate::telemetry::metrics::{Collection, Data, Metric, Observe, Point};
use crate::time::wall_clock;

/// What the exporter knows of itself.
#[derive(Debug, Default)]
pub(super) struct Watch {
    running: AtomicBool,
    signals: [Option<SignalWatch>; 3],
}

impl Watch {
    pub(super) fn new(signals: [Option<SignalWatch>; 3]) -> Self {
        Self { running: AtomicBool::new(true), signals }
    }

    pub(super) fn signal(&self, signal: Signal) -> Option<&SignalWatch> {
        self.signals[signal.index()].as_ref()
    }

    pub(super) fn stopped(&self) {
        self.running.store(false, Ordering::Relaxed);
    }

    /// What it knows, as metrics.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        metrics(&self.health(), wall_clock())
    }

    pub(super) fn health(&self) -> Health {
        let health = |signal: Signal| Some(self.signal(signal)?.health(signal));
        Health {
            running: self.running.load(Ordering::Relaxed),
            signals: Signal::ALL.into_iter().filter_map(health).collect(),
        }
    }
}

impl Observe for Watch {
    fn observe(&self, into: &mut Collection) {
        self.metrics().into_iter().for_each(|metric| into.add(metric));
    }
}

/// What is counted of one signal.
#[derive(Debug)]
pub(super) struct SignalWatch {
    endpoint: String,
    room: Option<Arc<Room>>,
    in_flight: AtomicU64,
    exported: AtomicU64,
    failures: AtomicU64,
    /// Bumped by whoever has something to export.
    queue_full: Counter,
    shut_down: Counter,
    refused: AtomicU64,
    gave_up: AtomicU64,
    superseded: AtomicU64,
    invalid: AtomicU64,
    /// Nanoseconds since 1970; zero for never.
    last_success: AtomicU64,
    failing_since: AtomicU64,
    last_error: Mutex<Option<Failure>>,
}

/// Why something was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    QueueFull,
    Refused,
    GaveUp,
    Superseded,
    Invalid,
    ShutDown,
}

impl SignalWatch {
    pub(super) fn new(endpoint: String, room: Option<Arc<Room>>) -> Self {
        Self {
            endpoint,
            room,
            in_flight: AtomicU64::new(0),
            exported: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            queue_full: Counter::new(),
            shut_down: Counter::new(),
            refused: AtomicU64::new(0),
            gave_up: AtomicU64::new(0),
            superseded: AtomicU64::new(0),
            invalid: AtomicU64::new(0),
            last_success: AtomicU64::new(0),
            failing_since: AtomicU64::new(0),
            last_error: Mutex::new(None),
        }
    }

    pub(super) fn lost(&self, items: u64, loss: Loss) {
        let counter = match loss {
            Loss::QueueFull => return self.queue_full.add(items),
            Loss::ShutDown => return self.shut_down.add(items),
            Loss::Refused => &self.refused,
            Loss::GaveUp => &self.gave_up,
            Loss::Superseded => &self.superseded,
            Loss::Invalid => &self.invalid,
        };
        counter.fetch_add(items, Ordering::Relaxed);
    }

    pub(super) fn in_flight(&self, items: u64) {
        self.in_flight.store(items, Ordering::Relaxed);
    }

    pub(super) fn succeeded(&self, exported: u64) {
        self.exported.fetch_add(exported, Ordering::Relaxed);
        self.last_success.store(encode::nanos(wall_clock()), Ordering::Relaxed);
        self.failing_since.store(0, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, why: String) {
        let at = wall_clock();
        self.failures.fetch_add(1, Ordering::Relaxed);
        if self.failing_since.load(Ordering::Relaxed) == 0 {
            self.failing_since.store(encode::nanos(at), Ordering::Relaxed);
        }
        self.noted(at, why);
    }

    /// Something that the receiver said though it took the request.
    pub(super) fn noted(&self, at: SystemTime, why: String) {
        *self.last_error.lock() = Some(Failure { at, why });
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.last_error.lock().as_ref().map(|failure| failure.why.clone())
    }

    fn health(&self, signal: Signal) -> SignalHealth {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let at = |nanos: u64| (nanos > 0).then(|| UNIX_EPOCH + Duration::from_nanos(nanos));
        let (queued, queued_bytes) = self.room.as_ref().map_or((0, 0), |room| room.held());
        SignalHealth {
            signal,
            endpoint: self.endpoint.clone(),
            queued,
            queued_bytes,
            in_flight: read(&self.in_flight),
            exported: read(&self.exported),
            dropped: Dropped {
                queue_full: self.queue_full.sum(),
                refused: read(&self.refused),
                gave_up: read(&self.gave_up),
                superseded: read(&self.superseded),
                invalid: read(&self.invalid),
                shut_down: self.shut_down.sum(),
            },
            failures: read(&self.failures),
            last_success: at(read(&self.last_success)),
            failing_since: at(read(&self.failing_since)),
            last_error: self.last_error.lock().clone(),
        }
    }
}

fn metrics(health: &Health, now: SystemTime) -> Vec<Metric> {
    fn of(signal: &SignalHealth) -> Vec<Attribute> {
        vec![Attribute::new("reliability.otlp.signal", signal.signal.as_str())]
    }
    let signals = health.signals.as_slice();
    let each = |value: fn(&SignalHealth) -> u64| -> Vec<Point<u64>> {
        signals.iter().map(|signal| Point::new(of(signal), value(signal))).collect()
    };
    let now_there = |value: fn(&SignalHealth) -> u64| -> Vec<Point<i64>> {
        let signed = |signal| i64::try_from(value(signal)).unwrap_or(i64::MAX);
        signals.iter().map(|signal| Point::new(of(signal), signed(signal))).collect()
    };
    let dropped = signals.iter().flat_map(|signal| {
        signal.dropped.by_reason().map(|(reason, count)| {
            let mut attributes = of(signal);
            attributes.push(Attribute::new("reliability.reason", reason));
            Point::new(attributes, count)
        })
    });
    // Of one that never succeeded nothing can be said.
    let age = signals.iter().filter_map(|signal| {
        let age = now.duration_since(signal.last_success?).unwrap_or(Duration::ZERO);
        Some(Point::new(of(signal), age.as_secs_f64()))
    });
    let metric = |(name, unit, description): (&'static str, _, &'static str), data| {
        Metric::new(name, unit, description, data)
    };
    vec![
        metric(EXPORTED, Data::Counter(each(|signal| signal.exported))),
        metric(DROPPED, Data::Counter(dropped.collect())),
        metric(FAILURES, Data::Counter(each(|signal| signal.failures))),
        metric(QUEUED, Data::UpDownCounter(now_there(|signal| signal.queued))),
        metric(QUEUED_BYTES, Data::UpDownCounter(now_there(|signal| signal.queued_bytes))),
        metric(IN_FLIGHT, Data::UpDownCounter(now_there(|signal| signal.in_flight))),
        metric(AGE, Data::Gauge(age.collect())),
    ]
}

type Named = (&'static str, &'static str, &'static str);

const EXPORTED: Named =
    ("reliability.otlp.exported", "{item}", "Spans, points and records that the receiver took");
const DROPPED: Named =
    ("reliability.otlp.dropped", "{item}", "Spans, points and records that were lost");
const FAILURES: Named =
    ("reliability.otlp.failures", "{request}", "Requests to the receiver that failed");
const QUEUED: Named = ("reliability.otlp.queued", "{item}", "Spans and records that wait");
const QUEUED_BYTES: Named =
    ("reliability.otlp.queued_bytes", "By", "About what those that wait take");
const IN_FLIGHT: Named =
    ("reliability.otlp.in_flight", "{item}", "Spans, points and records on their way");
const AGE: Named =
    ("reliability.otlp.last_success_age", "s", "How long ago a request was taken last");
