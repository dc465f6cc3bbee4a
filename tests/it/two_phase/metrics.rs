//! What two-phase commits tell in numbers.

use super::failures::Flaky;
use super::*;
use crate::metrics::{as_the_chapter_says, grows};

const GRACE: Duration = Duration::from_secs(60);

/// Both, by one `run`; with what the second one says.
async fn run(coordinator: &TwoPhase, transaction: &str, orders: [Order; 2]) {
    let orders = orders.map(|order| Arc::new(order) as Arc<dyn Participant>);
    let _ = coordinator.run(id(transaction), orders.into()).await;
}

async fn commit_abort_and_do_the_opposite() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, ..) = coordinator(&[&here, &there]);
    run(&coordinator, "1", [here.yes(), there.yes()]).await;
    assert_eq!(there.done("1"), Some(Decision::Commit));
    run(&coordinator, "2", [here.yes(), there.no()]).await;
    assert_eq!(here.done("2"), Some(Decision::Abort));
    there.force("3", Decision::Abort);
    run(&coordinator, "3", [here.yes(), there.yes()]).await;
    assert_eq!(there.done("3"), Some(Decision::Abort), "it was told to commit");
    // The log is gone, so that nobody knows whether the decision stands in it.
    let coordinator = TwoPhase::on(&Journal::on(Flaky::new(0, 1_000)));
    run(&coordinator, "4", [here.yes(), there.yes()]).await;
    assert_eq!((here.done("4"), there.done("4")), (None, None));
}

/// One who has promised is not told, and another one promised what nobody has decided.
async fn recover_both() {
    let (here, there) = (shop("here"), shop("there"));
    let clock = WallClock::manual(SystemTime::now());
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let settings = settings(&journal, &[&here, &there]).deliver_within(Duration::from_millis(100));
    let coordinator = settings.build().unwrap();
    {
        two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
        let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
        there.slow(Duration::from_secs(3600));
        let outcome = order.all_voted(votes).commit().log().await.unwrap().deliver().await;
        assert_eq!(outcome.unheard, ["there"]);
    }
    there.slow(Duration::ZERO);
    here.kept.lock().unwrap().promised.push(id("2"));
    clock.advance(GRACE);
    let recovered = coordinator.recover().await.unwrap();
    assert_eq!((recovered.delivered, recovered.aborted), (1, 1), "{recovered:?}");
}

#[tokio::test(start_paused = true)]
async fn transactions_are_told_by_how_they_have_ended() {
    let outcome = |outcome| Some(("reliability.two_phase.outcome", outcome));
    let all = [
        ("reliability.two_phase.transactions", outcome("committed"), 1.0),
        ("reliability.two_phase.transactions", outcome("aborted"), 1.0),
        ("reliability.two_phase.transactions", outcome("heuristic"), 1.0),
        ("reliability.two_phase.transactions", outcome("undecided"), 1.0),
        ("reliability.two_phase.duration", None, 4.0),
    ];
    grows(&all, commit_abort_and_do_the_opposite()).await;
}

#[tokio::test(start_paused = true)]
async fn what_recovery_has_done_is_told_by_the_decision() {
    let decision = |decision| Some(("reliability.two_phase.decision", decision));
    let all = [
        ("reliability.two_phase.recovered", decision("commit"), 1.0),
        ("reliability.two_phase.recovered", decision("abort"), 1.0),
    ];
    grows(&all, recover_both()).await;
    as_the_chapter_says("two_phase", "reliability.two_phase.");
}
