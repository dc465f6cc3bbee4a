//! Exporting does not make more to export.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use reliability::telemetry::log::{Record, Severity};
use reliability::telemetry::otlp::{Otlp, Protocol, Signal};
use tracing::span::{Attributes, Id, Record as Fields};
use tracing::{Event, Metadata, Subscriber};

use crate::receiver::{PATIENCE, Receiver};

static OTLP: OnceLock<Otlp> = OnceLock::new();
/// Events of the libraries that send, on the thread that sends.
static HEARD: AtomicU64 = AtomicU64::new(0);

/// Exports everything that anybody says, as a subscriber would that somebody has written in a hurry.
struct Everything;

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Fields<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(otlp) = OTLP.get() else { return };
        if std::thread::current().name() == Some("reliability-otlp") {
            HEARD.fetch_add(1, Ordering::Relaxed);
        }
        otlp.log(Record::new(SystemTime::now(), Severity::Trace, event.metadata().target()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn what_the_clients_say_while_they_send_is_not_sent() {
    let receiver = Receiver::start();
    let otlp = receiver.exporter(Protocol::Grpc).build().unwrap();
    assert!(OTLP.set(otlp.clone()).is_ok());
    // Only for this test's own thread it would not see those of the exporter's.
    tracing::subscriber::set_global_default(Everything).unwrap();
    tracing::info!("one of the program's");
    otlp.flush(PATIENCE).unwrap();
    let sent = crate::receiver::bodies(&receiver.next_of("logs"));
    assert!(HEARD.load(Ordering::Relaxed) > 0, "the clients say nothing: what is tested here?");
    // Other tests run at the same time, with exporters of their own; all of those are silent, too.
    let of_clients = |target: &&String| {
        ["h2", "hyper", "tonic", "tower", "ureq"].iter().any(|name| target.starts_with(name))
    };
    assert_eq!(sent.iter().filter(of_clients).count(), 0, "{sent:?}");
    assert!(sent.iter().any(|target| target.contains("silence")), "{sent:?}");
    otlp.flush(PATIENCE).unwrap();
    let logs = otlp.health().signal(Signal::Logs).map(|logs| logs.exported);
    assert!(logs.is_some_and(|exported| exported < 50), "it does not grow by itself: {logs:?}");
}
