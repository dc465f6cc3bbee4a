//! Anything that the program may have to say.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::telemetry::log::{Level, Record};
use crate::telemetry::metrics::{Data, Exemplar, HistogramPoint, Metric, Point};
use crate::telemetry::trace::{Event, Kind, Link, Span, SpanId, Status, Trace, TraceId};
use crate::telemetry::{Attribute, Value};

fn time() -> impl Strategy<Value = SystemTime> {
    (0..u64::MAX / 2).prop_map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number().prop_map(Value::from),
        ".{0,9}".prop_map(Value::from),
    ]
}

/// Any but those that are not equal to themselves.
fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("a number", |number| !number.is_nan())
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    vec(("[a-z.]{1,9}", value()).prop_map(|(key, value)| Attribute::new(key, value)), 0..4)
}

fn trace_id() -> impl Strategy<Value = TraceId> {
    (1..=u128::MAX).prop_map(|id| TraceId::new(id).unwrap())
}

fn span_id() -> impl Strategy<Value = SpanId> {
    (1..=u64::MAX).prop_map(|id| SpanId::new(id).unwrap())
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Unset),
        Just(Status::Ok),
        ".{0,9}".prop_map(|message| Status::Error(message.into())),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Internal),
        Just(Kind::Server),
        Just(Kind::Client),
        Just(Kind::Producer),
        Just(Kind::Consumer),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    (".{0,9}", time(), attributes()).prop_map(|(name, at, of)| Event::new(name, at, of))
}

fn link() -> impl Strategy<Value = Link> {
    (trace_id(), span_id(), attributes()).prop_map(|(trace, span, attributes)| {
        let mut link = Link::new(trace, span);
        link.attributes = attributes;
        link
    })
}

fn span() -> impl Strategy<Value = Span> {
    let named = (span_id(), ".{0,9}", time(), 0..u64::MAX / 2);
    let placed = (option::of(span_id()), any::<bool>(), kind(), status(), any::<u32>());
    (named, placed, attributes(), vec(event(), 0..3), vec(link(), 0..3)).prop_map(
        |((id, name, start, nanos), placed, attributes, events, links)| {
            let mut span = Span::new(id, name, start, Duration::from_nanos(nanos));
            (span.parent, span.parent_is_remote, span.kind, span.status, span.dropped) = placed;
            (span.attributes, span.events, span.links) = (attributes, events, links);
            span
        },
    )
}

pub(super) fn traces() -> impl Strategy<Value = Vec<Trace>> {
    let trace = (trace_id(), vec(span(), 1..4), option::of("[a-z]=[a-z]{1,5}"));
    let traces = vec(trace, 0..4).prop_map(|traces| {
        let trace = |(id, spans, state)| {
            let mut trace = Trace::new(id, spans);
            trace.state = state;
            trace
        };
        traces.into_iter().map(trace).collect::<Vec<_>>()
    });
    traces.prop_filter("neighbours are told apart", |traces| {
        traces.windows(2).all(|pair| pair[0].id != pair[1].id)
    })
}

pub(super) fn records() -> impl Strategy<Value = Vec<Record>> {
    let level = prop_oneof![
        Just(Level::Trace),
        Just(Level::Debug),
        Just(Level::Info),
        Just(Level::Warn),
        Just(Level::Error),
    ];
    let placed = (option::of((trace_id(), span_id())), any::<bool>());
    let record = (time(), level, ".{0,20}", "[a-c]?", attributes(), placed).prop_map(
        |(at, level, body, scope, attributes, (ids, sampled))| {
            let mut record = Record::new(at, level, body);
            (record.scope, record.attributes, record.sampled) = (scope.into(), attributes, sampled);
            (record.trace_id, record.span_id) = ids.unzip();
            record
        },
    );
    vec(record, 0..8)
}

fn exemplar() -> impl Strategy<Value = Exemplar> {
    (number(), time(), trace_id(), span_id())
        .prop_map(|(value, at, trace, span)| Exemplar::new(value, at, trace, span))
}

fn point_of<T: core::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<Point<T>>> {
    let point = (attributes(), value, option::of(time()), option::of(exemplar())).prop_map(
        |(attributes, value, since, exemplar)| {
            let mut point = Point::new(attributes, value);
            (point.since, point.exemplar) = (since, exemplar);
            point
        },
    );
    vec(point, 0..4)
}

fn histograms() -> impl Strategy<Value = Vec<HistogramPoint>> {
    let shape = (0..5_usize).prop_flat_map(|bounds| {
        (Just(bounds), vec(0..u64::MAX / 8, bounds + 1), vec(exemplar(), 0..3))
    });
    let point = (attributes(), shape, number(), option::of(time())).prop_map(
        |(attributes, (bounds, counts, exemplars), sum, since)| {
            let bounds: Vec<f64> = (0..bounds).map(|at| at as f64 * 0.25).collect();
            let mut point = HistogramPoint::new(attributes, bounds, counts, sum);
            (point.since, point.exemplars) = (since, exemplars);
            point
        },
    );
    vec(point, 0..4)
}

pub(super) fn metrics() -> impl Strategy<Value = Vec<Metric>> {
    let data = prop_oneof![
        point_of(0..=i64::MAX as u64).prop_map(Data::Counter),
        point_of(any::<i64>()).prop_map(Data::UpDownCounter),
        point_of(number()).prop_map(|mut points| {
            // What is so now has no beginning.
            points.iter_mut().for_each(|point| point.since = None);
            Data::Gauge(points)
        }),
        histograms().prop_map(Data::Histogram),
    ];
    let metric = ("[a-z.]{1,9}", "[a-z]{0,3}", ".{0,9}", data)
        .prop_map(|(name, unit, description, data)| Metric::new(name, unit, description, data));
    vec(metric, 0..5)
}

pub(super) fn points(data: &Data) -> usize {
    match data {
        Data::Counter(points) => points.len(),
        Data::UpDownCounter(points) => points.len(),
        Data::Gauge(points) => points.len(),
        Data::Histogram(points) => points.len(),
    }
}
