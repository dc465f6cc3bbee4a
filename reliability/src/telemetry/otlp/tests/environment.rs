//! What the environment says, and what is said of what makes no sense there.

use std::collections::HashMap;
use std::time::Duration;

use crate::telemetry::InvalidVariable;
use crate::telemetry::otlp::{Compression, OtlpBuilder, Protocol, Signal};

fn read(variables: &[(&str, &str)]) -> Result<OtlpBuilder, InvalidVariable> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    OtlpBuilder::from_variables(|name| variables.get(name).map(|value| (*value).to_owned()))
}

fn endpoints(variables: &[(&str, &str)]) -> [String; 3] {
    let otlp = read(variables).unwrap().build().unwrap();
    let health = otlp.health();
    Signal::ALL.map(|signal| {
        health.signal(signal).map(|it| it.endpoint.clone()).unwrap_or_else(|| "none".into())
    })
}

#[test]
fn addresses_are_for_all_signals_or_for_one() {
    type Case<'a> = (&'a [(&'a str, &'a str)], [&'a str; 3]);
    let cases: [Case<'_>; 5] = [
        (
            &[],
            [
                "http://localhost:4318/v1/traces",
                "http://localhost:4318/v1/metrics",
                "http://localhost:4318/v1/logs",
            ],
        ),
        (
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c/otlp/")],
            ["http://c/otlp/v1/traces", "http://c/otlp/v1/metrics", "http://c/otlp/v1/logs"],
        ),
        (
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
                // As it is: nothing is put after it.
                ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m:9/here"),
            ],
            ["http://c/v1/traces", "http://m:9/here", "http://c/v1/logs"],
        ),
        (
            &[("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "prometheus")],
            ["none", "none", "http://localhost:4318/v1/logs"],
        ),
        (
            &[("OTEL_METRICS_EXPORTER", "Prometheus, OTLP"), ("OTEL_LOGS_EXPORTER", "console")],
            ["http://localhost:4318/v1/traces", "http://localhost:4318/v1/metrics", "none"],
        ),
    ];
    for (variables, wanted) in cases {
        assert_eq!(endpoints(variables), wanted, "{variables:?}");
    }
}

#[cfg(feature = "otlp-grpc")]
#[test]
fn over_grpc_the_address_has_another_port_and_no_path() {
    let address = "http://localhost:4317".to_owned();
    let endpoints = endpoints(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC")]);
    assert_eq!(endpoints, [&*address; 3]);
}

#[test]
fn all_that_the_environment_says_is_taken() {
    let builder = read(&[
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key = a%2Cb , team=red,"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "7"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "30"),
        ("OTEL_BLRP_SCHEDULE_DELAY", " "),
    ])
    .unwrap();
    assert_eq!(builder.shared.protocol, Some(Protocol::HttpProtobuf));
    let own = |signal: Signal| &builder.own[signal.index()];
    assert_eq!(own(Signal::Logs).protocol, Some(Protocol::Grpc));
    let headers = [("api-key", "a,b"), ("team", "red")].map(|(k, v)| (k.into(), v.into()));
    assert_eq!(builder.shared.headers, headers);
    assert_eq!(builder.shared.timeout, Some(Duration::from_millis(2_500)));
    assert_eq!(own(Signal::Traces).compression, Some(Compression::Gzip));
    let limits = |signal: Signal| builder.limits[signal.index()];
    let (traces, logs) = (limits(Signal::Traces), limits(Signal::Logs));
    // A batch that is larger than the queue would never be full.
    assert_eq!((traces.queue, traces.batch), (100, 100));
    assert_eq!(traces.interval, Duration::from_millis(20));
    assert_eq!((logs.queue, logs.batch), (2_048, 7));
    assert_eq!(logs.interval, Duration::from_secs(1));
    assert_eq!(limits(Signal::Metrics).interval, Duration::from_millis(30));
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_write() {
    for (name, value, told) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "write `http://collector:4318`"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "/v1/logs", "must be an address with scheme and host"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "must be `http/protobuf` or `grpc`"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "must be milliseconds from 1 to 3600000"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "must be `gzip` or `none`"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem", "certificates of your own cannot be given"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "must be a number from 1 to 16777215"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "must be at most 2048, which is the queue"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m", "such as `10000`, but is `1m`"),
        ("OTEL_LOGS_EXPORTER", "otpl", "must be `otlp` or `none`"),
    ] {
        let error = read(&[(name, value)]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with(&format!("the variable {name} must be ")), "{error}");
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn no_error_tells_a_secret() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_HEADERS", "team=red,secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "team=red,api key=secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "team=red,key=secret%0asecret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "team=red,key=secret%"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@collector"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:secret@collector"),
    ] {
        let error = read(&[(name, value)]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(name) && !error.contains("secret"), "{error}");
        if name.ends_with("HEADERS") {
            assert!(error.contains("wrong in entry 2 of 2"), "{error}");
        }
    }
    let builder = read(&[("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret")]).unwrap();
    let debug = format!("{builder:?}");
    assert!(debug.contains("api-key") && !debug.contains("secret"), "{debug}");
}

#[test]
fn a_process_that_wants_no_telemetry_exports_none() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c");
    let none = ["none"; 3].map(String::from);
    assert_eq!(endpoints(&[endpoint, ("OTEL_SDK_DISABLED", "True")]), none);
    assert_ne!(endpoints(&[endpoint, ("OTEL_SDK_DISABLED", "false")]), none);
    let invalid = read(&[("OTEL_SDK_DISABLED", "1")]).unwrap_err().to_string();
    assert!(invalid.contains("OTEL_SDK_DISABLED must be `true` or `false`, but is `1`"));
}
