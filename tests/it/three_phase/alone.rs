//! What goes wrong while nobody dies, and what operators do.

use super::*;

#[tokio::test(start_paused = true)]
async fn all_do_it_when_all_have_voted_yes() {
    let play = Play::new();
    let outcome = play.run(["yes"; 3]).await.unwrap().unwrap();
    assert!(outcome.is_complete() && outcome.decision == Decision::Commit);
    rounds(1).await;
    assert_eq!(play.done(), [Some(Decision::Commit); 3]);
    let again = play.run(["yes"; 3]).await.unwrap().unwrap_err();
    assert!(matches!(again, ThreePhaseError::NotNew { .. }), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_no_and_a_panic_abort_all() {
    for (bad, refuses) in [("no", "b"), ("panic", "b")] {
        let play = Play::new();
        let refused = play.run(["yes", bad, "yes"]).await.unwrap().unwrap_err();
        assert!(matches!(&refused, ThreePhaseError::Refused { by, .. } if by == refuses));
        rounds(30).await;
        assert_eq!(play.done(), [Some(Decision::Abort); 3], "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_vote_that_does_not_come_within_a_round_is_a_no() {
    let play = Play::new();
    play.shelves[2].kept.lock().unwrap().slow = ROUND * 2;
    let late = play.run(["yes"; 3]).await.unwrap().unwrap_err();
    assert!(matches!(&late, ThreePhaseError::NoVote { of, .. } if *of == ["c"]), "{late}");
    rounds(30).await;
    assert_eq!(play.done(), [Some(Decision::Abort); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_never_was_is_no_vote() {
    let play = Play::new();
    let coordinator = play.world().coordinator.clone().unwrap();
    let works = [("a", "yes"), ("nobody", "yes")];
    let silent = coordinator.run(id(), works).await.unwrap_err();
    assert!(matches!(&silent, ThreePhaseError::NoVote { of, .. } if *of == ["nobody"]));
    for bad in [vec![], vec![("a", ""), ("a", "")], vec![("orders", "")]] {
        let invalid = coordinator.begin(id(), bad).unwrap_err();
        assert!(matches!(invalid, ThreePhaseError::Invalid(_)), "{invalid}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_dawdles_does_not_commit_what_the_others_have_aborted() {
    let play = Play::new();
    let coordinator = play.world().coordinator.clone().unwrap();
    let voted = coordinator.begin(id(), NAMES.map(|name| (name, "yes"))).unwrap();
    let voted = voted.ask().await.unwrap();
    rounds(40).await;
    assert_eq!(play.done(), [Some(Decision::Abort); 3], "they have gone on without it");
    let late = voted.pre_commit().await.unwrap_err();
    assert!(matches!(late, ThreePhaseError::Late { .. }), "{late}");
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_dawdles_later_commits_what_the_others_have_committed() {
    let play = Play::new();
    let coordinator = play.world().coordinator.clone().unwrap();
    let voted = coordinator.begin(id(), NAMES.map(|name| (name, "yes"))).unwrap();
    let known = voted.ask().await.unwrap().pre_commit().await.unwrap();
    rounds(60).await;
    assert_eq!(play.done(), [Some(Decision::Commit); 3], "they have gone on without it");
    assert!(known.commit().await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_before_anybody_knows_is_aborted() {
    let play = Play::new();
    let coordinator = play.world().coordinator.clone().unwrap();
    let voted = coordinator.begin(id(), NAMES.map(|name| (name, "yes"))).unwrap();
    voted.ask().await.unwrap().abort().await;
    rounds(1).await;
    assert_eq!(play.done(), [Some(Decision::Abort); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_member_is_asked_for_again() {
    let play = Play::new();
    play.shelves[0].kept.lock().unwrap().lost = 5;
    assert!(play.run(["yes"; 3]).await.unwrap().is_ok());
    assert_eq!(play.standing(0).await, Some(Standing::Ended(Decision::Commit)));
    rounds(100).await;
    assert_eq!(play.shelves[0].kept.lock().unwrap().lost, 0);
}

#[tokio::test(start_paused = true)]
async fn who_begun_it_and_has_crashed_asks_how_it_has_ended() {
    let play = Play::new();
    let coordinator = play.world().coordinator.clone().unwrap();
    let voted = coordinator.begin(id(), NAMES.map(|name| (name, "yes"))).unwrap();
    drop(voted.ask().await.unwrap().pre_commit().await.unwrap());
    let asks = coordinator.find_out(id(), NAMES).await;
    assert_eq!(asks.unwrap(), Decision::Commit);
    (0..3).for_each(|site| play.kill(site));
    let other = TransactionId::new("order-2").unwrap();
    let nobody = coordinator.find_out(other, NAMES).await.unwrap_err();
    assert!(matches!(nobody, ThreePhaseError::Undecided { .. }), "{nobody}");
}

/// Both others are dead for good, it seems; then one of them comes back, and has done the opposite.
async fn forced_to_abort_what_the_others_have_committed() -> Play {
    let play = Play::new();
    let run = tokio::spawn({
        let coordinator = play.world().coordinator.clone().unwrap();
        async move { coordinator.run(id(), NAMES.map(|name| (name, "yes"))).await }
    });
    while play.standing(1).await != Some(Standing::PreCommitted) {
        tokio::task::yield_now().await;
    }
    play.kill(1);
    assert!(run.await.unwrap().is_ok());
    rounds(1).await;
    [0, 2, COORDINATOR].into_iter().for_each(|who| play.kill(who));
    play.start(1);
    rounds(20).await;
    let site = play.world().sites[1].take().unwrap();
    assert_eq!(site.waiting().await.unwrap(), [id()]);
    let nobody = site.force(&id(), Decision::Abort, "ana", " ").await.unwrap_err();
    assert!(nobody.to_string().contains("by and why"), "{nobody}");
    site.force(&id(), Decision::Abort, "ana", "their machines burnt").await.unwrap();
    rounds(1).await;
    assert_eq!(play.done()[1], Some(Decision::Abort));
    let twice = site.force(&id(), Decision::Commit, "ana", "no, wait").await.unwrap_err();
    assert!(twice.to_string().contains("a transaction that waits"), "{twice}");
    assert_eq!(site.heuristic().await.unwrap(), []);
    play.start(0);
    play.world().sites[1] = Some(site);
    play
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_forces_is_done_and_kept_with_who_and_why() {
    let play = forced_to_abort_what_the_others_have_committed().await;
    let stream = StreamId::new("three_phase.b", "order-1").unwrap();
    let records = play.journals[1].read_to_end(&stream, Sequence::START).await.unwrap();
    let forced = records.iter().find(|record| record.event.name() == "Forced").unwrap();
    let fields: serde_json::Value = forced.event.read_json().unwrap();
    assert_eq!((&fields["by"], &fields["why"]), (&"ana".into(), &"their machines burnt".into()));
    assert_eq!(fields["standing"], "aborted");
}

/// And hears of it.
pub(super) async fn forced_against_the_others() -> Play {
    let play = forced_to_abort_what_the_others_have_committed().await;
    let tells = Envelope {
        transaction: id(),
        coordinator: "orders".into(),
        members: NAMES.map(String::from).to_vec(),
        from: "a".into(),
        to: "b".into(),
        message: Message::Tell(Decision::Commit),
    };
    play.wire.send(tells).await;
    rounds(1).await;
    play
}

#[tokio::test(start_paused = true)]
async fn what_is_forced_against_the_others_stays_until_somebody_has_looked_at_it() {
    let play = forced_against_the_others().await;
    let heuristic = play.at(1, async |site| site.heuristic().await.unwrap()).await;
    assert_eq!(heuristic, [id()]);
}
