//! What three-phase commits tell in numbers.

use super::*;
use crate::metrics::{as_the_chapter_says, grows};
use crate::two_phase::failures::Flaky;

async fn commit_and_abort() {
    for (last, decision) in [("yes", Decision::Commit), ("no", Decision::Abort)] {
        let play = Play::new();
        let ended = play.run(["yes", "yes", last]).await.unwrap();
        assert_eq!(ended.is_ok(), decision == Decision::Commit);
        rounds(30).await;
        assert_eq!(play.done(), [Some(decision); 3]);
    }
}

/// The coordinator dies, and all others do it.
async fn commit_alone() {
    let play = Play::new();
    let coordinator = play.world().coordinator.clone().unwrap();
    let voted = coordinator.begin(id(), NAMES.map(|name| (name, "yes"))).unwrap();
    drop(voted.ask().await.unwrap().pre_commit().await.unwrap());
    play.kill(COORDINATOR);
    rounds(60).await;
    assert_eq!(play.done(), [Some(Decision::Commit); 3]);
}

/// The coordinator cannot write down what it is about to say, and so does not say it.
async fn know_nothing() {
    let mut play = Play::new();
    play.kill(COORDINATOR);
    play.journals[COORDINATOR] = Journal::on(Flaky::new(0, 1_000));
    play.start(COORDINATOR);
    let undecided = play.run(["yes"; 3]).await.unwrap().unwrap_err();
    assert!(matches!(undecided, ThreePhaseError::Undecided { .. }), "{undecided}");
}

#[tokio::test(start_paused = true)]
async fn transactions_are_told_by_their_end_and_by_who_has_said_so() {
    let outcome = |outcome| Some(("reliability.three_phase.outcome", outcome));
    let decision = |decision| Some(("reliability.three_phase.decision", decision));
    let way = |way| Some(("reliability.three_phase.way", way));
    let all = [
        ("reliability.three_phase.transactions", outcome("committed"), 1.0),
        ("reliability.three_phase.transactions", outcome("aborted"), 1.0),
        ("reliability.three_phase.duration", None, 2.0),
        ("reliability.three_phase.ended", decision("commit"), 3.0),
        ("reliability.three_phase.ended", decision("abort"), 3.0),
        ("reliability.three_phase.ended", way("told"), 3.0),
    ];
    grows(&all, commit_and_abort()).await;
    grows(&[("reliability.three_phase.ended", way("alone"), 1.0)], commit_alone()).await;
    let undecided = [
        ("reliability.three_phase.transactions", outcome("undecided"), 1.0),
        ("reliability.three_phase.duration", None, 1.0),
    ];
    grows(&undecided, know_nothing()).await;
    as_the_chapter_says("two_phase", "reliability.three_phase.");
}
