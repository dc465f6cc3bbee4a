//! Everything arrives, and as it was.

use std::time::{SystemTime, UNIX_EPOCH};

use reliability::telemetry::otlp::{Compression, Otlp, Protocol, Signal};
use serde_json::Value;

use crate::receiver::{PATIENCE, Receiver};
use crate::telling::{
    arrived_metrics, arrived_record, arrived_trace, metrics, record, resource, told_metrics, trace,
    without_time,
};

fn nanos_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

/// Tells everything, and says what arrived of each signal.
fn told(protocol: Protocol, compression: Compression) -> [Value; 3] {
    let receiver = Receiver::start();
    let otlp = receiver
        .exporter(protocol)
        .resource(resource())
        .header("Api-Key", "a secret, %20")
        .compression(compression)
        .metrics_from(metrics)
        .build()
        .unwrap();
    otlp.trace(trace());
    otlp.log(record());
    otlp.flush(PATIENCE).unwrap();
    let health = otlp.health();
    assert!(health.is_well(), "{health}");
    let exported = |signal| health.signal(signal).map(|it| it.exported);
    assert_eq!((exported(Signal::Traces), exported(Signal::Logs)), (Some(2), Some(1)));
    let mut said = [receiver.next(), receiver.next(), receiver.next()];
    said.sort_by_key(|request| request["signal"].as_str().unwrap().to_owned());
    said
}

fn assert_complete(protocol: Protocol, compression: Compression) {
    let before = nanos_now();
    let [logs, metrics, traces] = told(protocol, compression);
    assert_eq!(traces["message"], arrived_trace());
    assert_eq!(logs["message"], arrived_record());
    let (mut of_program, own) = told_metrics(&metrics);
    let times = without_time(&mut of_program);
    assert!(times.iter().all(|time| (before..=nanos_now()).contains(time)), "{times:?}");
    assert_eq!(Value::from(of_program), arrived_metrics());
    let names: Vec<_> = own.iter().map(|metric| metric["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"reliability.otlp.dropped"), "{names:?}");
    for request in [logs, metrics, traces] {
        assert_eq!(request["headers"]["api-key"], "a secret, %20");
        let transport = if protocol == Protocol::Grpc { "grpc" } else { "http" };
        assert_eq!(request["transport"], transport);
        if protocol == Protocol::HttpProtobuf {
            let gzip = compression == Compression::Gzip;
            assert_eq!(request["headers"]["content-type"], "application/x-protobuf");
            assert_eq!(request["headers"].get("content-encoding").is_some(), gzip);
            let agent = request["headers"]["user-agent"].as_str().unwrap();
            assert!(agent.starts_with("reliability-otlp-exporter/"), "{agent}");
        }
    }
}

#[test]
fn everything_arrives_as_it_was_over_http() {
    assert_complete(Protocol::HttpProtobuf, Compression::None);
}

#[test]
fn everything_arrives_as_it_was_over_http_made_smaller() {
    assert_complete(Protocol::HttpProtobuf, Compression::Gzip);
}

#[test]
fn everything_arrives_as_it_was_over_grpc() {
    assert_complete(Protocol::Grpc, Compression::None);
}

#[test]
fn everything_arrives_as_it_was_over_grpc_made_smaller() {
    assert_complete(Protocol::Grpc, Compression::Gzip);
}

#[test]
fn what_fills_a_batch_or_waited_for_the_interval_goes_by_itself() {
    let receiver = Receiver::start();
    let otlp = receiver.exporter(Protocol::HttpProtobuf).batch(2).build().unwrap();
    otlp.log(record());
    otlp.log(record());
    assert_eq!(crate::receiver::bodies(&receiver.next_of("logs")).len(), 2);
    drop(otlp);
    let soon = std::time::Duration::from_millis(1);
    let otlp = receiver.exporter(Protocol::HttpProtobuf).interval(soon).build().unwrap();
    otlp.log(record());
    assert_eq!(crate::receiver::bodies(&receiver.next_of("logs")).len(), 1);
}

#[test]
fn who_goes_without_a_shutdown_still_has_delivered() {
    let receiver = Receiver::start();
    let otlp: Otlp = receiver.exporter(Protocol::Grpc).build().unwrap();
    otlp.log(record());
    drop(otlp);
    assert_eq!(crate::receiver::bodies(&receiver.next_of("logs")), ["stock is low"]);
}

#[test]
fn a_flush_works_on_the_only_thread_of_a_runtime() {
    let receiver = Receiver::start();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        runtime.block_on(async {
            // Also made and dropped there.
            let otlp = receiver.exporter(protocol).build().unwrap();
            otlp.log(record());
            otlp.flush(PATIENCE).unwrap();
            otlp.shutdown(PATIENCE).unwrap();
        });
        assert_eq!(crate::receiver::bodies(&receiver.next_of("logs")), ["stock is low"]);
    }
}
