//! From the messages back to what they were made of. Panics where a message is not as it should be.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::common::v1::any_value::Value as WireValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1 as metrics;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as wire;

use crate::telemetry::log::{Level, Record};
use crate::telemetry::metrics::{Data, Exemplar, HistogramPoint, Metric, Point};
use crate::telemetry::trace::{Event, Kind, Link, Span, SpanId, Status, Trace, TraceId};
use crate::telemetry::{Attribute, Value};

pub(super) fn resource(resource: Option<Resource>) -> Vec<Attribute> {
    attributes(resource.unwrap().attributes)
}

pub(super) fn attributes(attributes: Vec<KeyValue>) -> Vec<Attribute> {
    attributes.into_iter().map(|it| Attribute::new(it.key, value(it.value))).collect()
}

pub(super) fn value(value: Option<AnyValue>) -> Value {
    match value.unwrap().value.unwrap() {
        WireValue::StringValue(text) => text.into(),
        WireValue::BoolValue(value) => value.into(),
        WireValue::IntValue(value) => value.into(),
        WireValue::DoubleValue(value) => value.into(),
        other => panic!("{other:?}"),
    }
}

fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn trace_id(bytes: &[u8]) -> TraceId {
    TraceId::from_bytes(bytes.try_into().unwrap()).unwrap()
}

fn span_id(bytes: &[u8]) -> SpanId {
    SpanId::from_bytes(bytes.try_into().unwrap()).unwrap()
}

/// The spans, those that follow each other in one trace together.
pub(super) fn traces(spans: Vec<wire::Span>) -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    for span_of in spans {
        let id = trace_id(&span_of.trace_id);
        let state = Some(span_of.trace_state.clone()).filter(|state| !state.is_empty());
        let of = span(span_of);
        match traces.last_mut().filter(|trace| trace.id == id) {
            Some(trace) => {
                assert_eq!(trace.state, state);
                trace.spans.push(of);
            }
            None => {
                let mut trace = Trace::new(id, vec![of]);
                trace.state = state;
                traces.push(trace);
            }
        }
    }
    traces
}

fn span(from: wire::Span) -> Span {
    let nanos = from.end_time_unix_nano - from.start_time_unix_nano;
    let start = time(from.start_time_unix_nano);
    let mut span = Span::new(span_id(&from.span_id), from.name, start, Duration::from_nanos(nanos));
    span.parent = Some(&*from.parent_span_id).filter(|parent| !parent.is_empty()).map(span_id);
    // Sampled, and it is said whether the parent is elsewhere.
    assert_eq!(from.flags & 0x1ff, 0x101, "{:x}", from.flags);
    span.parent_is_remote = from.flags & 0x200 != 0;
    span.kind = match from.kind {
        1 => Kind::Internal,
        2 => Kind::Server,
        3 => Kind::Client,
        4 => Kind::Producer,
        5 => Kind::Consumer,
        other => panic!("{other}"),
    };
    let status = from.status.unwrap();
    span.status = match status.code {
        0 => Status::Unset,
        1 => Status::Ok,
        2 => Status::Error(status.message.into()),
        other => panic!("{other}"),
    };
    span.attributes = attributes(from.attributes);
    span.dropped = from.dropped_attributes_count;
    let event = |it: wire::span::Event| {
        Event::new(it.name, time(it.time_unix_nano), attributes(it.attributes))
    };
    span.events = from.events.into_iter().map(event).collect();
    let link = |it: wire::span::Link| {
        let mut link = Link::new(trace_id(&it.trace_id), span_id(&it.span_id));
        link.attributes = attributes(it.attributes);
        link
    };
    span.links = from.links.into_iter().map(link).collect();
    span
}

pub(super) fn records(scopes: Vec<ScopeLogs>) -> Vec<Record> {
    let of_scope = |scope: ScopeLogs| {
        let name = scope.scope.unwrap().name;
        scope.log_records.into_iter().map(move |from| record(&name, from))
    };
    scopes.into_iter().flat_map(of_scope).collect()
}

fn record(scope: &str, from: LogRecord) -> Record {
    let level = match &*from.severity_text {
        "TRACE" => Level::Trace,
        "DEBUG" => Level::Debug,
        "INFO" => Level::Info,
        "WARN" => Level::Warn,
        "ERROR" => Level::Error,
        other => panic!("{other}"),
    };
    assert_eq!(from.time_unix_nano, from.observed_time_unix_nano);
    let body = value(from.body);
    let mut record = Record::new(time(from.time_unix_nano), level, body.as_str().unwrap());
    record.scope = scope.to_owned().into();
    record.attributes = attributes(from.attributes);
    record.trace_id = (!from.trace_id.is_empty()).then(|| trace_id(&from.trace_id));
    record.span_id = (!from.span_id.is_empty()).then(|| span_id(&from.span_id));
    record.sampled = from.flags == 1;
    record
}

pub(super) fn points(metric: &metrics::Metric) -> u64 {
    let points = match metric.data.as_ref().unwrap() {
        metrics::metric::Data::Sum(it) => it.data_points.len(),
        metrics::metric::Data::Gauge(it) => it.data_points.len(),
        metrics::metric::Data::Histogram(it) => it.data_points.len(),
        other => panic!("{other:?}"),
    };
    points as u64
}

pub(super) fn metric(from: metrics::Metric, started: Duration, now: Duration) -> Metric {
    use metrics::metric::Data as Wire;
    use metrics::number_data_point::Value::{AsDouble, AsInt};
    const CUMULATIVE: i32 = 2;
    let int = |value| match value {
        Some(AsInt(value)) => value,
        other => panic!("{other:?}"),
    };
    let data = match from.data.unwrap() {
        Wire::Sum(sum) => {
            assert_eq!(sum.aggregation_temporality, CUMULATIVE);
            let points = sum.data_points.into_iter();
            if sum.is_monotonic {
                let value = |value| u64::try_from(int(value)).unwrap();
                Data::Counter(points.map(|it| point(it, value, started, now)).collect())
            } else {
                Data::UpDownCounter(points.map(|it| point(it, int, started, now)).collect())
            }
        }
        Wire::Gauge(gauge) => {
            let double = |value| match value {
                Some(AsDouble(value)) => value,
                other => panic!("{other:?}"),
            };
            let point = |it: metrics::NumberDataPoint| {
                assert_eq!(it.start_time_unix_nano, 0);
                point(it, double, Duration::ZERO, now)
            };
            Data::Gauge(gauge.data_points.into_iter().map(point).collect())
        }
        Wire::Histogram(histogram) => {
            assert_eq!(histogram.aggregation_temporality, CUMULATIVE);
            let points = histogram.data_points.into_iter();
            Data::Histogram(points.map(|it| histogram_point(it, started, now)).collect())
        }
        other => panic!("{other:?}"),
    };
    Metric::new(from.name, from.unit, from.description, data)
}

fn point<T>(
    from: metrics::NumberDataPoint,
    value: impl Fn(Option<metrics::number_data_point::Value>) -> T,
    started: Duration,
    now: Duration,
) -> Point<T> {
    assert_eq!(time(from.time_unix_nano), UNIX_EPOCH + now);
    let mut point = Point::new(attributes(from.attributes), value(from.value));
    point.since = since(from.start_time_unix_nano, started);
    point.exemplar = from.exemplars.into_iter().map(exemplar).next();
    point
}

fn since(nanos: u64, started: Duration) -> Option<SystemTime> {
    Some(time(nanos)).filter(|since| *since != UNIX_EPOCH + started)
}

fn histogram_point(
    from: metrics::HistogramDataPoint,
    started: Duration,
    now: Duration,
) -> HistogramPoint {
    assert_eq!(time(from.time_unix_nano), UNIX_EPOCH + now);
    assert_eq!(from.count, from.bucket_counts.iter().sum::<u64>());
    let mut point = HistogramPoint::new(
        attributes(from.attributes),
        from.explicit_bounds,
        from.bucket_counts,
        from.sum.unwrap(),
    );
    point.since = since(from.start_time_unix_nano, started);
    point.exemplars = from.exemplars.into_iter().map(exemplar).collect();
    point
}

fn exemplar(from: metrics::Exemplar) -> Exemplar {
    let Some(metrics::exemplar::Value::AsDouble(value)) = from.value else {
        panic!("{:?}", from.value)
    };
    let at = time(from.time_unix_nano);
    Exemplar::new(value, at, trace_id(&from.trace_id), span_id(&from.span_id))
}
