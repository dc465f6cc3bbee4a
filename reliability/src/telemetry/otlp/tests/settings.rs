//! Settings that are given by hand.

use std::time::Duration;

use crate::telemetry::otlp::{Otlp, OtlpBuilder, Protocol, Signal};

fn refused(builder: OtlpBuilder) -> String {
    builder.build().err().map(|invalid| invalid.to_string()).unwrap_or_default()
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_write() {
    let secret = Otlp::builder().header("api key", "secret");
    let newline = Otlp::builder().header("api-key", "secret\nsecret");
    for (builder, told) in [
        (Otlp::builder().queue(0), "`queue` must be 1 to 16777215, but is 0; 2048 is usual"),
        (Otlp::builder().batch(4_096), "`batch` must be 1 to the 2048 of the queue, but is 4096"),
        (Otlp::builder().queue_bytes(16), "`queue_bytes` must be 1 KiB to 1 TiB, but is 16"),
        (Otlp::builder().timeout(Duration::ZERO), "`timeout` must be from 1 ms to one hour"),
        (Otlp::builder().interval(Duration::MAX), "`interval` must be from 1 ms to one hour"),
        (Otlp::builder().metric_interval(Duration::ZERO), "`metric_interval` must be from 1 ms"),
        (Otlp::builder().give_up_after(Duration::MAX), "`give_up_after` must be at most a day"),
        (Otlp::builder().endpoint("c:4318"), "write `http://c:4318`"),
        (
            Otlp::builder().only_for(Signal::Logs, |logs| logs.endpoint("http://a:b@c")),
            "`endpoint` must be an address without user and password",
        ),
        (secret, "`header` must be a name and a value that HTTP allows, but is `api key`"),
        (newline, "but is a value of `api-key` that no header can carry"),
    ] {
        let error = refused(builder);
        assert!(error.contains(told) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_protocol_whose_feature_is_off_is_refused_with_its_name() {
    let refused = refused(Otlp::builder().protocol(Protocol::Grpc));
    let off = refused.contains("the feature `otlp-grpc` is off");
    assert_eq!(off, cfg!(not(feature = "otlp-grpc")), "{refused}");
}

#[test]
fn what_is_not_exported_is_not_listed_and_costs_nothing() {
    let otlp = Otlp::builder().without(Signal::Traces).build().unwrap();
    let listed: Vec<_> = otlp.health().signals.iter().map(|it| it.signal).collect();
    assert_eq!(listed, [Signal::Metrics, Signal::Logs]);
    assert!(format!("{otlp:?}").contains("http://localhost:4318/v1/logs"));
}
