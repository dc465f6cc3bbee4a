//! The span of each command, in the trace of whoever gives it.

use reliability::distributed::transaction::event_sourcing::Repository;
use reliability::journal::Journal;
use reliability::telemetry::trace;

use super::events::{Add, Counter, Hard};
use crate::recorded::{Recording, attributes};

#[tokio::test]
async fn a_command_is_a_span_with_what_it_came_to() {
    let recording = Recording::all();
    let counters: Repository<Counter> = Repository::on(&Journal::in_memory());
    let asked = trace::span("asked for three").begin();
    asked
        .around(async {
            counters.execute("1", &Add(3)).await.unwrap();
            counters.execute("1", &Add(0)).await.unwrap_err();
        })
        .await;
    asked.end();
    let trace = recording.trace("asked for three");
    let [_, done, refused] = trace.spans.as_slice() else { panic!("{trace:#?}") };
    let of = |span| {
        let told = attributes(span);
        told.into_iter().filter(|it| it.starts_with("reliability.event_sourcing.")).collect()
    };
    let (done, refused): (Vec<_>, Vec<_>) = (of(done), of(refused));
    assert_eq!(
        done,
        [
            "reliability.event_sourcing.kind=counter",
            "reliability.event_sourcing.key=1",
            "reliability.event_sourcing.command=Add",
            "reliability.event_sourcing.attempts=1",
            "reliability.event_sourcing.outcome=executed",
            "reliability.event_sourcing.events=1",
        ]
    );
    assert_eq!(
        refused[3..],
        ["reliability.event_sourcing.attempts=1", "reliability.event_sourcing.outcome=refused"]
    );
}

#[tokio::test]
async fn a_command_that_others_are_always_quicker_than_is_a_failed_span() {
    let recording = Recording::all();
    let counters: Repository<Counter> =
        Repository::builder(&Journal::on(Hard::default())).attempts(3).build().unwrap();
    counters.execute("1", &Add(1)).await.map(|it| it.sequence).unwrap_err();
    let trace = recording.trace("event_sourcing.command");
    let told = attributes(&trace.spans[0]);
    assert!(told.iter().any(|it| it == "reliability.event_sourcing.attempts=3"), "{told:?}");
    assert!(told.iter().any(|it| it == "reliability.event_sourcing.outcome=contended"), "{told:?}");
    assert!(trace.spans[0].status.is_error(), "{trace:#?}");
}
