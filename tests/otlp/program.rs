//! A program that records, counts and logs as programs do: what arrives is what happened in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use reliability::error::{Reason, Rejected};
use reliability::resilience::Policy;
use reliability::telemetry::log::{self, Level, Record};
use reliability::telemetry::metrics::Counter;
use reliability::telemetry::otlp::{Otlp, Protocol, Signal};
use reliability::telemetry::trace::{self, Recorder, Rules};
use reliability::telemetry::{metrics, traced};
use serde_json::Value;

use crate::receiver::{PATIENCE, Receiver, bodies};

metrics! {
    /// Orders that were asked for.
    static ORDERS: Counter = Counter::builder("program.orders").unit("{order}");
}

const CALLS: u64 = 60;

#[traced(kind = server)]
async fn order(policy: &Policy, number: u64) -> Result<u64, String> {
    ORDERS.add(1);
    if let Some(here) = trace::current() {
        let mut record = Record::new(SystemTime::now(), Level::Info, format!("order {number}"));
        (record.trace_id, record.span_id) = (Some(here.trace_id()), Some(here.span_id()));
        record.scope = "program".into();
        log::emit(&record);
    }
    let reserved = policy.call(|| reserve(number)).await;
    reserved.map_err(|error| format!("no order: {error}"))
}

#[traced(kind = client)]
async fn reserve(number: u64) -> Result<u64, Rejected> {
    match number % 10 {
        0 => Err(Rejected::new(Reason::TimedOut, "program")),
        _ => Ok(number),
    }
}

fn exported(otlp: &Otlp, signal: Signal) -> Option<u64> {
    otlp.health().signal(signal).map(|it| it.exported)
}

fn spans(requests: &[Value]) -> Vec<Value> {
    let of = requests.iter().filter(|request| request["signal"] == "traces");
    let scopes = of.map(|request| &request["message"]["resource_spans"][0]["scope_spans"][0]);
    scopes.flat_map(|scope| scope["spans"].as_array().unwrap().clone()).collect()
}

/// The values of all points of a metric together.
fn sum(request: &Value, name: &str) -> u64 {
    let metrics = &request["message"]["resource_metrics"][0]["scope_metrics"][0]["metrics"];
    let metric = metrics.as_array().unwrap().iter().find(|metric| metric["name"] == name);
    let points = metric.unwrap_or_else(|| panic!("{name}"))["sum"]["data_points"].as_array();
    points.unwrap().iter().filter_map(|point| point["as_int"].as_u64()).sum()
}

#[test]
fn what_happened_in_a_program_arrives_complete() {
    let mut receiver = Receiver::start();
    let otlp = receiver.exporter(Protocol::HttpProtobuf).batch(50).build().unwrap();
    let _traces = trace::add_sink(Arc::new(otlp.clone()));
    let _logs = log::add_sink(Arc::new(otlp.clone()));
    Recorder::builder().rules(Rules::standard().otherwise(1.0)).start().unwrap();
    let policy = Policy::builder("program").timeout(PATIENCE).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let failed = runtime.block_on(async {
        let mut failed = 0;
        for number in 0..CALLS {
            failed += usize::from(order(&policy, number).await.is_err());
        }
        failed
    });
    otlp.flush(PATIENCE).unwrap();
    assert_eq!(exported(&otlp, Signal::Traces), Some(CALLS * 2));
    // The first one collects before it sends.
    otlp.flush(PATIENCE).unwrap();
    let requests = receiver.kill();

    let spans = spans(&requests);
    let roots: BTreeMap<_, _> = spans
        .iter()
        .filter(|span| span.get("parent_span_id").is_none())
        .map(|span| (span["span_id"].as_str().unwrap(), span))
        .collect();
    assert_eq!((spans.len(), roots.len()), (120, 60));
    for child in spans.iter().filter(|span| span.get("parent_span_id").is_some()) {
        let root = roots[child["parent_span_id"].as_str().unwrap()];
        assert_eq!(child["trace_id"], root["trace_id"]);
        assert_eq!((&child["name"], &root["name"]), (&"reserve".into(), &"order".into()));
        let time = |span: &Value, of: &str| span[of].as_u64().unwrap();
        let (start, end) = ("start_time_unix_nano", "end_time_unix_nano");
        assert!(time(root, start) <= time(child, start) && time(child, end) <= time(root, end));
    }
    let is_error = |span: &&&Value| span["status"]["code"] == 2;
    assert_eq!((roots.values().filter(is_error).count(), failed), (6, 6));

    let logs: Vec<_> = requests.iter().filter(|request| request["signal"] == "logs").collect();
    let mut said: Vec<_> = logs.iter().flat_map(|request| bodies(request)).collect();
    said.retain(|body| body.starts_with("order "));
    assert_eq!(said, (0..CALLS).map(|number| format!("order {number}")).collect::<Vec<_>>());
    let scopes = logs
        .iter()
        .flat_map(|it| it["message"]["resource_logs"][0]["scope_logs"].as_array().unwrap());
    let records = scopes.filter(|scope| scope["scope"]["name"] == "program");
    let ids = records.flat_map(|scope| scope["log_records"].as_array().unwrap());
    let of_logs: BTreeSet<_> = ids.map(|it| it["trace_id"].as_str().unwrap()).collect();
    let of_roots: BTreeSet<_> =
        roots.values().map(|span| span["trace_id"].as_str().unwrap()).collect();
    assert_eq!(of_logs, of_roots);

    let metrics = requests.iter().rfind(|request| request["signal"] == "metrics").unwrap();
    assert_eq!(sum(metrics, "program.orders"), CALLS);
    assert!(
        sum(metrics, "reliability.otlp.exported") > 0,
        "its own are among those of the process"
    );
}
