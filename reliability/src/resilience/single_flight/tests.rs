use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, pending};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::table::Table;
use super::*;
use crate::sync::atomic::{AtomicU32, Ordering};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn all_who_ask_at_once_get_the_answer_of_the_first() {
    let single = SingleFlight::<String, u32>::new();
    let calls = AtomicU32::new(0);
    let ask = || {
        single.run("tea", async {
            tokio::task::yield_now().await;
            calls.fetch_add(1, Ordering::Relaxed) + 42
        })
    };
    assert_eq!(tokio::join!(ask(), ask(), ask()), (42, 42, 42));
    assert_eq!(single.in_flight(), 0);
    assert_eq!(ask().await, 43, "an answer is not kept for those who come later");
}

#[test]
fn keys_do_not_wait_for_each_other() {
    let single = SingleFlight::<u32, u32>::new();
    let mut hangs = pin!(single.run(&1, pending()));
    assert!(poll(hangs.as_mut()).is_pending());
    assert_eq!(poll(pin!(single.run(&2, async { 2 }))), Poll::Ready(2));
    assert_eq!(single.in_flight(), 1);
}

#[test]
fn the_follower_of_a_leader_that_is_dropped_leads_with_its_own_work() {
    let single = SingleFlight::<u32, &str>::new();
    let mut leader = alloc::boxed::Box::pin(single.run(&1, pending()));
    assert!(poll(leader.as_mut()).is_pending());
    let mut first = pin!(single.run(&1, async { "first" }));
    let mut second = pin!(single.run(&1, async { "second" }));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    drop(leader);
    assert!(poll(second.as_mut()).is_pending(), "first come, first promoted");
    assert_eq!(poll(first.as_mut()), Poll::Ready("first"));
    assert_eq!(poll(second.as_mut()), Poll::Ready("first"));
}

#[tokio::test]
async fn a_leader_that_panics_hands_over() {
    let single = SingleFlight::<u32, u32>::new();
    let leader = tokio::spawn({
        let single = single.clone();
        async move {
            let work = async {
                tokio::task::yield_now().await;
                panic!("the leader's own")
            };
            single.run(&1, work).await
        }
    });
    tokio::task::yield_now().await;
    let follower = single.run(&1, async { 7 });
    assert_eq!(follower.await, 7);
    assert!(leader.await.is_err());
    assert_eq!(single.in_flight(), 0);
}

#[test]
fn a_key_that_panics_while_it_is_compared_or_cloned_breaks_nothing() {
    #[derive(Debug)]
    struct Loud(u8);
    impl PartialEq for Loud {
        fn eq(&self, other: &Self) -> bool {
            assert!(other.0 != 13, "compared");
            self.0 == other.0
        }
    }
    impl Eq for Loud {}
    impl Clone for Loud {
        fn clone(&self) -> Self {
            assert!(self.0 != 14, "cloned");
            Self(self.0)
        }
    }
    let table = Table::<Loud, u32>::new();
    let join = |key: u8| join(&table, 1, |kept| *kept == Loud(key), Loud(key).clone());
    let kept = join(1);
    for key in [13, 14] {
        let joins = core::panic::AssertUnwindSafe(|| drop(join(key)));
        assert!(std::panic::catch_unwind(joins).is_err());
    }
    assert!(matches!(join(1), Joined::Follows(_)));
    assert!(matches!(join(2), Joined::Leads(_)), "keys of one hash have flights of their own");
    drop(kept);
    assert_eq!(table.flights().len(), 0);
}

/// A waker may run a task in place, which may come back for the same key.
#[test]
fn a_waker_may_use_the_flight_it_is_woken_by() {
    struct Nosy(SingleFlight<u32, u32>, AtomicU32);
    impl std::task::Wake for Nosy {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0.in_flight() as u32 + 1, Ordering::Relaxed);
        }
    }
    let single = SingleFlight::<u32, u32>::new();
    let nosy = Arc::new(Nosy(single.clone(), AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&nosy));
    let mut leader = alloc::boxed::Box::pin(single.run(&1, pending()));
    assert!(poll(leader.as_mut()).is_pending());
    let mut follower = pin!(single.run(&1, pending()));
    assert!(follower.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(leader);
    assert_eq!(nosy.1.load(Ordering::Relaxed), 2, "woken outside of all locks, to lead");
}

/// A waker belongs to the executor of its follower, and what it does is no business of the others.
#[test]
fn a_waker_that_panics_leaves_nobody_waiting() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("the executor is gone");
        }
    }
    struct Counts(AtomicU32);
    impl std::task::Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (panics, counts) = (Waker::from(Arc::new(Panics)), Arc::new(Counts(AtomicU32::new(0))));
    let counting = Waker::from(Arc::clone(&counts));
    let single = SingleFlight::<u32, u32>::new();
    let (land, landed) = tokio::sync::oneshot::channel();
    let mut leader = pin!(single.run(&1, async { landed.await.unwrap_or(0) }));
    assert!(poll(leader.as_mut()).is_pending());
    let mut followers: Vec<_> =
        (0..4).map(|_| alloc::boxed::Box::pin(single.run(&1, pending()))).collect();
    for (follower, waker) in followers.iter_mut().zip([&counting, &panics, &panics, &counting]) {
        assert!(follower.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert_eq!(land.send(7), Ok(()));
    let lands = core::panic::AssertUnwindSafe(|| poll(leader.as_mut()));
    assert!(std::panic::catch_unwind(lands).is_err(), "the panic is told");
    assert_eq!(counts.0.load(Ordering::Relaxed), 2, "the one before and the one behind");
    for follower in &mut followers {
        assert_eq!(poll(follower.as_mut()), Poll::Ready(7));
    }
    assert_eq!(single.in_flight(), 0);
}

#[test]
fn an_answer_that_panics_while_it_is_cloned_hands_the_flight_on() {
    #[derive(Debug, PartialEq)]
    struct Answer(u32);
    impl Clone for Answer {
        fn clone(&self) -> Self {
            assert!(self.0 != 13, "cloned");
            Self(self.0)
        }
    }
    let single = SingleFlight::<u32, Answer>::new();
    let (land, landed) = tokio::sync::oneshot::channel();
    let mut leader = pin!(single.run(&1, async { Answer(landed.await.unwrap_or(0)) }));
    assert!(poll(leader.as_mut()).is_pending());
    let mut follower = pin!(single.run(&1, async { Answer(7) }));
    assert!(poll(follower.as_mut()).is_pending());
    assert_eq!(land.send(13), Ok(()));
    let lands = core::panic::AssertUnwindSafe(|| poll(leader.as_mut()));
    assert!(std::panic::catch_unwind(lands).is_err());
    assert_eq!(poll(follower.as_mut()), Poll::Ready(Answer(7)), "it leads");
    assert_eq!(single.in_flight(), 0);
}

#[test]
fn a_thousand_flights_at_once_go_as_they_came() {
    let table = Table::<u32, u32>::new();
    let leads: Vec<_> = (0..1_000_u32)
        .map(|key| match join(&table, u64::from(key) << 32, |kept| *kept == key, key) {
            Joined::Leads(lead) => lead,
            Joined::Follows(_) => panic!("{key} has a flight of its own"),
        })
        .collect();
    assert_eq!(table.flights().len(), 1_000);
    drop(leads);
    assert_eq!(table.flights().len(), 0);
}

#[derive(Debug, Clone)]
enum Event {
    Ask,
    /// Of the callers that are there, the one at this place: looks, goes, or lands.
    Look(usize),
    Go(usize),
    Land(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Ask),
        3 => any::<usize>().prop_map(Event::Look),
        1 => any::<usize>().prop_map(Event::Go),
        1 => any::<usize>().prop_map(Event::Land),
    ]
}

/// A caller of the real table, and what the model says of it.
enum Caller {
    Leads(Lead<Table<u8, u32>>),
    Follows(Follower<Table<u8, u32>>),
}

proptest! {
    /// The model: a queue whose front leads. Whoever lands empties it.
    #[test]
    fn sequences_of_callers_behave_as_a_queue(events in prop::collection::vec(event(), 1..60)) {
        let table = Table::<u8, u32>::new();
        let mut callers: Vec<Caller> = Vec::new();
        let mut landings = 0;
        for event in events {
            let place = |index: usize, callers: &Vec<Caller>| index % callers.len().max(1);
            match event {
                Event::Ask => {
                    let caller = match join(&table, 1, |kept| *kept == 1, 1) {
                        Joined::Leads(lead) => {
                            prop_assert!(callers.is_empty(), "a second leader");
                            Caller::Leads(lead)
                        }
                        Joined::Follows(follower) => {
                            prop_assert!(!callers.is_empty(), "a follower of nobody");
                            Caller::Follows(follower)
                        }
                    };
                    callers.push(caller);
                }
                Event::Look(index) => {
                    let index = place(index, &callers);
                    let Some(Caller::Follows(follower)) = callers.get_mut(index) else { continue };
                    let turn = follower.poll_turn(&mut Context::from_waker(Waker::noop()));
                    match turn {
                        Poll::Pending => prop_assert_ne!(index, 0, "the front is to lead"),
                        Poll::Ready(Turn::Lead(lead)) => {
                            prop_assert_eq!(index, 0, "only the front leads");
                            callers[index] = Caller::Leads(lead);
                        }
                        Poll::Ready(Turn::Landed(_)) => prop_assert!(false, "nobody has landed"),
                    }
                }
                Event::Go(index) if !callers.is_empty() => {
                    drop(callers.remove(place(index, &callers)));
                }
                Event::Land(index) => {
                    let index = place(index, &callers);
                    if !matches!(callers.get(index), Some(Caller::Leads(_))) {
                        continue;
                    }
                    landings += 1;
                    if let Caller::Leads(lead) = callers.remove(index) {
                        lead.land(|| landings);
                    }
                    for caller in callers.drain(..) {
                        let Caller::Follows(mut follower) = caller else {
                            return Err(TestCaseError::fail("two leaders"));
                        };
                        let turn = follower.poll_turn(&mut Context::from_waker(Waker::noop()));
                        prop_assert!(matches!(turn, Poll::Ready(Turn::Landed(at)) if at == landings));
                    }
                }
                Event::Go(_) => {}
            }
            prop_assert_eq!(table.flights().len(), usize::from(!callers.is_empty()));
        }
    }
}

#[test]
fn many_threads_that_ask_for_few_keys_work_one_at_a_time() {
    let single = SingleFlight::<String, u32>::new();
    let busy = [const { AtomicU32::new(0) }; 4];
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (single, busy) = (&single, &busy);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
                runtime.block_on(async {
                    for round in 0..500 {
                        let key = (round + thread) % 4;
                        let work = async {
                            assert_eq!(busy[key].fetch_add(1, Ordering::AcqRel), 0);
                            tokio::task::yield_now().await;
                            assert_eq!(busy[key].fetch_sub(1, Ordering::AcqRel), 1);
                            key as u32
                        };
                        let answer = single.run(key.to_string().as_str(), work).await;
                        assert_eq!(answer, key as u32);
                    }
                });
            });
        }
    });
    assert_eq!(single.in_flight(), 0);
}

/// Counts how often it is woken, and panics each time.
#[derive(Default)]
struct Shrill(AtomicU32);

impl alloc::task::Wake for Shrill {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("a waker that cannot be woken");
    }
}

#[test]
fn a_leader_that_panics_hands_over_also_where_the_next_ones_waker_panics() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let single = SingleFlight::<u32, u32>::new();
    let mut leader = alloc::boxed::Box::pin(single.run(&1, async {
        tokio::task::yield_now().await;
        panic!("the leader's own")
    }));
    assert!(poll(leader.as_mut()).is_pending());
    let mut follower = pin!(single.run(&1, async { 7 }));
    let shrill = Arc::new(Shrill::default());
    let waker = Waker::from(Arc::clone(&shrill));
    assert!(follower.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let led = catch_unwind(AssertUnwindSafe(move || poll(leader.as_mut())));
    assert!(led.is_err());
    assert_eq!(shrill.0.load(Ordering::Relaxed), 1);
    assert_eq!(poll(follower), Poll::Ready(7));
    assert_eq!(single.in_flight(), 0);
}
