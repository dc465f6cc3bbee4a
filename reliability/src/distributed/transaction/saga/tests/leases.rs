//! An engine that holds runs while its journal hangs, or that dies while it forgets one.

use alloc::format;
use alloc::sync::Arc;
use core::time::Duration;
use std::time::SystemTime;

use super::super::*;
use super::faults::{Small, Wanted, World, faulty_at, listed, said, stream};
use crate::journal::{Append, Encoding, Event, Journal, Sequence};
use crate::sync::atomic::Ordering;
use crate::time::WallClock;

const LEASE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

fn clock() -> WallClock {
    WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

fn engine(journal: &Journal, clock: &WallClock, world: &Arc<World>) -> Sagas {
    let sagas = Sagas::on(journal).saga::<Small<1>>(Arc::clone(world)).clock(clock);
    sagas.lease(LEASE).retain(Retention::For(MINUTE)).start().unwrap()
}

/// As soon as that is so, which takes no longer than a quarter of a minute.
async fn soon(is_so: impl AsyncFn() -> bool) {
    for _ in 0..1_500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never is");
}

impl World {
    fn times(&self, step: &str) -> usize {
        self.seen.lock().iter().filter(|seen| seen.starts_with(step)).count()
    }

    async fn saw(&self, step: &str, times: usize) {
        soon(async || self.times(step) >= times).await;
    }
}

async fn is_gone(journal: &Journal) {
    soon(async || journal.head(&stream()).await.unwrap().is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_at_its_time_also_when_an_engine_dies_while_it_removes_it() {
    let (clock, world) = (clock(), World::failing(0));
    let (store, journal) = faulty_at(&clock);
    let sagas = engine(&journal, &clock, &world);
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    listed(&journal, "completed").await;

    *store.hung.lock() = Some("remove");
    clock.advance(MINUTE);
    soon(async || store.hangs.load(Ordering::Relaxed) > 0).await;
    drop(sagas);
    *store.hung.lock() = None;
    let head = journal.head(&stream()).await.unwrap();
    assert!(head.is_some(), "it was not removed");

    clock.advance(LEASE);
    let _others = engine(&journal, &clock, &world);
    is_gone(&journal).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_of_which_somebody_says_something_too_late_goes_all_the_same() {
    let (clock, world) = (clock(), World::failing(0));
    let (store, journal) = faulty_at(&clock);
    let sagas = engine(&journal, &clock, &world);
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    listed(&journal, "completed").await;

    let text = br#"{"by":"ada","why":"it is late"}"#.to_vec();
    let event = Event::from_parts("saga.cancelled", 1, Encoding::Json, text);
    *store.meanwhile.lock() = Some(Append::to(&stream()).event(event));
    clock.advance(MINUTE);
    is_gone(&journal).await;
    assert!(store.meanwhile.lock().is_none(), "it was said");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_while_a_lease_is_over_and_the_journal_does_not_renew_it() {
    let (clock, world) = (clock(), World::failing(0));
    let (store, journal) = faulty_at(&clock);
    world.gate.forget_permits(100);
    let sagas = engine(&journal, &clock, &world);
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    world.saw("Beside", 1).await;

    // It is asked again and again, and none of it is answered.
    *store.hung.lock() = Some("renew");
    tokio::time::sleep(LEASE * 2).await;
    assert!(store.hangs.load(Ordering::Relaxed) > 1);

    // What was on its way goes on, and its outcome is written: nobody else has come.
    world.gate.add_permits(100);
    let done = async || {
        let records = journal.read(&stream(), Sequence::START, 99).await.unwrap();
        records.iter().any(|record| record.event.name() == "Beside")
    };
    soon(done).await;
    tokio::time::sleep(MINUTE).await;
    assert_eq!(world.times("Last"), 0, "{:?}", world.seen.lock());

    // Nothing is lost: it goes on where it was, in the same hands.
    let before = journal.head(&stream()).await.unwrap().unwrap();
    *store.hung.lock() = None;
    tokio::time::sleep(LEASE).await;
    listed(&journal, "completed").await;
    let head = journal.head(&stream()).await.unwrap().unwrap();
    assert_eq!((world.times("Beside"), world.times("Last")), (1, 1));
    assert_eq!(before.epoch, head.epoch);
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_without_a_lease_may_run_twice_and_is_written_once() {
    let (clock, world) = (clock(), World::failing(0));
    let (store, journal) = faulty_at(&clock);
    world.gate.forget_permits(100);
    let sagas = engine(&journal, &clock, &world);
    let small = sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    world.saw("Beside", 1).await;
    let before = journal.head(&stream()).await.unwrap().unwrap();

    *store.hung.lock() = Some("renew");
    tokio::time::sleep(LEASE * 2).await;
    clock.advance(LEASE);
    let _others = engine(&journal, &clock, &world);
    world.saw("Beside", 2).await;
    let claimed = journal.head(&stream()).await.unwrap().unwrap();
    assert!(claimed.epoch > before.epoch);

    world.gate.add_permits(100);
    assert!(matches!(small.ended().await.unwrap(), End::Completed(1)));
    let records = journal.read(&stream(), Sequence::START, 99).await.unwrap();
    let written = records.iter().filter(|record| record.event.name() == "Beside");
    assert_eq!(written.map(|record| record.epoch).collect::<alloc::vec::Vec<_>>(), [claimed.epoch]);
    assert_eq!((world.times("Beside"), world.times("Last")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_while_its_lease_is_over_leaves_its_runs_to_others() {
    let (clock, world) = (clock(), World::failing(0));
    let (store, journal) = faulty_at(&clock);
    world.gate.forget_permits(100);
    let sagas = engine(&journal, &clock, &world);
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    world.saw("Beside", 1).await;
    *store.hung.lock() = Some("renew");
    tokio::time::sleep(LEASE * 2).await;
    world.gate.add_permits(100);
    tokio::time::sleep(MINUTE).await;
    sagas.stop(MINUTE).await;
    let head = journal.head(&stream()).await.unwrap().unwrap();
    assert!(head.held.is_none() && head.due_at.is_some(), "{head:?}");
    assert!(format!("{sagas:?}").contains("active: 0"), "{sagas:?}");
    let _others = engine(&journal, &clock, &world);
    listed(&journal, "completed").await;
    assert_eq!(world.times("Last"), 1);
}
