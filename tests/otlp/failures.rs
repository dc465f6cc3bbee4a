//! Receivers that do not take what they get, and what the exporter makes of it.

use std::time::Duration;

use reliability::telemetry::otlp::{Otlp, OtlpBuilder, Protocol, Signal, SignalHealth};
use serde_json::{Value, json};

use crate::receiver::{PATIENCE, Receiver, bodies};
use crate::telling::record;

const BOTH: [Protocol; 2] = [Protocol::HttpProtobuf, Protocol::Grpc];

fn only_logs(builder: OtlpBuilder) -> Otlp {
    builder.without(Signal::Metrics).without(Signal::Traces).build().unwrap()
}

fn logs(otlp: &Otlp) -> SignalHealth {
    otlp.health().signal(Signal::Logs).unwrap().clone()
}

/// Gives one record to a receiver that answers so first, and says what came of the flush, how the
/// exporter does, and how often the record came.
fn after(protocol: Protocol, answer: &Value) -> (Option<String>, SignalHealth, usize) {
    let mut receiver = Receiver::start();
    receiver.answer(answer);
    let timeout = Duration::from_millis(500);
    let otlp = only_logs(receiver.exporter(protocol).timeout(timeout));
    otlp.log(record());
    // A receiver on a loaded machine may need a try more.
    let told = otlp.flush(PATIENCE).err().map(|undelivered| undelivered.to_string());
    assert!(otlp.shutdown(PATIENCE).is_ok(), "nothing is left");
    (told, logs(&otlp), receiver.kill().len())
}

#[test]
fn a_receiver_that_has_no_room_is_asked_again_when_it_says_so() {
    let busy = json!({ "status": 503, "headers": { "Retry-After": "1" }, "body": "come later" });
    let full = json!({ "code": 8, "message": "come later", "retry_seconds": 1 });
    for (protocol, answer) in BOTH.into_iter().zip([busy, full]) {
        let (told, logs, came) = after(protocol, &answer);
        assert_eq!((told, logs.exported, logs.dropped.total()), (None, 1, 0));
        assert!(came >= 2 && logs.failures >= 1, "{came} {logs:?}");
        assert_eq!(logs.failing_since, None);
    }
}

#[test]
fn a_receiver_that_is_away_for_a_moment_is_asked_again() {
    let (told, logs, _) = after(Protocol::Grpc, &json!({ "code": 14, "message": "restarting" }));
    assert_eq!((told, logs.exported, logs.dropped.total()), (None, 1, 0));
    let (told, logs, _) = after(Protocol::HttpProtobuf, &json!({ "status": 502, "body": "" }));
    assert_eq!((told, logs.exported, logs.dropped.total()), (None, 1, 0));
}

#[test]
fn a_receiver_that_does_not_answer_is_not_waited_for() {
    for protocol in BOTH {
        let (told, logs, came) = after(protocol, &json!({ "hang": true }));
        assert_eq!((told, logs.exported, logs.dropped.total()), (None, 1, 0));
        assert!(came >= 2 && logs.failures >= 1, "{came} {logs:?}");
    }
}

#[test]
fn a_receiver_that_speaks_something_else_is_asked_again() {
    let (told, logs, _) = after(Protocol::HttpProtobuf, &json!({ "bytes": "SSH-2.0-x\r\n\r\n" }));
    assert_eq!((told, logs.exported, logs.dropped.total()), (None, 1, 0));
    assert!(logs.failures >= 1, "{logs:?}");
}

#[test]
fn a_refusal_is_final_counted_and_told() {
    let page = json!({ "status": 200, "body": "<html>log in</html>" });
    let not_found = json!({ "status": 404, "body": "no such page" });
    let denied = json!({ "code": 16, "message": "who are you" });
    for (protocol, answer, why) in [
        (Protocol::HttpProtobuf, page, "the answer is no OTLP"),
        (Protocol::HttpProtobuf, not_found, "HTTP 404: no such page; is this address"),
        (Protocol::Grpc, denied, "gRPC unauthenticated: who are you; is the right key"),
    ] {
        let (told, logs, came) = after(protocol, &answer);
        let told = told.unwrap_or_default();
        assert!(told.contains("1 spans, points and records") && told.contains(why), "{told}");
        assert_eq!((logs.exported, logs.dropped.refused, came), (0, 1, 1));
        assert!(logs.failing_since.is_some());
    }
}

#[test]
fn what_was_taken_in_part_is_counted_in_part() {
    for protocol in BOTH {
        let mut receiver = Receiver::start();
        receiver.answer(&json!({ "partial": 2, "message": "too old" }));
        let otlp = only_logs(receiver.exporter(protocol));
        for _ in 0..5 {
            otlp.log(record());
        }
        let undelivered = otlp.flush(PATIENCE).unwrap_err();
        assert_eq!((undelivered.items, undelivered.why.as_deref()), (2, Some("too old")));
        let logs = logs(&otlp);
        assert_eq!((logs.exported, logs.dropped.refused, logs.failures), (3, 2, 0));
        assert!(otlp.health().is_well());
    }
}

#[test]
fn the_end_does_not_wait_for_a_receiver_that_is_dead_or_does_not_answer() {
    for protocol in BOTH {
        for dead in [true, false] {
            let mut receiver = Receiver::start();
            if dead {
                receiver.kill();
            } else {
                receiver.answer(&json!({ "hang": true }));
            }
            let otlp = only_logs(receiver.exporter(protocol).timeout(PATIENCE));
            otlp.log(record());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let end = async { otlp.shutdown(Duration::from_millis(300)) };
            let undelivered = runtime.block_on(end).unwrap_err();
            assert_eq!(undelivered.items, 1, "{undelivered}");
            // Once more finds nothing to do, and nothing is taken any more.
            assert!(dead.then(|| otlp.shutdown(PATIENCE)).is_none_or(|it| it.is_ok()));
            otlp.log(record());
            assert!(logs(&otlp).dropped.shut_down >= 1);
        }
    }
}

#[test]
fn a_receiver_without_an_address_of_its_own_gets_the_others() {
    let (one, two) = (Receiver::start(), Receiver::start());
    let own = format!("{}/v1/logs", two.endpoint(Protocol::HttpProtobuf));
    let otlp = one
        .exporter(Protocol::Grpc)
        .only_for(Signal::Logs, |logs| {
            logs.endpoint(own).protocol(Protocol::HttpProtobuf).header("team", "red")
        })
        .build()
        .unwrap();
    otlp.log(record());
    otlp.trace(crate::telling::trace());
    otlp.flush(PATIENCE).unwrap();
    let logs = two.next();
    assert_eq!(
        (bodies(&logs), &logs["headers"]["team"]),
        (vec!["stock is low".into()], &json!("red"))
    );
    let mut signals = [one.next(), one.next()].map(|it| it["signal"].as_str().unwrap().to_owned());
    signals.sort();
    assert_eq!(signals, ["metrics", "traces"]);
}
