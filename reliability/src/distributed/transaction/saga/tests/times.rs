//! What happens when its time has come, and not before: pauses, limits of attempts, and deadlines;
//! and the picture of a run meanwhile.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::super::*;
use crate::journal::{Journal, MemoryStore, Sequence, StreamId};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::time::WallClock;

/// A room is held for an hour before it is paid.
#[saga(input = u32, refuse = String, shared = Desk)]
#[derive(Debug)]
enum Stay {
    #[step(book, undo = cancel, timeout = "2s", backoff = constant("5ms"))]
    Booked(String),
    #[wait("1h")]
    Held(()),
    #[pivot(pay, needs(Booked))]
    Paid(String),
    #[then(thank)]
    Thanked(()),
}

/// The same, but whoever books does not wait for so long.
#[saga(input = u32, refuse = String, shared = Desk, deadline = "30m")]
#[derive(Debug)]
enum Hurried {
    #[step(book, undo = cancel)]
    Booked(String),
    #[wait("1h")]
    Held(()),
    #[pivot(pay, needs(Booked))]
    Paid(String),
}

struct Desk {
    calls: Mutex<Vec<String>>,
    /// So many of the next bookings hear nothing.
    silent: AtomicUsize,
}

impl Desk {
    fn call(&self, what: &str) {
        self.calls.lock().push(what.into());
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().clone()
    }
}

async fn book(cx: &Cx<Desk>, _: &u32) -> Result<String, Outcome<String>> {
    cx.shared().call(cx.effect().as_str());
    let less = |it: usize| it.checked_sub(1);
    if cx.shared().silent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
        core::future::pending::<()>().await;
    }
    Ok(cx.effect().to_string())
}

async fn cancel(cx: &Cx<Desk>, _: &u32, booked: Attempt<'_, String>) -> Result<(), Transient> {
    cx.shared().call(if booked.done().is_some() { "cancel" } else { "cancel maybe" });
    Ok(())
}

async fn pay(cx: &Cx<Desk>, _: &u32, _: &String) -> Result<String, Outcome<String>> {
    cx.shared().call("pay");
    Ok("a receipt".into())
}

async fn thank(cx: &Cx<Desk>, _: &u32) -> Result<(), Transient> {
    cx.shared().call("thank");
    Ok(())
}

struct Bench {
    clock: WallClock,
    journal: Journal,
    desk: Arc<Desk>,
}

impl Bench {
    fn new() -> Self {
        let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let journal = Journal::on(MemoryStore::with_clock(&clock));
        let desk = Desk { calls: Mutex::new(Vec::new()), silent: AtomicUsize::new(0) };
        Self { clock, journal, desk: Arc::new(desk) }
    }

    fn engine(&self) -> Sagas {
        let sagas = Sagas::on(&self.journal).saga::<Stay>(Arc::clone(&self.desk));
        sagas.saga::<Hurried>(Arc::clone(&self.desk)).clock(&self.clock).start().unwrap()
    }

    /// So much time goes by, and the engine looks at what is due.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn status(&self, stream: &StreamId) -> String {
        self.journal.head(stream).await.unwrap().unwrap().status
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_goes_on_when_the_time_is_over_that_it_waits_for_and_not_before() {
    let bench = Bench::new();
    let sagas = bench.engine();
    let began = bench.clock.now();
    let stay = sagas.start::<Stay>("1", 7).await.unwrap();
    // It is booked before any time goes by.
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench.pass(3599).await;
    assert_eq!(bench.desk.calls().len(), 1, "it is booked, and nothing else");
    let head = bench.journal.head(stay.stream()).await.unwrap().unwrap();
    assert_eq!(head.due_at, Some(began + Duration::from_secs(3600)));
    assert!(head.held.is_none(), "nobody holds it for so long: {head:?}");

    bench.pass(1).await;
    assert_eq!(bench.desk.calls()[1..], ["pay", "thank"]);
    assert!(matches!(stay.ended().await.unwrap(), End::Completed(_)));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_declaration_turns_back_what_nobody_has_given_another_one() {
    let bench = Bench::new();
    let sagas = bench.engine();
    let stay = sagas.start::<Hurried>("1", 7).await.unwrap();
    bench.pass(1799).await;
    assert_eq!(bench.status(stay.stream()).await, "running");
    assert_eq!(bench.desk.calls().len(), 1);
    bench.pass(1).await;
    assert_eq!(bench.desk.calls()[1..], ["cancel"]);
    let end = stay.ended().await.unwrap();
    assert!(matches!(end, End::RolledBack(Why::Deadline)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_may_have_happened_and_is_repeated_with_the_same_effect() {
    let bench = Bench::new();
    bench.desk.silent.store(2, Ordering::Relaxed);
    let sagas = bench.engine();
    let stay = sagas.start::<Stay>("1", 7).await.unwrap();
    bench.pass(10).await;
    let effects = bench.desk.calls();
    assert_eq!(effects.len(), 3, "two that hear nothing, and one that does: {effects:?}");
    assert!(effects.iter().all(|effect| *effect == effects[0] && effect.ends_with("-Booked")));

    let records = bench.journal.read_to_end(stay.stream(), Sequence::START).await.unwrap();
    let tried = records.iter().filter(|it| it.event.name() == "saga.tried");
    let tried: Vec<serde_json::Value> = tried.map(|it| it.event.read_json().unwrap()).collect();
    assert_eq!(tried.len(), 2, "{records:?}");
    for said in tried {
        assert_eq!((&said["step"], &said["unknown"]), (&"Booked".into(), &true.into()), "{said}");
        assert_eq!(said["reason"], "it did not end within 2s");
    }
}

/// The states of the steps as both pictures have them.
async fn drawn(bench: &Bench, stream: &StreamId) -> Vec<String> {
    let shown = Operator::on(&bench.journal).show(stream).await.unwrap();
    let mermaid = shown.plan.mermaid(Some(&shown.progress));
    let dot = shown.plan.dot(Some(&shown.progress));
    let steps = 0..shown.plan.steps().len();
    let state = |step: usize| {
        let class = alloc::format!("    class s{step} ");
        let of = mermaid.lines().find_map(|line| line.strip_prefix(&class)).unwrap();
        // Each has the same colour in both.
        let fill = alloc::format!("    classDef {of} fill:");
        let fill = mermaid.lines().find_map(|line| line.strip_prefix(&fill)).unwrap();
        let fill = alloc::format!("fillcolor=\"{}\"", fill.split(',').next().unwrap());
        let node = alloc::format!("    s{step} [");
        let node = dot.lines().find(|line| line.starts_with(&node)).unwrap();
        assert!(node.contains(&fill), "{node} is {of}, and not {fill}");
        of.to_string()
    };
    steps.map(state).collect()
}

#[tokio::test(start_paused = true)]
async fn the_picture_of_a_run_has_each_step_as_it_stands() {
    let bench = Bench::new();
    let sagas = bench.engine();
    let [paid, late] = ["paid", "late"];
    let paid = sagas.start::<Stay>(paid, 7).await.unwrap();
    let late = sagas.start::<Hurried>(late, 7).await.unwrap();
    bench.pass(1).await;
    assert_eq!(drawn(&bench, paid.stream()).await, ["done", "open", "waiting", "waiting"]);
    assert_eq!(drawn(&bench, late.stream()).await, ["done", "open", "waiting"]);
    bench.pass(3600).await;
    assert_eq!(drawn(&bench, paid.stream()).await, ["done"; 4]);
    assert_eq!(drawn(&bench, late.stream()).await[0], "undone");

    let progress = paid.progress().await.unwrap().unwrap();
    let plan = Stay::DEFINITION.plan();
    for (picture, fill) in
        [(plan.mermaid(Some(&progress)), "fill:#bfe5bf"), (plan.dot(Some(&progress)), "#bfe5bf")]
    {
        assert!(picture.contains(fill), "what is done is green: {picture}");
    }
}
