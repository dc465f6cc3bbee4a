//! Sagas in sagas that get stuck, are abandoned, outlive those around them, or have two masters.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::super::walk::{Nested, Refusable, TypedStep, Walked};
use super::super::*;
use super::trade::*;
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Head, Heads, Journal, JournalError, Lease,
    MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use crate::sync::Mutex;
use crate::time::WallClock;

/// A trade whose shipping is stuck.
async fn stuck(world: &Arc<World>) -> (Journal, Sagas, Handle<Trade>, StreamId) {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<Trade>(Arc::clone(world)).start().unwrap();
    let trade = sagas.start::<Trade>("1", 3).await.unwrap();
    let End::Stuck { step, undoing: false, reason } = trade.ended().await.unwrap() else {
        panic!()
    };
    let ship = trade.nested::<trade::Shipped>().await.unwrap().unwrap().stream().clone();
    assert_eq!((step.as_str(), reason.contains(&ship.to_string())), ("Shipped", true), "{reason}");
    (journal, sagas, trade, ship)
}

/// However often it is said to be stuck.
async fn ended(sagas: &Sagas, trade: &Handle<Trade>, nested: &StreamId) -> EndOf<Trade> {
    sagas.hub.added(nested);
    loop {
        sagas.hub.added(trade.stream());
        match trade.ended().await.unwrap() {
            End::Stuck { .. } => tokio::time::sleep(Duration::from_millis(100)).await,
            end => return end,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_waits_for_a_stuck_one_says_so_and_goes_on_with_it() {
    let world = World::failing(&[("book", &["busy"; 3])]);
    let (journal, sagas, trade, ship) = stuck(&world).await;
    let operator = Operator::on(&journal);
    let stuck = operator.list(None, Some("stuck")).await.unwrap();
    assert_eq!(stuck.iter().map(|head| &head.stream).collect::<Vec<_>>(), [&ship]);

    let around = operator.show(trade.stream()).await.unwrap();
    let text = around.to_string();
    assert!(text.contains("trade/1 is running") && text.contains(", ship/"), "{text}");
    assert!(text.contains("-Shipped is stuck"), "{text}");
    let picture = around.plan.mermaid(Some(&around.progress));
    assert!(picture.contains("s1[[\"Shipped<br/>saga ship\"]]"), "{picture}");
    assert!(picture.contains("style s1 stroke:#c00"), "{picture}");
    let picture = around.plan.dot(Some(&around.progress));
    assert!(
        picture.contains("label=\"Shipped\\nsaga ship\", shape=box, peripheries=2"),
        "{picture}"
    );

    let shown = operator.show(&ship).await.unwrap();
    assert_eq!(shown.around.as_ref().unwrap().stream, *trade.stream());
    assert!(shown.to_string().contains("it is Shipped of trade/1"), "{shown}");

    operator.retry(&ship, "ada", "the courier is back").await.unwrap();
    assert!(matches!(ended(&sagas, &trade, &ship).await, End::Completed(_)));
}

#[tokio::test(start_paused = true)]
async fn what_a_nested_saga_was_that_is_abandoned_only_somebody_can_say() {
    for goes_on in [false, true] {
        let world = World::failing(&[("book", &["busy"; 3])]);
        let (journal, sagas, trade, ship) = stuck(&world).await;
        let operator = Operator::on(&journal);
        operator.abandon(&ship, "ada", "the courier is bankrupt").await.unwrap();
        sagas.hub.added(trade.stream());
        let reason = loop {
            match trade.ended().await.unwrap() {
                End::Stuck { reason, .. } if reason.contains("was abandoned by ada") => {
                    break reason;
                }
                End::Stuck { .. } => tokio::time::sleep(Duration::from_millis(100)).await,
                end => panic!("{end:?}"),
            }
        };
        assert!(reason.contains("the courier is bankrupt"), "{reason}");
        if goes_on {
            let done = serde_json::json!({ "booked": "by hand", "gone": "by hand" });
            operator.finish(trade.stream(), &done, "ada", "by another courier").await.unwrap();
            let End::Completed(done) = ended(&sagas, &trade, &ship).await else { panic!() };
            assert_eq!(done.shipped.gone, "by hand");
        } else {
            // Its undo is told that nobody knows, and waits for somebody.
            operator.cancel(trade.stream(), "ada", "enough").await.unwrap();
            sagas.hub.added(trade.stream());
            while operator.list(Some("trade"), Some("stuck")).await.unwrap().is_empty()
                || !operator
                    .show(trade.stream())
                    .await
                    .unwrap()
                    .to_string()
                    .contains("stuck undoing")
            {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            operator.skip(trade.stream(), "ada", "there is nothing").await.unwrap();
            assert!(matches!(ended(&sagas, &trade, &ship).await, End::RolledBack(_)));
            assert!(world.lock().shelf.is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_and_a_trace_reach_the_sagas_within() {
    let (journal, world) = (Journal::in_memory(), World::failing(&[("book", &["busy"; 3])]));
    let sagas = Sagas::on(&journal).saga::<Trade>(Arc::clone(&world)).start().unwrap();
    let start = sagas.start::<Trade>("1", 3).deadline(Duration::from_secs(600));
    #[cfg(feature = "telemetry")]
    let start = {
        use crate::telemetry::trace::{Context, in_context};
        let of = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        in_context(Context::from_traceparent(of).unwrap(), start.into_future())
    };
    let trade = start.await.unwrap();
    let End::Stuck { .. } = trade.ended().await.unwrap() else { panic!() };
    let nested = trade.nested::<trade::Shipped>().await.unwrap().unwrap();
    let first = |stream: StreamId| {
        let journal = journal.clone();
        async move {
            let first = journal.read(&stream, Sequence::START, 1).await.unwrap();
            first[0].event.read_json::<serde_json::Value>().unwrap()
        }
    };
    let (outer, inner) =
        (first(trade.stream().clone()).await, first(nested.stream().clone()).await);
    assert_eq!(outer["deadline_ms"], inner["deadline_ms"]);
    assert_eq!(
        (&inner["parent"]["saga"], &inner["parent"]["step"]),
        (&"trade".into(), &"Shipped".into())
    );
    #[cfg(feature = "telemetry")]
    assert!(inner["traceparent"].as_str().unwrap().contains("0af7651916cd43dd8448eb211c80319c"));
}

/// Ships, and then waits for somebody.
#[saga(input = u32, refuse = Refused, shared = World)]
#[derive(Debug)]
enum Slow {
    #[step(saga = Ship, input = any, undo = none("it is shipped for nothing"))]
    Shipped(ShipDone),
    #[signal]
    Approved(()),
}

fn any(_: &u32) -> Parcel {
    Parcel { shelf: "any".into() }
}

#[tokio::test(start_paused = true)]
async fn what_a_nested_saga_has_come_to_stays_until_the_one_around_it_is_over() {
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let sagas = Sagas::on(&journal).saga::<Slow>(World::failing(&[])).clock(&clock);
    let sagas = sagas.retain(Retention::For(Duration::from_secs(60))).start().unwrap();
    let slow = sagas.start::<Slow>("1", 3).await.unwrap();
    let pass = |times: u64| {
        let clock = clock.clone();
        async move {
            for _ in 0..times {
                clock.advance(Duration::from_secs(30));
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    };
    pass(1).await;
    let ship = slow.nested::<slow::Shipped>().await.unwrap().unwrap().stream().clone();
    pass(20).await;
    assert_eq!(journal.head(&ship).await.unwrap().unwrap().status, "completed");
    sagas.signal::<Slow>("1", Slow::Approved(())).await.unwrap();
    assert!(matches!(slow.ended().await.unwrap(), End::Completed(_)));
    pass(20).await;
    assert!(journal.head(&ship).await.unwrap().is_none());
    assert!(journal.head(slow.stream()).await.unwrap().is_none());
}

/// A store that holds back the first start of a nested saga, until it is told to make it.
#[derive(Debug)]
struct Slowed {
    inner: MemoryStore,
    held: Mutex<Option<Vec<Append>>>,
}

#[derive(Debug)]
struct Shared(Arc<Slowed>);

impl Store for Shared {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        let begins = batch.iter().any(|append| append.stream().kind() == "ship");
        let mut held = self.0.held.lock();
        if begins && held.is_none() {
            *held = Some(batch);
            return Box::pin(core::future::pending());
        }
        self.0.inner.append(batch)
    }
    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read(stream, after, most)
    }
    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read_all(after, most)
    }
    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.0.inner.head(stream)
    }
    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.0.inner.heads(heads)
    }
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.0.inner.claim(claim)
    }
    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.0.inner.renew(leases, length)
    }
    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.0.inner.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.0.inner.remove_held(lease)
    }
    fn changes(&self) -> Changes {
        self.0.inner.changes()
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_taken_for_dead_begins_no_saga_that_nobody_would_call_back() {
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let inner = MemoryStore::with_clock(&clock);
    let store = Arc::new(Slowed { inner, held: Mutex::new(None) });
    let journal = Journal::on(Shared(Arc::clone(&store)));
    let world = World::failing(&[]);
    let engine = || {
        let sagas = Sagas::on(&journal).saga::<Trade>(Arc::clone(&world)).clock(&clock);
        sagas.lease(Duration::from_secs(1)).start().unwrap()
    };
    let first = engine();
    let trade = first.start::<Trade>("1", 3).await.unwrap();
    while store.held.lock().is_none() {
        tokio::task::yield_now().await;
    }
    let stream = trade.stream().clone();
    drop((first, trade));
    // Another engine takes over, and turns back before anything was shipped.
    clock.advance(Duration::from_secs(5));
    Operator::on(&journal).cancel(&stream, "ada", "late").await.unwrap();
    let second = engine();
    assert!(matches!(
        second.find::<Trade>("1").unwrap().ended().await.unwrap(),
        End::RolledBack(_)
    ));
    // What was on its way all the time arrives.
    let held = store.held.lock().take().unwrap();
    let late = store.inner.append(held).await;
    assert!(matches!(late, Err(JournalError::Fenced { .. })), "{late:?}");
    assert!(journal.heads(Heads::of("ship")).await.unwrap().is_empty());
}

/// By hand, a saga that is a step of itself.
struct Endless;
enum Again {}

impl TypedStep for Again {
    type Saga = Endless;
    type Output = ();
    type Next = walk::Finish;
    const PLACE: usize = 0;

    fn wrap((): ()) -> Endless {
        Endless
    }
    fn output(_: &Endless) -> Option<&()> {
        Some(&())
    }
    fn unwrap(_: Endless) -> Option<()> {
        Some(())
    }
}

impl Nested for Again {
    type Child = Endless;
    type Needs = ();

    fn input((): &(), (): ()) {}
    fn finished((): ()) {}
}

impl Refusable for Again {
    fn refused(_: Why<()>) {}
}

impl Saga for Endless {
    type Input = ();
    type Refusal = ();
    type Shared = World;
    type Done = ();
    const DEFINITION: Definition =
        Definition::new("endless", 1, &[Step::new("Again", Kind::Pivot).nests("endless")]);

    fn nests(_: usize) -> Option<Nest<Self>> {
        Some(Nest::of::<Again>())
    }
    fn place(&self) -> usize {
        0
    }
    fn done(_: History<Self>) -> Option<()> {
        Some(())
    }
}

#[tokio::test]
async fn a_saga_that_is_a_step_of_itself_is_refused_and_one_that_nobody_works_at() {
    let journal = Journal::in_memory();
    let refused = Sagas::on(&journal).saga::<Endless>(World::failing(&[])).start().unwrap_err();
    let words = refused.to_string();
    assert!(words.contains("endless > endless") && words.contains("never end"), "{words}");

    let refused = Sagas::on(&journal).saga::<Alone>(()).start().unwrap_err().to_string();
    assert!(refused.contains("`alone`") && refused.contains("ship"), "{refused}");
    assert!(Sagas::on(&journal).saga::<Alone>(()).elsewhere::<Ship>().start().is_ok());
    let both = Sagas::on(&journal).saga::<Alone>(()).saga::<Ship>(World::failing(&[]));
    assert!(both.start().is_ok());
}

/// It shares nothing with what it ships with.
#[saga(input = u32, refuse = Refused)]
enum Alone {
    #[step(saga = Ship, input = any, undo = none("it is shipped for nothing"))]
    Shipped(ShipDone),
}

/// The test finds what it is there to find.
#[tokio::test]
#[should_panic(expected = "left: [")]
async fn an_undo_that_leaves_what_a_nested_saga_has_done_is_found() {
    let lazy = || World::failing(&[("charge", &["no"; 9])]);
    let crashes = CrashTest::<Lazy>::of(|| 3).without_cancelling().run(lazy, |world, end| {
        let told = world.lock();
        assert!(matches!(end, End::RolledBack(_)));
        assert_eq!([told.gone.len(), told.shelf.len()], [0, 0]);
    });
    crashes.await;
}

#[saga(input = u32, refuse = Refused, shared = World)]
enum Lazy {
    #[step(saga = Ship, input = any, undo = none("wrong on purpose"))]
    Shipped(ShipDone),
    #[pivot(charge_any)]
    Charged(()),
}

async fn charge_any(_: &Cx<World>, _: &u32) -> Result<(), Outcome<Refused>> {
    Err(Refused::NoMoney.into())
}

#[tokio::test]
async fn a_walk_goes_through_a_nested_saga_by_way_of_its_own() {
    let world = World::failing(&[]);
    let cx = Cx::shared_with(Arc::clone(&world));
    let Walked::Forward(shipping) = Trade::begin(3).step(&cx).await else { panic!() };
    let Walked::Forward(gone) = Ship::begin(shipping.nested()).step(&cx).await else { panic!() };
    let Walked::Forward(gone) = gone.step(&cx).await else { panic!() };
    let (booked, gone) =
        (gone.output::<ship::Booked, _>().clone(), gone.output::<ship::Gone, _>().clone());
    let packing = shipping.nested_done(ShipDone { booked, gone });
    assert_eq!(packing.output::<trade::Shipped, _>().gone.len(), 37);
    // The other way: it was refused.
    let Walked::Forward(shipping) = Trade::begin(3).step(&cx).await else { panic!() };
    let back = shipping.nested_back(Why::Deadline);
    assert_eq!(back.run(&cx).await.unwrap(), &Refused::Nested("Deadline".to_string()));
    let left: Vec<String> = world.lock().shelf.iter().cloned().collect();
    assert!(left.is_empty(), "{left:?}");
}
