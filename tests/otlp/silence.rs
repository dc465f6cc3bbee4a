//! Exporting does not make more to export, and failing to is not silent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver as Told, Sender, channel};
use std::sync::{Mutex, Once, OnceLock};
use std::time::{Duration, SystemTime};

use reliability::telemetry::log::{Level, Record};
use reliability::telemetry::otlp::{Otlp, Protocol, Signal};
use tracing::span::{Attributes, Id, Record as Fields};
use tracing::{Event, Metadata, Subscriber};

use crate::receiver::{PATIENCE, Receiver};

static OTLP: OnceLock<Otlp> = OnceLock::new();
/// Events of the libraries that send, on the thread that sends.
static HEARD: AtomicU64 = AtomicU64::new(0);

/// Who wants to know what exporters tell of themselves: name, level, and the names of the fields.
static LISTENER: Mutex<Option<Sender<Telling>>> = Mutex::new(None);

type Telling = (&'static str, String, BTreeSet<String>);

/// For all tests here: a subscriber of one test's own thread would not hear those of exporters.
fn subscribe() {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| tracing::subscriber::set_global_default(Everything).unwrap());
}

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
        let metadata = event.metadata();
        if metadata.name().starts_with("reliability.otlp.") {
            let fields = metadata.fields().iter().map(|field| field.name().to_owned());
            let fields = fields.filter(|name| name != "message").collect();
            let level = metadata.level().as_str().to_lowercase();
            if let Some(listener) = &*LISTENER.lock().unwrap() {
                // It may have heard enough.
                let _ = listener.send((metadata.name(), level, fields));
            }
        }
        let Some(otlp) = OTLP.get() else { return };
        if std::thread::current().name() == Some("reliability-otlp") {
            HEARD.fetch_add(1, Ordering::Relaxed);
        }
        otlp.log(Record::new(SystemTime::now(), Level::Trace, event.metadata().target()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn what_the_clients_say_while_they_send_is_not_sent() {
    let receiver = Receiver::start();
    let otlp = receiver.exporter(Protocol::Grpc).build().unwrap();
    assert!(OTLP.set(otlp.clone()).is_ok());
    subscribe();
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
    assert!(logs.is_some_and(|exported| exported < 200), "it does not grow by itself: {logs:?}");
}

fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let source = include_str!("../../reliability/src/telemetry/mod.rs");
    let rows = source.lines().filter(|line| line.starts_with("//! | `reliability.otlp."));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    let fields = |cell: &str| cell.split(", ").map(plain).collect();
    cells.map(|row| (plain(row[1]), (row[2].to_owned(), fields(row[3])))).collect()
}

/// The next event of that name.
fn next(told: &Told<Telling>, name: &str) -> (String, BTreeSet<String>) {
    let mut heard = std::iter::repeat_with(|| told.recv_timeout(PATIENCE).unwrap());
    heard.find(|(heard, ..)| *heard == name).map(|(_, level, fields)| (level, fields)).unwrap()
}

#[test]
fn trouble_and_its_end_are_told_as_documented() {
    subscribe();
    let (listener, told) = channel();
    *LISTENER.lock().unwrap() = Some(listener);
    let mut receiver = Receiver::start();
    let builder = receiver.exporter(Protocol::HttpProtobuf).without(Signal::Metrics);
    let otlp = builder.build().unwrap();
    receiver.kill();
    otlp.log(Record::new(SystemTime::now(), Level::Info, "started"));
    assert!(otlp.flush(Duration::from_millis(100)).is_err());
    let documented = documented();
    assert_eq!(next(&told, "reliability.otlp.failed"), documented["reliability.otlp.failed"]);
    receiver.restart();
    otlp.flush(PATIENCE).unwrap();
    assert_eq!(next(&told, "reliability.otlp.restored"), documented["reliability.otlp.restored"]);
    // What is told where the exporter is not built in is heard elsewhere.
    assert_eq!(documented.len(), 3);
}
