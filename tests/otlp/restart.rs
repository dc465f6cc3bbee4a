//! A receiver that is killed and comes back while the program goes on talking.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use reliability::telemetry::log::{Level, Record};
use reliability::telemetry::otlp::{Otlp, Protocol, Signal, SignalHealth};
use serde_json::Value;

use crate::receiver::{PATIENCE, Receiver, bodies};

const QUEUE: u64 = 100;
const BATCH: u64 = 10;

fn say(otlp: &Otlp, numbers: std::ops::Range<u64>) {
    for number in numbers {
        otlp.log(Record::new(SystemTime::now(), Level::Info, number.to_string()));
    }
}

fn numbers(said: &[Value]) -> Vec<u64> {
    said.iter().flat_map(bodies).map(|body| body.parse().unwrap()).collect()
}

fn logs(otlp: &Otlp) -> SignalHealth {
    otlp.health().signal(Signal::Logs).unwrap().clone()
}

fn assert_nothing_is_unaccounted_for(protocol: Protocol) {
    let mut receiver = Receiver::start();
    let otlp = receiver
        .exporter(protocol)
        .queue(QUEUE)
        .batch(BATCH)
        .without(Signal::Metrics)
        .without(Signal::Traces)
        .build()
        .unwrap();
    say(&otlp, 0..30);
    otlp.flush(PATIENCE).unwrap();
    let mut arrived = numbers(&receiver.kill());
    assert_eq!(arrived, (0..30).collect::<Vec<_>>(), "in order");

    say(&otlp, 30..1_030);
    let undelivered = otlp.flush(Duration::from_millis(100)).unwrap_err();
    assert!(undelivered.why.is_some(), "{undelivered}");
    let away = logs(&otlp);
    let held = away.queued + away.in_flight;
    assert!(held <= QUEUE + BATCH, "{away:?}");
    assert_eq!(away.exported, 30);
    assert_eq!(held + away.dropped.queue_full, 1_000, "{away:?}");
    assert!(!otlp.health().is_well() && away.failing_since.is_some(), "{away:?}");

    receiver.restart();
    otlp.flush(PATIENCE).unwrap();
    say(&otlp, 1_030..1_040);
    otlp.shutdown(PATIENCE).unwrap();
    let back = logs(&otlp);
    assert_eq!(back.failing_since, None);
    assert_eq!(back.exported + back.dropped.total(), 1_040, "{back:?}");
    assert_eq!((back.queued, back.in_flight), (0, 0));
    let later = numbers(&receiver.kill());
    // What was there first was kept, then what there was room for once a request had been made of
    // the oldest, then what came when the receiver was back.
    assert_eq!(later[..QUEUE as usize], (30..30 + QUEUE).collect::<Vec<_>>());
    assert!(later.is_sorted(), "{later:?}");
    assert_eq!(later[held as usize..], (1_030..1_040).collect::<Vec<_>>());
    arrived.extend(later);
    let different: BTreeSet<_> = arrived.iter().collect();
    assert_eq!((different.len(), arrived.len() as u64), (arrived.len(), back.exported));
}

#[test]
fn a_receiver_that_was_killed_gets_what_waited_and_the_rest_is_counted_over_http() {
    assert_nothing_is_unaccounted_for(Protocol::HttpProtobuf);
}

#[test]
fn a_receiver_that_was_killed_gets_what_waited_and_the_rest_is_counted_over_grpc() {
    assert_nothing_is_unaccounted_for(Protocol::Grpc);
}

#[test]
fn a_receiver_that_was_restarted_while_nothing_was_sent_is_no_failure() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let mut receiver = Receiver::start();
        let otlp = receiver.exporter(protocol).without(Signal::Metrics).build().unwrap();
        for number in 0..3 {
            say(&otlp, number..number + 1);
            otlp.flush(PATIENCE).unwrap();
            assert_eq!(numbers(&receiver.kill()), [number]);
            receiver.restart();
        }
        assert_eq!(logs(&otlp).failures, 0, "{:?}", logs(&otlp));
    }
}
