//! What goes wrong while the coordinator lives.

use super::*;
use crate::policy::events::{assert_as_documented, heard_of};
use reliability::journal::{
    Append, Appended, Changes, Claim, Head, JournalError, Lease, Position, Record, Sequence, Store,
    StreamId,
};

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, _, _) = coordinator(&[]);
    two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
    let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
    let logged = order.all_voted(votes).commit().log().await.unwrap();
    there.lose(3);
    assert!(logged.deliver().await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_vote_that_does_not_come_in_time_is_a_no() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, _, _) = coordinator(&[]);
    there.slow(Duration::from_secs(11));
    let both: Vec<Arc<dyn Participant>> = vec![Arc::new(here.yes()), Arc::new(there.yes())];
    let late = coordinator.run(id("1"), both).await.unwrap_err();
    assert!(matches!(&late, TwoPhaseError::NoVote { source, .. } if source.who() == "there"));
    assert_eq!(here.done("1"), Some(Decision::Abort));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_no_vote() {
    struct Panics;
    impl Resource for Panics {
        fn name(&self) -> &str {
            "panics"
        }
        fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
            Box::pin(async { panic!("on purpose") })
        }
        fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
            Box::pin(async { panic!("on purpose") })
        }
    }
    impl Participant for Panics {
        fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
            Box::pin(async { panic!("on purpose") })
        }
    }
    let here = shop("here");
    let (coordinator, _, _) = coordinator(&[]);
    let both: Vec<Arc<dyn Participant>> = vec![Arc::new(here.yes()), Arc::new(Panics)];
    let panicked = coordinator.run(id("1"), both).await.unwrap_err();
    assert!(matches!(panicked, TwoPhaseError::NoVote { .. }), "{panicked}");
    assert_eq!(here.done("1"), Some(Decision::Abort));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_used_before_does_nothing_again() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, _, _) = coordinator(&[]);
    let run = |shop: &Shop| coordinator.run(id("1"), vec![Arc::new(shop.yes()) as _]);
    assert!(run(&here).await.unwrap().is_complete());
    let twice = run(&there).await.unwrap_err();
    assert!(matches!(twice, TwoPhaseError::NotNew { .. }), "{twice}");
    assert_eq!(there.done("1"), Some(Decision::Abort));
}

/// Whoever does not know how it went does it again, before recovery has told everybody.
#[tokio::test(start_paused = true)]
async fn a_name_that_was_used_before_and_is_refused_does_not_undo_what_has_committed() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, _, _) = coordinator(&[]);
    two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
    let votes = (order.ask::<0>().await.unwrap(), order.ask::<1>().await.unwrap());
    drop(order.all_voted(votes).commit().log().await.unwrap());
    let again: Vec<Arc<dyn Participant>> = vec![Arc::new(here.no()), Arc::new(there.no())];
    let twice = coordinator.run(id("1"), again).await.unwrap_err();
    assert!(matches!(twice, TwoPhaseError::NotNew { .. }), "{twice}");
    two_phase::begin!(let third = coordinator, id("1"), (here.no(), there.yes()));
    third.ask::<0>().await.unwrap_err();
    let outcome = third.abort().deliver().await;
    assert!(outcome.decision == Decision::Commit && !outcome.is_complete(), "{outcome:?}");
    assert_eq!((here.done("1"), there.done("1")), (None, None));
}

/// What somebody did on his own, and who was not heard of.
async fn somebody_forces_and_sleeps() {
    let (here, there, away) = (shop("here"), shop("there"), shop("away"));
    let (coordinator, journal, clock) = coordinator(&[&here, &there, &away]);
    let all = (here.yes(), there.yes(), away.yes());
    two_phase::begin!(let order = coordinator, id("1"), all);
    let votes = (
        order.ask::<0>().await.unwrap(),
        order.ask::<1>().await.unwrap(),
        order.ask::<2>().await.unwrap(),
    );
    there.force("1", Decision::Abort);
    away.lose(1_000);
    let outcome = order.all_voted(votes).commit().log().await.unwrap().deliver().await;
    assert_eq!((outcome.against, outcome.unheard), (vec!["there".into()], vec!["away".into()]));
    assert_eq!(outcome.decision, Decision::Commit);
    away.lose(0);
    clock.advance(Duration::from_secs(60));
    assert_eq!(coordinator.recover().await.unwrap().delivered, 1);
    assert_eq!(statuses(&journal).await, ["heuristic"], "until somebody has looked at it");
    assert_eq!(here.kept.lock().unwrap().forgotten, 0);
    let operator = two_phase::Operator::on(&journal).kind("orders");
    operator.abandon(&id("1"), "ada", "booked by hand").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_done_against_the_decision_is_told() {
    let heard = heard_of(somebody_forces_and_sleeps).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.two_phase."));
    let of =
        |name: &str| heard.iter().find(|(event, _)| event.name() == name).map(|(_, fields)| fields);
    let heuristic = of("reliability.two_phase.heuristic").unwrap();
    assert_eq!(heuristic["reliability.two_phase.participants"], "there");
    assert_eq!(heuristic["reliability.two_phase.decision"], "commit");
    let undelivered = of("reliability.two_phase.undelivered").unwrap();
    assert_eq!(undelivered["reliability.two_phase.participants"], "away");
    assert_eq!(
        of("reliability.two_phase.recovered").unwrap()["reliability.two_phase.transaction"],
        "1"
    );
    let mended = of("reliability.two_phase.mended").unwrap();
    assert_eq!(mended["reliability.two_phase.verb"], "abandon");
}

/// A store that writes and says that it does not know, or does not write and says so.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: MemoryStore,
    unknown: Mutex<u32>,
    unavailable: Mutex<u32>,
}

impl Flaky {
    /// One that does each of these so often, and then writes.
    pub(crate) fn new(unknown: u32, unavailable: u32) -> Self {
        let (unknown, unavailable) = (Mutex::new(unknown), Mutex::new(unavailable));
        Self { inner: MemoryStore::new(), unknown, unavailable }
    }
}

impl Store for Flaky {
    fn append(&self, batch: Vec<Append>) -> Answer2<'_, Vec<Appended>> {
        let take = |count: &Mutex<u32>| {
            let count = &mut *count.lock().unwrap();
            let left = count.checked_sub(1);
            *count = left.unwrap_or_default();
            left.is_some()
        };
        if take(&self.unavailable) {
            let source = "no such disk".into();
            let error = JournalError::Unavailable { what: "writing", source };
            return Box::pin(async { Err(error) });
        }
        let written = self.inner.append(batch);
        if take(&self.unknown) {
            return Box::pin(async {
                written.await?;
                Err(JournalError::Unknown { source: "the disk is silent".into() })
            });
        }
        written
    }
    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer2<'_, Vec<Record>> {
        self.inner.read(stream, after, most)
    }
    fn read_all(&self, after: Position, most: usize) -> Answer2<'_, Vec<Record>> {
        self.inner.read_all(after, most)
    }
    fn head(&self, stream: StreamId) -> Answer2<'_, Option<Head>> {
        self.inner.head(stream)
    }
    fn heads(&self, heads: Heads) -> Answer2<'_, Vec<Head>> {
        self.inner.heads(heads)
    }
    fn claim(&self, claim: Claim) -> Answer2<'_, Vec<Lease>> {
        self.inner.claim(claim)
    }
    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer2<'_, Vec<bool>> {
        self.inner.renew(leases, length)
    }
    fn remove(&self, stream: StreamId, last: Sequence) -> Answer2<'_, ()> {
        self.inner.remove(stream, last)
    }
    fn remove_held(&self, lease: Lease) -> Answer2<'_, ()> {
        self.inner.remove_held(lease)
    }
    fn changes(&self) -> Changes {
        self.inner.changes()
    }
}

type Answer2<'a, T> = reliability::journal::Answer<'a, T>;

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_know_is_asked_again_and_its_own_decision_is_recognised() {
    for (unknown, unavailable) in [(1, 0), (0, 5), (3, 3)] {
        let journal = Journal::on(Flaky::new(unknown, unavailable));
        let here = shop("here");
        let coordinator = TwoPhase::on(&journal);
        let outcome = coordinator.run(id("1"), vec![Arc::new(here.yes())]).await.unwrap();
        assert!(outcome.is_complete());
        assert_eq!(here.done("1"), Some(Decision::Commit));
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_log_is_gone_nobody_is_told_anything() {
    let here = shop("here");
    let coordinator = TwoPhase::on(&Journal::on(Flaky::new(0, 1_000)));
    let undecided = coordinator.run(id("1"), vec![Arc::new(here.yes())]).await.unwrap_err();
    assert!(matches!(undecided, TwoPhaseError::Undecided { .. }), "{undecided}");
    assert_eq!((here.done("1"), here.promised()), (None, 1), "still in doubt");
}
