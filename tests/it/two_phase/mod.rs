//! Transactions of participants in memory, which fail, sleep and panic as they are told.

pub(crate) mod failures;
mod killed;
mod metrics;
mod operator;
mod postgres;
mod recovery;
mod sites;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::two_phase::{
    self, Answer, Participant, Resource, TransactionId, TwoPhase, TwoPhaseBuilder, TwoPhaseError,
    Unreachable,
};
use reliability::distributed::transaction::{Decision, Followed, Vote};
use reliability::journal::{Heads, Journal, MemoryStore};
use reliability::time::WallClock;

/// A resource that is there as long as the test, whoever talks to it.
#[derive(Debug, Clone)]
struct Shop {
    name: &'static str,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    promised: Vec<TransactionId>,
    done: BTreeMap<TransactionId, Decision>,
    forgotten: usize,
    /// How many calls it does not answer, after it has done what they ask for.
    lost: u32,
    /// How long a call takes.
    slow: Duration,
}

/// What one transaction wants of a shop.
struct Order(Shop, Vote);

fn shop(name: &'static str) -> Shop {
    Shop { name, kept: Arc::default() }
}

impl Shop {
    fn yes(&self) -> Order {
        Order(self.clone(), Vote::Yes)
    }

    fn no(&self) -> Order {
        Order(self.clone(), Vote::No)
    }

    fn done(&self, transaction: &str) -> Option<Decision> {
        self.kept.lock().unwrap().done.get(&id(transaction)).copied()
    }

    fn promised(&self) -> usize {
        self.kept.lock().unwrap().promised.len()
    }

    fn lose(&self, calls: u32) {
        self.kept.lock().unwrap().lost = calls;
    }

    fn slow(&self, time: Duration) {
        self.kept.lock().unwrap().slow = time;
    }

    /// What an operator does who does not want to wait.
    fn force(&self, transaction: &str, decision: Decision) {
        let kept = &mut *self.kept.lock().unwrap();
        kept.promised.retain(|it| *it != id(transaction));
        kept.done.insert(id(transaction), decision);
    }

    fn follow(&self, transaction: &TransactionId, told: Decision) -> Answer<'_, Followed> {
        let transaction = transaction.clone();
        Box::pin(async move {
            self.wait().await;
            let followed = {
                let kept = &mut *self.kept.lock().unwrap();
                let promised = kept.promised.iter().position(|it| *it == transaction);
                promised.map(|at| kept.promised.remove(at));
                let done = *kept.done.entry(transaction).or_insert(told);
                if done == told { Followed::AsTold } else { Followed::Against }
            };
            self.answer(followed)
        })
    }

    async fn wait(&self) {
        let slow = self.kept.lock().unwrap().slow;
        tokio::time::sleep(slow).await;
    }

    fn answer<T>(&self, answer: T) -> Result<T, Unreachable> {
        let kept = &mut *self.kept.lock().unwrap();
        match kept.lost.checked_sub(1) {
            Some(left) => {
                kept.lost = left;
                Err(Unreachable::new(self.name, "the line is cut"))
            }
            None => Ok(answer),
        }
    }
}

impl Resource for Shop {
    fn name(&self) -> &str {
        self.name
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.follow(transaction, Decision::Commit)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.follow(transaction, Decision::Abort)
    }

    fn in_doubt(&self, _: Duration) -> Answer<'_, Vec<TransactionId>> {
        let promised = self.kept.lock().unwrap().promised.clone();
        Box::pin(async move { self.answer(promised) })
    }

    fn forget(&self, _: &TransactionId) -> Answer<'_, ()> {
        self.kept.lock().unwrap().forgotten += 1;
        Box::pin(async { Ok(()) })
    }
}

impl Resource for Order {
    fn name(&self) -> &str {
        self.0.name
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.0.commit(transaction)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.0.abort(transaction)
    }

    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        self.0.forget(transaction)
    }
}

impl Participant for Order {
    fn prepare(&self, transaction: &TransactionId) -> Answer<'_, Vote> {
        let transaction = transaction.clone();
        Box::pin(async move {
            self.0.wait().await;
            if self.1 == Vote::Yes {
                self.0.kept.lock().unwrap().promised.push(transaction);
            }
            self.0.answer(self.1)
        })
    }
}

fn id(transaction: &str) -> TransactionId {
    TransactionId::new(transaction).unwrap()
}

/// A journal with a clock of its own, and a coordinator that knows these shops.
fn coordinator(shops: &[&Shop]) -> (TwoPhase, Journal, WallClock) {
    let clock = WallClock::manual(SystemTime::now());
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    (settings(&journal, shops).build().unwrap(), journal, clock)
}

fn settings(journal: &Journal, shops: &[&Shop]) -> TwoPhaseBuilder {
    let settings = TwoPhase::builder(journal).kind("orders");
    shops.iter().fold(settings, |settings, shop| settings.resource(Arc::new((*shop).clone())))
}

async fn statuses(journal: &Journal) -> Vec<String> {
    let heads = journal.heads(Heads::of("orders")).await.unwrap();
    heads.into_iter().map(|head| head.status).collect()
}

#[tokio::test(start_paused = true)]
async fn both_commit_and_nothing_is_left_to_do() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, journal, clock) = coordinator(&[&here, &there]);
    two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.yes()));
    let votes = tokio::try_join!(order.ask::<0>(), order.ask::<1>()).unwrap();
    assert!(statuses(&journal).await.is_empty(), "nothing is written before the decision");
    let logged = order.all_voted(votes).commit().log().await.unwrap();
    assert_eq!((here.done("1"), statuses(&journal).await), (None, vec!["committed".to_owned()]));
    let outcome = logged.deliver().await;
    assert!(outcome.is_complete());
    assert_eq!([here.done("1"), there.done("1")], [Some(Decision::Commit); 2]);
    assert_eq!(statuses(&journal).await, ["finished"]);
    assert_eq!(here.kept.lock().unwrap().forgotten, 0, "somebody may tell it once more");

    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(coordinator.recover().await.unwrap().forgotten, 1);
    assert!(statuses(&journal).await.is_empty(), "and in the end nothing is kept");
    assert_eq!(here.kept.lock().unwrap().forgotten, 1);
}

#[tokio::test(start_paused = true)]
async fn who_refuses_makes_it_nobodys_and_nothing_is_written() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, journal, _) = coordinator(&[]);
    two_phase::begin!(let order = coordinator, id("1"), (here.yes(), there.no()));
    let _here = order.ask::<0>().await.unwrap();
    let refused = order.ask::<1>().await.unwrap_err();
    assert_eq!(refused.to_string(), "`1` is aborted: `there` has refused its part");
    let outcome = order.abort().deliver().await;
    assert_eq!((outcome.decision, here.done("1")), (Decision::Abort, Some(Decision::Abort)));
    assert_eq!(there.done("1"), None, "it has undone it already");
    assert!(statuses(&journal).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_has_only_read_is_not_told() {
    let (here, there) = (shop("here"), shop("there"));
    let (coordinator, journal, _) = coordinator(&[]);
    let read = Order(there.clone(), Vote::ReadOnly);
    let both: Vec<Arc<dyn Participant>> = vec![Arc::new(here.yes()), Arc::new(read)];
    assert!(coordinator.run(id("1"), both).await.unwrap().is_complete());
    assert_eq!((here.done("1"), there.done("1")), (Some(Decision::Commit), None));

    let read = |shop: &Shop| Arc::new(Order(shop.clone(), Vote::ReadOnly)) as Arc<dyn Participant>;
    let readers = vec![read(&here), read(&there)];
    assert!(coordinator.run(id("2"), readers).await.unwrap().is_complete());
    assert_eq!(statuses(&journal).await, ["finished"], "nothing of the second one");
}

#[tokio::test(start_paused = true)]
async fn as_many_as_are_known_at_run_time_decide_together() {
    let shops: Vec<Shop> = (0..64).map(|_| shop("one of many")).collect();
    let (coordinator, _, _) = coordinator(&[]);
    let of = |shops: &[Shop]| -> Vec<Arc<dyn Participant>> {
        shops.iter().map(|shop| Arc::new(shop.yes()) as Arc<dyn Participant>).collect()
    };
    assert!(coordinator.run(id("1"), of(&shops)).await.unwrap().is_complete());
    assert!(shops.iter().all(|shop| shop.done("1") == Some(Decision::Commit)));
    for wrong in [Vec::new(), of(&vec![shop("too many"); 65])] {
        let refused = coordinator.run(id("2"), wrong).await.unwrap_err();
        assert!(matches!(refused, TwoPhaseError::Invalid(_)), "{refused}");
        assert!(refused.to_string().contains("1 to 64 participants"), "{refused}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let build = |change: fn(TwoPhaseBuilder) -> TwoPhaseBuilder| {
        let settings = change(TwoPhase::builder(&Journal::in_memory()));
        settings.build().unwrap_err().to_string()
    };
    let twice = |it: TwoPhaseBuilder| {
        it.resource(Arc::new(shop("stock"))).resource(Arc::new(shop("stock")))
    };
    assert!(build(twice).contains("of a name of its own"));
    assert!(build(|it| it.kind("No Stream")).contains("`kind`"));
    assert!(build(|it| it.repeat_after(Duration::ZERO)).contains("`repeat_after`"));
    assert!(build(|it| it.grace(Duration::from_secs(30))).contains("longer than `votes_within`"));
    assert!(build(|it| it.grace(Duration::from_secs(90_000))).contains("at most a day"));
}
