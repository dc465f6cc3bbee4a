//! The trace of a saga: its start, each worker that takes it up, each attempt at a step; one trace,
//! also when another engine goes on with it.

use std::time::Duration;

use reliability::distributed::transaction::saga::{Cx, End, Outcome, Sagas, Transient, saga};
use reliability::journal::Journal;
use reliability::telemetry::trace::{self, Kind, Span, Trace};

use crate::recorded::{Recording, attributes};

async fn enter(_: &Cx<Door>, guests: &u32) -> Result<u32, Outcome<String>> {
    Ok(*guests)
}

async fn leave(cx: &Cx<Door>, _: &u32, _: &u32) -> Result<(), Transient> {
    match cx.shared().is_open {
        true => Ok(()),
        false => Err(Transient::new("the door is shut").after(Duration::from_millis(300))),
    }
}

struct Door {
    is_open: bool,
}

#[saga(input = u32, refuse = String, shared = Door)]
#[derive(Debug)]
enum Visit {
    #[step(enter, undo = none("nobody is inside before the end"))]
    Entered(u32),
    #[then(leave, needs(Entered))]
    Left(()),
}

/// An engine that puts down whatever has to wait.
fn engine(journal: &Journal, is_open: bool) -> Sagas {
    let builder = Sagas::on(journal).saga::<Visit>(Door { is_open }).stay(Duration::ZERO);
    builder.start().unwrap()
}

fn named<'t>(traces: &'t [Trace], name: &str) -> Vec<&'t Span> {
    let spans = traces.iter().flat_map(|trace| &trace.spans);
    let mut spans: Vec<_> = spans.filter(|span| span.name == name).collect();
    spans.sort_by_key(|span| span.start);
    spans
}

fn has(span: &Span, attribute: &str) -> bool {
    attributes(span).iter().any(|it| it == attribute)
}

#[tokio::test]
async fn a_saga_is_one_trace_whoever_goes_on_with_it() {
    let recording = Recording::all();
    let journal = Journal::in_memory();
    let first = engine(&journal, false);
    let caller = trace::span("a visitor comes").begin();
    caller.around(async { first.start::<Visit>("monday", 3).await.unwrap() }).await;
    let id = caller.context().trace_id().unwrap();
    caller.end();
    // It is put down for as long as the door wants, and another engine takes it up.
    while !recording.traces_of(id).iter().any(|trace| trace.spans[0].name == "saga.run") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.stop(Duration::from_secs(10)).await;
    let second = engine(&journal, true);
    let end = second.find::<Visit>("monday").unwrap().ended().await.unwrap();
    assert!(matches!(end, End::Completed(_)), "{end:?}");
    second.stop(Duration::from_secs(10)).await;

    let traces = recording.traces_of(id);
    let [start] = named(&traces, "saga.start")[..] else { panic!("{traces:#?}") };
    assert_eq!(start.kind, Kind::Producer);
    assert!(has(start, "reliability.saga.name=visit") && has(start, "reliability.saga.key=monday"));
    let [before, after] = named(&traces, "saga.run")[..] else { panic!("{traces:#?}") };
    for run in [before, after] {
        assert_eq!((run.kind, run.parent), (Kind::Consumer, Some(start.id)), "{run:#?}");
        assert!(has(run, "reliability.saga.key=monday"), "{run:#?}");
    }
    assert!(has(before, "reliability.saga.outcome=put_down") && before.links.is_empty());
    // Who goes on says so, and where it began.
    assert!(has(after, "reliability.saga.resumed=true"), "{after:#?}");
    assert!(has(after, "reliability.saga.outcome=completed"), "{after:#?}");
    let [began] = &after.links[..] else { panic!("{after:#?}") };
    assert_eq!((began.trace_id, began.span_id), (id, start.id));
    // Each attempt is a part of what its worker does.
    let steps = named(&traces, "saga.step");
    let of = |name: &str| -> Vec<_> {
        let name = format!("reliability.saga.step={name}");
        steps.iter().filter(|step| has(step, &name)).map(|step| step.parent.unwrap()).collect()
    };
    assert_eq!((of("Entered"), of("Left")), (vec![before.id], vec![before.id, after.id]));
}

#[tokio::test]
async fn a_worker_that_died_in_its_first_attempt_is_resumed_as_well() {
    let recording = Recording::all();
    let journal = Journal::in_memory();
    let builder = Sagas::on(&journal).saga::<Visit>(Door { is_open: true });
    let dies = builder.lease(Duration::from_millis(200)).start().unwrap();
    let caller = trace::span("a visitor comes to nobody").begin();
    // The engine is dropped before it has been asked for anything: as if its process had died.
    caller.around(async { dies.start::<Visit>("friday", 3).await.unwrap() }).await;
    let id = caller.context().trace_id().unwrap();
    caller.end();
    drop(dies);
    let lives = engine(&journal, true);
    let end = lives.find::<Visit>("friday").unwrap().ended().await.unwrap();
    assert!(matches!(end, End::Completed(_)), "{end:?}");
    lives.stop(Duration::from_secs(10)).await;
    let traces = recording.traces_of(id);
    let [start] = named(&traces, "saga.start")[..] else { panic!("{traces:#?}") };
    let runs = named(&traces, "saga.run");
    let last = runs.last().unwrap();
    assert!(has(last, "reliability.saga.resumed=true"), "{last:#?}");
    assert_eq!(last.links[0].span_id, start.id);
}

#[tokio::test]
async fn a_saga_that_nobody_asked_for_begins_a_trace_of_its_own() {
    let recording = Recording::all();
    let journal = Journal::in_memory();
    let sagas = engine(&journal, true);
    let handle = sagas.start::<Visit>("tuesday", 1).await.unwrap();
    assert!(matches!(handle.ended().await.unwrap(), End::Completed(_)));
    sagas.stop(Duration::from_secs(10)).await;
    let first = journal.read(handle.stream(), Default::default(), 1).await.unwrap();
    let said: serde_json::Value = first[0].event.read_json().unwrap();
    let started = trace::Context::from_traceparent(said["traceparent"].as_str().unwrap()).unwrap();
    let traces = recording.traces_of(started.trace_id().unwrap());
    let [start] = named(&traces, "saga.start")[..] else { panic!("{traces:#?}") };
    assert_eq!((start.parent, Some(start.id)), (None, started.span_id()));
    assert_eq!(named(&traces, "saga.step").len(), 2);
}
