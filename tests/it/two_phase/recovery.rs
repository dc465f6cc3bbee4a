//! What goes wrong when the coordinator does not live.

use super::*;
use reliability::journal::{Append, Due, Event, StreamId};

const GRACE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn who_dies_before_the_decision_leaves_an_abort_to_recovery() {
    let (here, there) = (shop("here"), shop("there"));
    let (first, journal, _) = coordinator(&[]);
    {
        two_phase::begin!(let order = first, id("1"), (here.yes(), there.yes()));
        let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
        drop(order.all_voted(votes).commit());
    }
    assert_eq!((here.promised(), there.promised()), (1, 1), "in doubt");
    let other = settings(&journal, &[&here, &there]).build().unwrap();
    let recovered = other.recover().await.unwrap();
    assert_eq!((recovered.aborted, recovered.committed), (2, 0));
    assert_eq!([here.done("1"), there.done("1")], [Some(Decision::Abort); 2]);
    assert_eq!(statuses(&journal).await, ["aborted"]);
}

#[tokio::test(start_paused = true)]
async fn who_dies_after_the_decision_leaves_a_commit_to_any_other_process() {
    let (here, there) = (shop("here"), shop("there"));
    let (first, journal, clock) = coordinator(&[]);
    {
        two_phase::begin!(let order = first, id("1"), (here.yes(), there.yes()));
        let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
        drop(order.all_voted(votes).commit().log().await.unwrap());
    }
    let other = settings(&journal, &[&here, &there]).build().unwrap();
    // Who asks is answered at once; the others are told when it is due.
    let recovered = other.recover().await.unwrap();
    assert_eq!((recovered.committed, recovered.delivered), (2, 0));
    clock.advance(GRACE);
    assert_eq!(other.recover().await.unwrap().delivered, 1);
    assert_eq!([here.done("1"), there.done("1")], [Some(Decision::Commit); 2]);
    assert_eq!(statuses(&journal).await, ["finished"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_only_slow_finds_the_log_closed() {
    let (here, there) = (shop("here"), shop("there"));
    let (slow, journal, _) = coordinator(&[]);
    two_phase::begin!(let order = slow, id("1"), (here.yes(), there.yes()));
    let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
    let decided = order.all_voted(votes).commit();
    let other = settings(&journal, &[&here]).build().unwrap();
    assert_eq!(other.recover().await.unwrap().aborted, 1);
    let taken_over = decided.log().await.unwrap_err();
    assert!(matches!(taken_over, TwoPhaseError::TakenOver { .. }), "{taken_over}");
    assert_eq!([here.done("1"), there.done("1")], [Some(Decision::Abort); 2]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_here_knows_waits_for_somebody_who_does() {
    let (here, there) = (shop("here"), shop("there"));
    let (first, journal, clock) = coordinator(&[]);
    {
        two_phase::begin!(let order = first, id("1"), (here.yes(), there.yes()));
        let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
        drop(order.all_voted(votes).commit().log().await.unwrap());
    }
    clock.advance(GRACE);
    let ignorant = settings(&journal, &[&here]).build().unwrap();
    let recovered = ignorant.recover().await.unwrap();
    assert_eq!((recovered.delivered, recovered.undelivered), (0, 1));
    assert_eq!((here.done("1"), there.done("1")), (Some(Decision::Commit), None));
    let knowing = settings(&journal, &[&here, &there]).build().unwrap();
    assert_eq!(knowing.recover().await.unwrap().committed, 1, "who asks is answered at once");
    clock.advance(GRACE);
    assert_eq!(knowing.recover().await.unwrap().delivered, 1);
    assert_eq!(there.done("1"), Some(Decision::Commit));
}

#[tokio::test(start_paused = true)]
async fn two_who_recover_at_once_do_no_harm() {
    let shops = [shop("a"), shop("b"), shop("c")];
    let all: Vec<&Shop> = shops.iter().collect();
    let (first, journal, clock) = coordinator(&[]);
    for number in 0..20 {
        let name = number.to_string();
        two_phase::begin!(let order = first, id(&name), (shops[0].yes(), shops[1].yes()));
        let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
        let decided = order.all_voted(votes).commit();
        if number % 2 == 0 {
            drop(decided.log().await.unwrap());
        }
    }
    clock.advance(GRACE);
    let (one, other) =
        (settings(&journal, &all).build().unwrap(), settings(&journal, &all).build().unwrap());
    let (one, other) = tokio::join!(one.recover(), other.recover());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.delivered + other.delivered, 10);
    for number in 0..20 {
        let expected = if number % 2 == 0 { Decision::Commit } else { Decision::Abort };
        let done = [shops[0].done(&number.to_string()), shops[1].done(&number.to_string())];
        assert_eq!(done, [Some(expected); 2], "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_it_is_dropped_recovery_makes_all_agree() {
    let (mut committed, mut aborted) = (0, 0);
    for millis in 0..60 {
        let (here, there) = (shop("here"), shop("there"));
        here.slow(Duration::from_millis(7));
        there.slow(Duration::from_millis(11));
        let (first, journal, clock) = coordinator(&[]);
        let both: Vec<Arc<dyn Participant>> = vec![Arc::new(here.yes()), Arc::new(there.yes())];
        let run = first.run(id("1"), both);
        tokio::time::timeout(Duration::from_millis(millis), run).await.ok();
        let other = settings(&journal, &[&here, &there]).build().unwrap();
        clock.advance(GRACE);
        other.recover().await.unwrap();
        assert_eq!((here.promised(), there.promised()), (0, 0), "after {millis} ms");
        match [here.done("1"), there.done("1")] {
            [Some(Decision::Commit), Some(Decision::Commit)] => committed += 1,
            [None | Some(Decision::Abort), None | Some(Decision::Abort)] => aborted += 1,
            apart => panic!("after {millis} ms: {apart:?}"),
        }
    }
    assert!(committed > 5 && aborted > 5, "{committed} committed, {aborted} aborted");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_does_not_hold_up_the_others() {
    let here = shop("here");
    let (first, journal, clock) = coordinator(&[]);
    let nonsense = StreamId::new("orders", "0").unwrap();
    let nonsense = Append::to(&nonsense).event(Event::bytes("Nonsense", 1, []));
    journal.append(nonsense.due(Due::Now)).await.unwrap();
    {
        two_phase::begin!(let order = first, id("1"), (here.yes(),));
        let vote = order.ask::<0>().await.unwrap();
        drop(order.all_voted((vote,)).commit().log().await.unwrap());
    }
    clock.advance(GRACE);
    let recovered = settings(&journal, &[&here]).build().unwrap().recover().await.unwrap();
    assert_eq!((recovered.delivered, recovered.undelivered), (1, 1));
    assert_eq!(here.done("1"), Some(Decision::Commit));
}

/// Does what it is told, but for one transaction.
struct Touchy;

impl Resource for Touchy {
    fn name(&self) -> &str {
        "touchy"
    }

    fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        assert_ne!(transaction.as_str(), "1", "on purpose");
        self.commit(transaction)
    }

    fn in_doubt(&self, _: Duration) -> Answer<'_, Vec<TransactionId>> {
        Box::pin(async { Ok(["1", "2"].map(id).into()) })
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_panics_is_counted_and_the_others_are_told() {
    let other = settings(&Journal::in_memory(), &[]).resource(Arc::new(Touchy)).build().unwrap();
    let recovered = other.recover().await.unwrap();
    assert_eq!((recovered.aborted, recovered.unreachable), (1, 1));
}
