#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reliability::telemetry::log::{self, Record};
use reliability::telemetry::otlp::{self, Health};
use reliability::telemetry::subscriber::Layer;
use reliability::telemetry::trace::{self, Recorder, Trace};
use reliability::telemetry::{self, Resource, Snapshot};
use tokio::time::sleep;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::shop::ASKED;

/// The exporter, what was given to it, and by whom.
pub(super) struct Otlp {
    given: Arc<Given>,
    traces: trace::SinkGuard,
    logs: log::SinkGuard,
}

/// Sends metrics, kept traces and logs there, over HTTP, from now on.
pub(super) fn start(url: &str) -> Result<Otlp, Box<dyn Error>> {
    // How much may wait, and for how long, is in variables of the environment.
    let exporter = otlp::Otlp::from_env()?
        .endpoint(url)
        .resource(Resource::detect()?.with("service.name", "storefront"))
        .metric_interval(Duration::from_secs(1))
        .build()?;
    let given = Arc::new(Given::to(exporter));
    let (traces, logs) = (trace::add_sink(given.clone()), log::add_sink(given.clone()));
    // What policies decide is said by `tracing`, and told with the trace in which it was decided.
    let events = Layer::new().with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(events).try_init()?;
    Ok(Otlp { given, traces, logs })
}

/// Sends what is on its way, and tells how that went: for people, and as an object on the last line
/// what there was to send, so that whoever received it can see whether it is all there.
pub(super) async fn finish(Otlp { given, traces, logs }: Otlp) {
    // The last pages are still being given up by who made them.
    for _ in 0..500 {
        if given.is_all() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    drop((traces, logs));
    let undelivered = given.exporter.shutdown(Duration::from_secs(5));
    println!("\n{}", given.exporter.health());
    if let Err(undelivered) = undelivered {
        println!("{undelivered}");
    }
    println!("{}", object(&given, &telemetry::snapshot(), &given.exporter.health()));
}

/// Counts what it gives to the exporter.
#[derive(Debug)]
struct Given {
    exporter: otlp::Otlp,
    traces: AtomicU64,
    spans: AtomicU64,
    logs: AtomicU64,
}

impl Given {
    fn to(exporter: otlp::Otlp) -> Self {
        let [traces, spans, logs] = [0; 3].map(AtomicU64::new);
        Self { exporter, traces, spans, logs }
    }

    /// Whether every trace that was begun has ended, and all that were kept have come here.
    fn is_all(&self) -> bool {
        let Some(recorder) = Recorder::running() else { return true };
        let counts = recorder.counts();
        counts.recorded + counts.roots_without_room == counts.kept + counts.dropped
            && self.traces.load(Ordering::Relaxed) == counts.kept
    }
}

impl trace::Sink for Given {
    fn keep(&self, trace: Trace) {
        self.spans.fetch_add(trace.spans.len() as u64, Ordering::Relaxed);
        self.exporter.trace(trace);
        self.traces.fetch_add(1, Ordering::Relaxed);
    }
}

impl log::Sink for Given {
    fn take(&self, record: &Record) {
        self.logs.fetch_add(1, Ordering::Relaxed);
        self.exporter.take(record);
    }
}

/// As JSON.
fn object(given: &Given, snapshot: &Snapshot, health: &Health) -> String {
    let all = |count: fn(&telemetry::PolicySnapshot) -> u64| -> u64 {
        snapshot.policies.iter().map(count).sum()
    };
    let transitions = |policy: &telemetry::PolicySnapshot| {
        let breaker = policy.breaker.iter();
        breaker.flat_map(|breaker| &breaker.transitions).map(|(.., times)| times).sum()
    };
    let counts = Recorder::running().map(|recorder| recorder.counts()).unwrap_or_default();
    let metrics = [
        ("storefront.asked", ASKED.sum()),
        ("reliability.policy.calls", all(telemetry::PolicySnapshot::finished)),
        ("reliability.policy.retries", all(|policy| policy.retries)),
        ("reliability.policy.fallbacks", all(|policy| policy.fallbacks)),
        ("reliability.breaker.transitions", all(transitions)),
        ("reliability.trace.roots", counts.not_sampled + counts.kept + counts.dropped),
    ];
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let mut object = format!(
        r#"{{"traces":{},"spans":{},"logs":{},"metrics":{{"#,
        read(&given.traces),
        read(&given.spans),
        read(&given.logs),
    );
    let mut comma = "";
    for (name, count) in metrics {
        // Writing into a string does not fail.
        let _ = write!(object, r#"{comma}"{name}":{count}"#);
        comma = ",";
    }
    object += "},\"exporter\":{";
    comma = "";
    for signal in &health.signals {
        // Numbers that newer ones replaced while a receiver was slow are no loss: sums go on.
        let dropped = signal.dropped.total() - signal.dropped.superseded;
        let name = signal.signal.as_str();
        let left = signal.queued + signal.in_flight;
        let _ = write!(
            object,
            r#"{comma}"{name}":{{"exported":{},"dropped":{dropped},"failures":{},"left":{left}}}"#,
            signal.exported, signal.failures,
        );
        comma = ",";
    }
    object + "}}"
}
