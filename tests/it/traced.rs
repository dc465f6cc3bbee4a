//! `#[traced]` as a subscriber sees it.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use reliability::error::Rejected;
use reliability::resilience::resilient;
use reliability::telemetry::traced;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Writes down what happens to spans.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    /// The lines that begin so.
    fn lines(&self, begin: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|line| line.starts_with(begin)).cloned().collect()
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("it::traced")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields(String::new());
        attributes.record(&mut fields);
        let metadata = attributes.metadata();
        self.write(format!("new {} {}{}", metadata.level(), metadata.name(), fields.0));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        self.write(format!("record{}", fields.0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {
        self.write("enter".into());
    }

    fn exit(&self, _: &Id) {
        self.write("exit".into());
    }
}

struct Opaque;

#[derive(Debug, Clone)]
struct Order {
    #[expect(dead_code, reason = "shown by `Debug`")]
    id: u32,
}

#[traced(level = debug, name = "ask", skip(secret), fields(order.total = amount * 3, %note))]
async fn asked(
    sku: &str,
    amount: u32,
    order: Order,
    opaque: Opaque,
    secret: &str,
    note: String,
) -> Result<u32, String> {
    tokio::task::yield_now().await;
    let Opaque = opaque;
    if secret.is_empty() { Err(format!("no {sku}")) } else { Ok(amount) }
}

#[tokio::test]
async fn a_span_has_the_arguments_and_the_error() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let ask = |secret| asked("pear", 2, Order { id: 7 }, Opaque, secret, "n".into());

    assert_eq!(ask("s").await, Ok(2));
    let new = "new DEBUG ask sku=\"pear\" amount=2 order=Order { id: 7 } \
               opaque=<it::traced::Opaque> order.total=6 note=n";
    assert_eq!(log.lines("new"), [new]);
    assert_eq!(log.lines("record").len(), 0);

    assert!(ask("").await.is_err());
    let recorded = log.lines("record").concat();
    assert_eq!(recorded, "record error=no pearrecord otel.status_code=\"ERROR\"");
    assert_eq!(log.lines("enter").len(), log.lines("exit").len());
}

#[traced]
fn ticked(count: &mut u32) -> u32 {
    *count += 1;
    *count
}

#[test]
fn a_sync_function_runs_inside_of_its_span() {
    let log = Log::default();
    let result = tracing::subscriber::with_default(log.clone(), || ticked(&mut 1));
    assert_eq!(result, 2);
    assert_eq!(log.lines("new"), [format!("new {} ticked count=1", Level::INFO)]);
    assert_eq!(log.lines("e"), ["enter", "exit"]);
}

#[derive(Debug)]
struct OnlyDebug;

#[traced]
fn fails_with_debug() -> Result<u32, OnlyDebug> {
    Err(OnlyDebug)
}

#[traced]
fn fails_with_nothing() -> Result<u32, Opaque> {
    Err(Opaque)
}

#[traced]
fn answers() -> Option<u32> {
    Some(1)
}

#[test]
fn an_error_is_recorded_by_what_it_can_do() {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        assert!(fails_with_debug().is_err());
        assert!(fails_with_nothing().is_err());
        assert_eq!(answers(), Some(1));
    });
    assert_eq!(log.lines("new").len(), 3);
    let expected = ["record error=OnlyDebug", "record otel.status_code=\"ERROR\""];
    assert_eq!(log.lines("record"), expected);
}

#[traced(skip_all)]
#[resilient(
    when = always,
    retry(attempts = 3, backoff = constant("1ms")),
    timeout = "1s",
    idempotent
)]
async fn flaky(calls: &mut u32) -> Result<u32, Rejected> {
    *calls += 1;
    let rejected = Rejected::new(reliability::error::Reason::RateLimited, "elsewhere");
    if *calls < 3 { Err(rejected) } else { Ok(*calls) }
}

fn always(_: &Rejected) -> bool {
    true
}

#[tokio::test(start_paused = true)]
async fn one_span_is_around_all_attempts() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    assert!(matches!(flaky(&mut 0).await, Ok(3)));
    assert_eq!(log.lines("new"), ["new INFO flaky"]);
    assert_eq!(log.lines("record").len(), 0);
}
