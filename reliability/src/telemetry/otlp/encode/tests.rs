//! What is written is read again, by a reader that shares nothing with the writer but the messages.

mod any;
mod read;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::{logs, metrics, trace};
use opentelemetry_proto::tonic::metrics::v1 as wire;
use proptest::prelude::*;
use prost::Message;

use crate::telemetry::log::Level;
use crate::telemetry::metrics::{Data, HistogramPoint, Metric, Point};
use crate::telemetry::trace::{Span, SpanId, Trace, TraceId};
use crate::telemetry::{Attribute, Resource, Value};

fn resource() -> Resource {
    Resource::empty().with("service.name", "shop").with("process.pid", 7)
}

fn wire_resource() -> opentelemetry_proto::tonic::resource::v1::Resource {
    super::resource(&resource())
}

const STARTED: Duration = Duration::from_secs(1_000);
const NOW: Duration = Duration::from_secs(2_000);

fn at(since: Duration) -> SystemTime {
    UNIX_EPOCH + since
}

fn written(collected: Vec<Metric>, bytes_max: usize) -> (Vec<Vec<wire::Metric>>, Vec<u64>, u64) {
    let (parts, invalid) =
        super::metrics(&wire_resource(), collected, at(STARTED), at(NOW), bytes_max);
    let points = parts.iter().map(|part| part.points).collect();
    let requests = parts.into_iter().map(|part| {
        let bytes = part.request.encode_to_vec();
        let request = metrics::v1::ExportMetricsServiceRequest::decode(&*bytes).unwrap();
        let of_resource = request.resource_metrics.into_iter().next().unwrap();
        assert_eq!(read::resource(of_resource.resource), resource().attributes());
        let of_scope = of_resource.scope_metrics.into_iter().next().unwrap();
        assert_eq!(of_scope.scope.unwrap().name, "reliability");
        of_scope.metrics
    });
    (requests.collect(), points, invalid)
}

proptest! {
    #[test]
    fn traces_arrive_as_they_were(traces in any::traces()) {
        let bytes = super::traces(&wire_resource(), traces.clone()).encode_to_vec();
        let request = trace::v1::ExportTraceServiceRequest::decode(&*bytes).unwrap();
        let of_resource = &request.resource_spans[0];
        prop_assert_eq!(read::resource(of_resource.resource.clone()), resource().attributes().to_vec());
        let scope = of_resource.scope_spans[0].scope.clone().unwrap();
        prop_assert_eq!(scope.version, env!("CARGO_PKG_VERSION"));
        let spans = of_resource.scope_spans[0].spans.clone();
        prop_assert_eq!(read::traces(spans), traces);
    }

    #[test]
    fn records_arrive_as_they_were_grouped_by_scope(records in any::records()) {
        let bytes = super::logs(&wire_resource(), records.clone()).encode_to_vec();
        let request = logs::v1::ExportLogsServiceRequest::decode(&*bytes).unwrap();
        let scopes = request.resource_logs[0].scope_logs.clone();
        let names: Vec<_> = scopes.iter().filter_map(|it| it.scope.clone()).map(|it| it.name).collect();
        let mut wanted = records;
        // Stable, so that those of one scope keep their order.
        wanted.sort_by_key(|record| names.iter().position(|name| *name == record.scope));
        prop_assert_eq!(read::records(scopes), wanted);
    }

    #[test]
    fn metrics_arrive_as_they_were(collected in any::metrics(), bytes_max in 1_usize..4_000) {
        let (requests, points, invalid) = written(collected.clone(), bytes_max);
        prop_assert_eq!(invalid, 0);
        for (request, points) in requests.iter().zip(&points) {
            let size: usize = request.iter().map(Message::encoded_len).sum();
            prop_assert!(request.len() == 1 || size <= bytes_max, "{} in {}", size, bytes_max);
            let counted: u64 = request.iter().map(read::points).sum();
            prop_assert_eq!(counted, *points);
        }
        let arrived: Vec<Metric> =
            requests.into_iter().flatten().map(|metric| read::metric(metric, STARTED, NOW)).collect();
        // One without points is not sent.
        let wanted: Vec<Metric> = collected.into_iter().filter(|it| any::points(&it.data) > 0).collect();
        prop_assert_eq!(arrived, wanted);
    }
}

#[test]
fn a_histogram_that_is_none_is_left_out_and_counted() {
    let point = |bounds: &'static [f64], counts: &[u64]| {
        HistogramPoint::new(vec![], bounds, counts.to_vec(), 1.0)
    };
    let points = vec![
        point(&[1.0, 2.0], &[1, 0, 0]),
        point(&[1.0, 2.0], &[1, 0]),
        point(&[2.0, 1.0], &[1, 0, 0]),
        point(&[1.0, f64::NAN], &[1, 0, 0]),
        point(&[], &[1]),
    ];
    let metric = Metric::new("a", "s", "", Data::Histogram(points));
    let (requests, points, invalid) = written(vec![metric], 1 << 20);
    assert_eq!((points, invalid), (vec![2], 3));
    assert_eq!(read::points(&requests[0][0]), 2);
}

#[test]
fn a_count_that_no_signed_number_holds_is_the_largest_that_one_holds() {
    let metric = Metric::new("a", "", "", Data::Counter(vec![Point::new(vec![], u64::MAX)]));
    let (requests, ..) = written(vec![metric], 1 << 20);
    let Some(wire::metric::Data::Sum(sum)) = &requests[0][0].data else { panic!("a sum") };
    let value = sum.data_points[0].value;
    assert_eq!(value, Some(wire::number_data_point::Value::AsInt(i64::MAX)));
}

#[test]
fn the_root_says_why_a_trace_was_kept_and_how_much_of_it_was_not() {
    let id = |id| SpanId::new(id).unwrap();
    let span = |of| Span::new(id(of), "s", UNIX_EPOCH, Duration::ZERO);
    let mut trace = Trace::new(TraceId::new(1).unwrap(), vec![span(1), span(2)]);
    trace.kept_by = "errors".into();
    trace.spans_dropped = 3;
    let request = super::traces(&wire_resource(), vec![trace]);
    let spans = &request.resource_spans[0].scope_spans[0].spans;
    let told = read::attributes(spans[0].attributes.clone());
    let wanted = [
        Attribute::new("reliability.trace.kept_by", "errors"),
        Attribute::new("reliability.trace.spans_dropped", 3),
    ];
    assert_eq!(told, wanted);
    assert_eq!(spans[1].attributes, []);
}

#[test]
fn times_before_1970_and_after_2554_are_the_first_and_the_last() {
    let hour = Duration::from_secs(3_600);
    assert_eq!(super::nanos(UNIX_EPOCH - hour), 0);
    assert_eq!(super::nanos(UNIX_EPOCH + hour * 24 * 366 * 1_000), u64::MAX);
}

#[test]
fn severities_have_the_numbers_of_the_protocol() {
    let record = |level| crate::telemetry::log::Record::new(UNIX_EPOCH, level, "");
    let all = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];
    let request = super::logs(&wire_resource(), all.map(record).into());
    let records = &request.resource_logs[0].scope_logs[0].log_records;
    let numbers: Vec<_> = records.iter().map(|record| record.severity_number).collect();
    assert_eq!(numbers, [1, 5, 9, 13, 17]);
    let value = Value::from(true);
    assert_eq!(read::value(Some(super::common::value(value.clone()))), value);
}
