//! Something of everything that a program may have to tell, and how it must arrive.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reliability::telemetry::log::{Level, Record};
use reliability::telemetry::metrics::{Data, Exemplar, HistogramPoint, Metric, Point};
use reliability::telemetry::trace::{Event, Kind, Link, Span, SpanId, Status, Trace, TraceId};
use reliability::telemetry::{Attribute, Resource, Value as Attributed};
use serde_json::{Value, json};

fn at(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_000 + nanos)
}

fn trace_id() -> TraceId {
    "4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap()
}

fn span_id(last: u64) -> SpanId {
    SpanId::new(0x00f0_67aa_0ba9_0200 + last).unwrap()
}

pub(crate) fn resource() -> Resource {
    Resource::empty().with("service.name", "storefront").with("process.pid", 42)
}

fn arrived_resource() -> Value {
    json!({ "attributes": [
        { "key": "service.name", "value": { "string_value": "storefront" } },
        { "key": "process.pid", "value": { "int_value": 42 } },
    ] })
}

pub(crate) fn trace() -> Trace {
    let ms = Duration::from_millis;
    let mut root = Span::new(span_id(1), "POST /orders", at(1), ms(20));
    root.parent = Some(span_id(0xff));
    root.parent_is_remote = true;
    root.kind = Kind::Server;
    root.status = Status::Error("out of stock".into());
    root.attributes = vec![
        Attribute::new("http.route", "/orders"),
        Attribute::new("http.response.status_code", 409),
        Attribute::new("order.express", true),
        Attribute::new("order.weight", 0.1),
    ];
    root.dropped = 2;
    let mut child = Span::new(span_id(2), "reserve äöü", at(1_000_000), ms(5));
    child.parent = Some(root.id);
    child.kind = Kind::Client;
    child.status = Status::Ok;
    let retried = vec![Attribute::new("reliability.attempts", 2)];
    child.events = vec![Event::new("reliability.policy.retried", at(2_000_000), retried)];
    let mut link = Link::new("00000000000000000000000000000007".parse().unwrap(), span_id(7));
    link.attributes = vec![Attribute::new("why", "batch")];
    child.links = vec![link];
    let mut trace = Trace::new(trace_id(), vec![root, child]);
    trace.state = Some("congo=t61rcWkgMzE".into());
    trace.kept_by = "errors".into();
    trace
}

/// The request, but for its envelope.
pub(crate) fn arrived_trace() -> Value {
    let root = json!({
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba90201",
        "trace_state": "congo=t61rcWkgMzE",
        "parent_span_id": "00f067aa0ba902ff",
        "flags": 0x301,
        "name": "POST /orders",
        "kind": 2,
        "start_time_unix_nano": 1_700_000_000_000_000_001_u64,
        "end_time_unix_nano": 1_700_000_000_020_000_001_u64,
        "attributes": [
            { "key": "http.route", "value": { "string_value": "/orders" } },
            { "key": "http.response.status_code", "value": { "int_value": 409 } },
            { "key": "order.express", "value": { "bool_value": true } },
            { "key": "order.weight", "value": { "double_value": 0.1 } },
            { "key": "reliability.trace.kept_by", "value": { "string_value": "errors" } },
        ],
        "dropped_attributes_count": 2,
        "status": { "message": "out of stock", "code": 2 },
    });
    let child = json!({
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba90202",
        "trace_state": "congo=t61rcWkgMzE",
        "parent_span_id": "00f067aa0ba90201",
        "flags": 0x101,
        "name": "reserve äöü",
        "kind": 3,
        "start_time_unix_nano": 1_700_000_000_001_000_000_u64,
        "end_time_unix_nano": 1_700_000_000_006_000_000_u64,
        "events": [{
            "time_unix_nano": 1_700_000_000_002_000_000_u64,
            "name": "reliability.policy.retried",
            "attributes": [{ "key": "reliability.attempts", "value": { "int_value": 2 } }],
        }],
        "links": [{
            "trace_id": "00000000000000000000000000000007",
            "span_id": "00f067aa0ba90207",
            "attributes": [{ "key": "why", "value": { "string_value": "batch" } }],
        }],
        "status": { "code": 1 },
    });
    json!({ "resource_spans": [{
        "resource": arrived_resource(),
        "scope_spans": [{ "scope": arrived_scope(), "spans": [root, child] }],
    }] })
}

fn arrived_scope() -> Value {
    // All packages of the workspace have one version.
    json!({ "name": "reliability", "version": env!("CARGO_PKG_VERSION") })
}

pub(crate) fn record() -> Record {
    let mut record = Record::new(at(3), Level::Warn, "stock is low");
    record.scope = "storefront::stock".into();
    record.attributes = vec![Attribute::new("sku", "tea"), Attribute::new("left", -1)];
    record.trace_id = Some(trace_id());
    record.span_id = Some(span_id(2));
    record.sampled = true;
    record
}

pub(crate) fn arrived_record() -> Value {
    let record = json!({
        "time_unix_nano": 1_700_000_000_000_000_003_u64,
        "observed_time_unix_nano": 1_700_000_000_000_000_003_u64,
        "severity_number": 13,
        "severity_text": "WARN",
        "body": { "string_value": "stock is low" },
        "attributes": [
            { "key": "sku", "value": { "string_value": "tea" } },
            { "key": "left", "value": { "int_value": -1 } },
        ],
        "flags": 1,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba90202",
    });
    json!({ "resource_logs": [{
        "resource": arrived_resource(),
        "scope_logs": [{ "scope": { "name": "storefront::stock" }, "log_records": [record] }],
    }] })
}

pub(crate) fn metrics() -> Vec<Metric> {
    let outcome = |value: &'static str| vec![Attribute::new("outcome", Attributed::from(value))];
    let mut well = Point::new(outcome("ok"), u64::from(u32::MAX) * 8);
    well.since = Some(at(0));
    let mut failed = Point::new(outcome("error"), 3);
    failed.since = Some(at(0));
    failed.exemplar = Some(Exemplar::new(1.0, at(4), trace_id(), span_id(1)));
    let mut inside = Point::new(vec![], -2);
    inside.since = Some(at(0));
    let mut taken = HistogramPoint::new(vec![], vec![0.005, 0.01, 0.5], vec![1, 0, 2, 1], 1.25);
    taken.since = Some(at(0));
    taken.exemplars = vec![
        Exemplar::new(0.25, at(5), trace_id(), span_id(1)),
        Exemplar::new(0.75, at(6), trace_id(), span_id(2)),
    ];
    vec![
        Metric::new("shop.orders", "{order}", "Orders", Data::Counter(vec![well, failed])),
        Metric::new("shop.inside", "{call}", "", Data::UpDownCounter(vec![inside])),
        Metric::new("shop.load", "1", "", Data::Gauge(vec![Point::new(vec![], 0.7)])),
        Metric::new("shop.duration", "s", "How long", Data::Histogram(vec![taken])),
    ]
}

/// The metrics of the program, those of the exporter itself left out, and the times at which they
/// were collected.
pub(crate) fn arrived_metrics() -> Value {
    let since = 1_700_000_000_000_000_000_u64;
    let exemplar = |nanos: u64, value: f64, span: &str| {
        json!({
            "time_unix_nano": since + nanos,
            "as_double": value,
            "span_id": span,
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        })
    };
    let outcome = |value| json!([{ "key": "outcome", "value": { "string_value": value } }]);
    json!([
        {
            "name": "shop.orders", "description": "Orders", "unit": "{order}",
            "sum": {
                "data_points": [
                    {
                        "start_time_unix_nano": since,
                        "as_int": 34_359_738_360_u64,
                        "attributes": outcome("ok"),
                    },
                    {
                        "start_time_unix_nano": since,
                        "exemplars": [exemplar(4, 1.0, "00f067aa0ba90201")],
                        "as_int": 3,
                        "attributes": outcome("error"),
                    },
                ],
                "aggregation_temporality": 2,
                "is_monotonic": true,
            },
        },
        {
            "name": "shop.inside", "unit": "{call}",
            "sum": {
                "data_points": [{ "start_time_unix_nano": since, "as_int": -2 }],
                "aggregation_temporality": 2,
            },
        },
        { "name": "shop.load", "unit": "1", "gauge": { "data_points": [{ "as_double": 0.7 }] } },
        {
            "name": "shop.duration", "description": "How long", "unit": "s",
            "histogram": {
                "data_points": [{
                    "start_time_unix_nano": since,
                    "count": 4,
                    "sum": 1.25,
                    "bucket_counts": [1, 0, 2, 1],
                    "explicit_bounds": [0.005, 0.01, 0.5],
                    "exemplars": [
                        exemplar(5, 0.25, "00f067aa0ba90201"),
                        exemplar(6, 0.75, "00f067aa0ba90202"),
                    ],
                }],
                "aggregation_temporality": 2,
            },
        },
    ])
}

/// The metrics in a request: those of the program, and those of the exporter.
pub(crate) fn told_metrics(request: &Value) -> (Vec<Value>, Vec<Value>) {
    let of_resource = &request["message"]["resource_metrics"][0];
    assert_eq!(of_resource["resource"], arrived_resource());
    let of_scope = &of_resource["scope_metrics"][0];
    assert_eq!(of_scope["scope"], arrived_scope());
    let metrics = of_scope["metrics"].as_array().unwrap().clone();
    let is_own = |metric: &Value| metric["name"].as_str().unwrap().starts_with("reliability.otlp.");
    metrics.into_iter().partition(|metric| !is_own(metric))
}

/// Takes the time of collection out of all points, and says it.
pub(crate) fn without_time(metrics: &mut [Value]) -> Vec<u64> {
    let mut times = Vec::new();
    for metric in metrics {
        for data in ["sum", "gauge", "histogram"] {
            let Some(points) = metric.get_mut(data).map(|it| &mut it["data_points"]) else {
                continue;
            };
            for point in points.as_array_mut().unwrap() {
                let time = point.as_object_mut().unwrap().remove("time_unix_nano").unwrap();
                times.push(time.as_u64().unwrap());
            }
        }
    }
    times
}
