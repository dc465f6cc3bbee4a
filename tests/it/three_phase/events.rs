//! Journals that do not answer, and what is told of participants who end without their coordinator.

use super::*;
use crate::policy::events::{assert_as_documented, heard_of};
use crate::two_phase::failures::Flaky;

/// The second site has a journal that fails so often, and then works.
async fn writes_with(unknown: u32, unavailable: u32) -> (Play, Ended) {
    let mut play = Play::new();
    play.kill(1);
    play.journals[1] = Journal::on(Flaky::new(unknown, unavailable));
    play.start(1);
    let ended = play.run(["yes"; 3]).await;
    rounds(60).await;
    (play, ended)
}

#[tokio::test(start_paused = true)]
async fn who_cannot_write_counts_as_dead_and_does_as_the_others_later() {
    for (unknown, unavailable) in [(1, 0), (0, 1), (2, 0), (0, 3), (3, 3)] {
        let (play, ended) = writes_with(unknown, unavailable).await;
        let what = format!("{unknown} unknown, {unavailable} unavailable: {ended:?}");
        let late = matches!(&ended, Some(Err(ThreePhaseError::NoVote { of, .. })) if *of == ["b"]);
        assert!(late, "{what}");
        let [a, b, c] = play.done();
        assert_eq!((a, c), (Some(Decision::Abort), Some(Decision::Abort)), "{what}");
        assert_ne!(b, Some(Decision::Commit), "{what}");
        let promised = play.shelves[1].kept.lock().unwrap().promised.len();
        assert_eq!(promised, 0, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_cannot_write_tells_nobody_and_the_others_commit_without_it() {
    let mut play = Play::new();
    play.kill(COORDINATOR);
    play.journals[COORDINATOR] = Journal::on(Flaky::new(0, 1_000));
    play.start(COORDINATOR);
    let undecided = play.run(["yes"; 3]).await.unwrap().unwrap_err();
    assert!(matches!(undecided, ThreePhaseError::Undecided { source: Some(_), .. }));
    assert_eq!(play.done(), [None; 3]);
    rounds(60).await;
    assert_eq!(play.done(), [Some(Decision::Commit); 3]);
}

async fn everything_there_is_to_tell() {
    super::alone::forced_against_the_others().await;
    writes_with(1, 0).await;
}

#[tokio::test(start_paused = true)]
async fn what_ends_without_a_coordinator_is_told() {
    let mut heard = heard_of(everything_there_is_to_tell).await;
    heard.retain(|(event, _)| event.name().starts_with("reliability.three_phase."));
    assert_as_documented(&heard, |event| event.starts_with("reliability.three_phase."));
    let of = |name: &str| {
        let fields = heard.iter().find(|(event, _)| event.name() == name).map(|(_, it)| it);
        fields.unwrap_or_else(|| panic!("{name} was not told"))
    };
    assert_eq!(of("reliability.three_phase.waiting")["reliability.three_phase.site"], "b");
    let ended = of("reliability.three_phase.ended");
    assert_eq!(ended["reliability.three_phase.way"], "forced");
    assert_eq!(ended["reliability.three_phase.decision"], "abort");
    let heuristic = of("reliability.three_phase.heuristic");
    assert_eq!(heuristic["reliability.three_phase.transaction"], "order-1");
    assert!(of("reliability.three_phase.broken")["reliability.error"].contains("silent"));
}
