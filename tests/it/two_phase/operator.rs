//! What an operator does about commits that are not carried through.

use super::*;
use reliability::distributed::transaction::two_phase::Operator;
use reliability::journal::JournalError;

const GRACE: Duration = Duration::from_secs(60);

/// A commit that the second shop has not heard.
async fn unheard(shops: [&Shop; 2]) -> (TwoPhase, Operator, Journal, WallClock) {
    let clock = WallClock::manual(SystemTime::now());
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let settings = settings(&journal, &shops).deliver_within(Duration::from_millis(100));
    let coordinator = settings.build().unwrap();
    {
        let [here, there] = shops;
        two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
        let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
        there.slow(Duration::from_secs(3600));
        let outcome = order.all_voted(votes).commit().log().await.unwrap().deliver().await;
        assert_eq!(outcome.unheard, ["there"]);
    }
    let operator = Operator::on(&journal).kind("orders");
    (coordinator, operator, journal, clock)
}

#[tokio::test(start_paused = true)]
async fn what_is_told_again_is_told_at_once_and_its_record_says_why() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, operator, journal, clock) = unheard([&here, &there]).await;
    clock.advance(GRACE);
    assert_eq!(coordinator.recover().await.unwrap().undelivered, 1);
    there.slow(Duration::ZERO);
    there.kept.lock().unwrap().promised.clear();
    assert_eq!(coordinator.recover().await.unwrap().delivered, 0, "it is not due");
    operator.retry(&id("1"), "ada", "the line is back").await.unwrap();
    assert_eq!(coordinator.recover().await.unwrap().delivered, 1);
    assert_eq!(there.done("1"), Some(Decision::Commit));
    assert_eq!(statuses(&journal).await, ["finished"]);
    let shown = operator.show(&id("1")).await.unwrap();
    assert_eq!(shown.decision, Decision::Commit);
    let text = shown.to_string();
    for line in ["decided: commit, by here, there", "ada has it told again: the line is back"] {
        assert!(text.contains(line), "{text}");
    }
    let over = operator.abandon(&id("1"), "ada", "why not").await.unwrap_err();
    assert!(over.to_string().contains("which all have heard"), "{over}");
}

#[tokio::test(start_paused = true)]
async fn what_is_abandoned_is_told_to_nobody_and_its_decision_stays() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, operator, journal, clock) = unheard([&here, &there]).await;
    operator.abandon(&id("1"), "ada", "the other bank is gone").await.unwrap();
    there.kept.lock().unwrap().promised.clear();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(48 * 3600));
        let recovered = coordinator.recover().await.unwrap();
        assert_eq!((recovered.delivered, recovered.undelivered, recovered.forgotten), (0, 0, 0));
    }
    assert_eq!(statuses(&journal).await, ["abandoned"]);
    assert_eq!(there.done("1"), None);
    // Were it forgotten, whoever still asks would be told to abort.
    assert_eq!(coordinator.ask(&id("1")).await.unwrap(), Decision::Commit);
    let twice = operator.retry(&id("1"), "ada", "or not").await.unwrap_err();
    assert!(twice.to_string().contains("abandoned"), "{twice}");
}

#[tokio::test(start_paused = true)]
async fn who_had_done_the_opposite_stays_in_the_log_until_somebody_has_looked_at_it() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, journal, _) = coordinator(&[&here, &there]);
    two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
    let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
    there.force("1", Decision::Abort);
    let outcome = order.all_voted(votes).commit().log().await.unwrap().deliver().await;
    assert_eq!(outcome.against, ["there"]);
    let operator = Operator::on(&journal).kind("orders");
    assert_eq!(operator.list(Some("heuristic")).await.unwrap().len(), 1);
    assert_eq!(operator.show(&id("1")).await.unwrap().against, ["there"]);
    assert!(operator.retry(&id("1"), "ada", "again").await.is_err(), "all have heard it");
    operator.abandon(&id("1"), "ada", "booked by hand").await.unwrap();
    assert!(operator.list(Some("heuristic")).await.unwrap().is_empty());
    let text = operator.show(&id("1")).await.unwrap().to_string();
    for line in
        ["had done the opposite on their own: there", "ada has abandoned it: booked by hand"]
    {
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_decided_is_closed_to_whoever_began_it() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, journal, clock) = coordinator(&[&here, &there]);
    two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
    let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
    let operator = Operator::on(&journal).kind("orders");
    assert!(operator.show(&id("1")).await.is_err(), "only its participants know of it");
    operator.cancel(&id("1"), "ada", "the machine is lost").await.unwrap();
    let late = order.all_voted(votes).commit().log().await.unwrap_err();
    assert!(matches!(late, TwoPhaseError::TakenOver { .. }), "{late}");
    assert_eq!([here.done("1"), there.done("1")], [Some(Decision::Abort); 2]);
    let twice = operator.cancel(&id("1"), "ada", "again").await.unwrap_err();
    assert!(twice.to_string().contains("whose decision is abort"), "{twice}");
    // Who did it and why is there for as long as anybody wants to know.
    clock.advance(Duration::from_secs(48 * 3600));
    coordinator.recover().await.unwrap();
    let text = operator.show(&id("1")).await.unwrap().to_string();
    assert!(text.contains("ada has cancelled it: the machine is lost"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn operators_say_who_they_are_and_which_transaction_they_mean() {
    let (here, there) = (shop("here"), shop("there"));
    let (_, operator, ..) = unheard([&here, &there]).await;
    for (of, by, why) in [("1", "", "why"), ("1", "ada", " "), ("2", "ada", "why")] {
        let (retried, abandoned) =
            (operator.retry(&id(of), by, why).await, operator.abandon(&id(of), by, why).await);
        for refused in [retried, abandoned] {
            assert!(matches!(refused, Err(JournalError::Invalid(_))), "{of} {by} {why}");
        }
    }
    assert!(operator.cancel(&id("3"), "ada", "").await.is_err());
}
