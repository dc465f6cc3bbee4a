use std::time::SystemTime;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1 as wire;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::common::{attributes, nanos, own_scope};
use crate::telemetry::metrics::{Data, Exemplar, HistogramPoint, Metric, Point};

/// A part of what was collected that goes out in one request.
#[derive(Debug)]
pub(in crate::telemetry::otlp) struct Part {
    pub(in crate::telemetry::otlp) request: ExportMetricsServiceRequest,
    /// How many numbers it has.
    pub(in crate::telemetry::otlp) points: u64,
}

/// What was collected, in requests of about that many bytes, and how many points were left out
/// because they are none: a histogram whose counts do not belong to its bounds.
pub(in crate::telemetry::otlp) fn metrics(
    resource: &Resource,
    collected: Vec<Metric>,
    started: SystemTime,
    now: SystemTime,
    bytes_max: usize,
) -> (Vec<Part>, u64) {
    let times = Times { started: nanos(started), now: nanos(now) };
    let (mut parts, mut invalid) = (Vec::new(), 0);
    let (mut ready, mut points, mut bytes) = (Vec::new(), 0, 0);
    for one in collected {
        let (one, of_one, of_them_invalid) = metric(one, times);
        invalid += of_them_invalid;
        if of_one == 0 {
            continue;
        }
        let size = one.encoded_len();
        if bytes + size > bytes_max && !ready.is_empty() {
            parts.push(part(resource, core::mem::take(&mut ready), points));
            (points, bytes) = (0, 0);
        }
        ready.push(one);
        points += of_one;
        bytes += size;
    }
    if !ready.is_empty() {
        parts.push(part(resource, ready, points));
    }
    (parts, invalid)
}

fn part(resource: &Resource, metrics: Vec<wire::Metric>, points: u64) -> Part {
    let of_scope =
        wire::ScopeMetrics { scope: Some(own_scope()), metrics, ..wire::ScopeMetrics::default() };
    let of_resource = wire::ResourceMetrics {
        resource: Some(resource.clone()),
        scope_metrics: vec![of_scope],
        ..wire::ResourceMetrics::default()
    };
    Part { request: ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }, points }
}

#[derive(Clone, Copy)]
struct Times {
    started: u64,
    now: u64,
}

impl Times {
    fn since(self, since: Option<SystemTime>) -> u64 {
        since.map_or(self.started, nanos)
    }
}

/// The metric, how many points it has, and how many it has no more.
fn metric(metric: Metric, times: Times) -> (wire::Metric, u64, u64) {
    let (data, points, invalid) = data(metric.data, times);
    let metric = wire::Metric {
        name: metric.name.into_owned(),
        description: metric.description.into_owned(),
        unit: metric.unit.into_owned(),
        data: Some(data),
        ..wire::Metric::default()
    };
    (metric, points, invalid)
}

fn data(data: Data, times: Times) -> (wire::metric::Data, u64, u64) {
    use wire::number_data_point::Value::{AsDouble, AsInt};
    const CUMULATIVE: i32 = wire::AggregationTemporality::Cumulative as i32;
    let sum = |data_points: Vec<_>, is_monotonic| {
        let points = count(&data_points);
        let sum = wire::Sum { data_points, aggregation_temporality: CUMULATIVE, is_monotonic };
        (wire::metric::Data::Sum(sum), points, 0)
    };
    match data {
        Data::Counter(points) => {
            let as_int = |value| AsInt(i64::try_from(value).unwrap_or(i64::MAX));
            sum(numbers(points, as_int, times), true)
        }
        Data::UpDownCounter(points) => sum(numbers(points, AsInt, times), false),
        Data::Gauge(points) => {
            // What is so now has no beginning.
            let times = Times { started: 0, ..times };
            let data_points = numbers(points, AsDouble, times);
            let points = count(&data_points);
            (wire::metric::Data::Gauge(wire::Gauge { data_points }), points, 0)
        }
        Data::Histogram(points) => {
            let all = count(&points);
            let data_points: Vec<_> =
                points.into_iter().filter(is_whole).map(|point| histogram(point, times)).collect();
            let points = count(&data_points);
            let histogram = wire::Histogram { data_points, aggregation_temporality: CUMULATIVE };
            (wire::metric::Data::Histogram(histogram), points, all - points)
        }
    }
}

fn count<T>(points: &[T]) -> u64 {
    points.len() as u64
}

fn numbers<T>(
    points: Vec<Point<T>>,
    value: impl Fn(T) -> wire::number_data_point::Value,
    times: Times,
) -> Vec<wire::NumberDataPoint> {
    let number = |point: Point<T>| wire::NumberDataPoint {
        attributes: attributes(point.attributes),
        start_time_unix_nano: times.since(point.since),
        time_unix_nano: times.now,
        exemplars: point.exemplar.into_iter().map(exemplar).collect(),
        value: Some(value(point.value)),
        ..wire::NumberDataPoint::default()
    };
    points.into_iter().map(number).collect()
}

/// Receivers refuse a whole request for one histogram that is not.
fn is_whole(point: &HistogramPoint) -> bool {
    let grows = point.bounds.windows(2).all(|pair| pair[0] < pair[1]);
    grows && point.counts.len() == point.bounds.len() + 1
}

fn histogram(point: HistogramPoint, times: Times) -> wire::HistogramDataPoint {
    wire::HistogramDataPoint {
        count: point.count(),
        sum: Some(point.sum),
        attributes: attributes(point.attributes),
        start_time_unix_nano: times.since(point.since),
        time_unix_nano: times.now,
        bucket_counts: point.counts,
        explicit_bounds: point.bounds.into_owned(),
        exemplars: point.exemplars.into_iter().map(exemplar).collect(),
        ..wire::HistogramDataPoint::default()
    }
}

fn exemplar(exemplar: Exemplar) -> wire::Exemplar {
    wire::Exemplar {
        time_unix_nano: nanos(exemplar.at),
        span_id: exemplar.span_id.to_bytes().into(),
        trace_id: exemplar.trace_id.to_bytes().into(),
        value: Some(wire::exemplar::Value::AsDouble(exemplar.value)),
        ..wire::Exemplar::default()
    }
}
