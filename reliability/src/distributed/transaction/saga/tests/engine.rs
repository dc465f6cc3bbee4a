use alloc::sync::Arc;
use alloc::vec::Vec;

use super::super::*;
use super::order::*;
use crate::journal::{Journal, Sequence};

async fn run(world: &Arc<World>) -> (Journal, End<PlaceOrderDone, Refused>) {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(world)).start().unwrap();
    let end = sagas.start::<PlaceOrder>("4711", order()).await.unwrap().ended().await.unwrap();
    (journal, end)
}

async fn records(journal: &Journal) -> Vec<alloc::string::String> {
    let stream = crate::journal::StreamId::new("place_order", "4711").unwrap();
    let records = journal.read(&stream, Sequence::START, 100).await.unwrap();
    records.iter().map(|record| record.event.name().into()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_goes_well_is_done_in_order_and_written_once_each() {
    let world = World::failing(&[]);
    let (journal, end) = run(&world).await;
    let End::Completed(done) = end else { panic!("{end:?}") };
    assert_eq!((done.reserved, done.quoted), (3, 299));
    assert_eq!(world.lock().calls, ["reserve", "quote", "charge", "confirm"]);
    assert_eq!(world.counts(), (1, 1, 1));
    // The price is quoted while the stock is reserved.
    let names = ["saga.started", "Quoted", "Reserved", "Charged", "Mailed", "saga.completed"];
    assert_eq!(records(&journal).await, names);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_undoes_what_was_done() {
    let world = World::failing(&[("charge", &["no money"])]);
    let (journal, end) = run(&world).await;
    let End::RolledBack(why) = end else { panic!("{end:?}") };
    assert_eq!(why, Why::Rejected { step: "Charged".into(), refusal: Refused::NoMoney });
    assert_eq!(world.lock().calls, ["reserve", "quote", "charge", "release"]);
    assert!(world.lock().reserved.is_empty());
    let last = records(&journal).await.split_off(3);
    assert_eq!(last, ["saga.refused", "saga.undone", "saga.rolled_back"]);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_happened_is_probed_or_repeated() {
    let world = World::failing(&[("charge", &["lost"]), ("reserve", &["lost", "busy", "panic"])]);
    let (_, end) = run(&world).await;
    assert!(matches!(end, End::Completed(_)), "{end:?}");
    let told = world.lock();
    let charges: Vec<_> =
        told.calls.iter().filter(|it| ["charge", "find"].contains(&it.as_str())).collect();
    assert_eq!(charges, ["charge", "find"]);
    assert_eq!((told.reserved.len(), told.charged.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_fails_for_ever_is_stuck_and_not_lost() {
    let world = World::failing(&[("charge", &["no money"]), ("release", &["locked"; 16])]);
    let (journal, end) = run(&world).await;
    let End::Stuck { step, undoing, reason } = end else { panic!("{end:?}") };
    assert_eq!((step.as_str(), undoing, reason.as_str()), ("Reserved", true, "locked"));
    let stream = crate::journal::StreamId::new("place_order", "4711").unwrap();
    let head = journal.head(&stream).await.unwrap().unwrap();
    assert_eq!((head.status.as_str(), head.due_at, head.held), ("stuck", None, None));
}

/// The first of them is handed what the steps have said, and the others read it.
#[tokio::test(start_paused = true)]
async fn all_who_wait_for_an_end_are_told_the_same_wherever_it_is_worked_at() {
    let (world, journal) = (World::failing(&[]), Journal::in_memory());
    let sagas = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(&world)).start().unwrap();
    let elsewhere = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(&world)).start().unwrap();
    let here = sagas.start::<PlaceOrder>("4711", order()).await.unwrap();
    let (again, there) = (here.clone(), elsewhere.find::<PlaceOrder>("4711").unwrap());
    let ends = tokio::join!(here.ended(), again.ended(), there.ended());
    let late = here.ended().await;
    for end in [ends.0, ends.1, ends.2, late] {
        let End::Completed(done) = end.unwrap() else { panic!("it completes") };
        assert_eq!((done.reserved, done.quoted), (3, 299));
    }
    assert_eq!(world.counts(), (1, 1, 1));
    assert_eq!(sagas.hub.waited_for(), 0, "who waits no more is forgotten");
}

/// Who watches an earlier run and does not ask how it ended, keeps that from nobody and for nobody.
#[tokio::test(start_paused = true)]
async fn nobody_is_told_how_an_earlier_run_of_the_same_key_has_ended() {
    let (world, journal) = (World::failing(&[]), Journal::in_memory());
    let sagas = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(&world)).start().unwrap();
    let elsewhere = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(&world)).start().unwrap();
    let first = sagas.start::<PlaceOrder>("4711", order()).await.unwrap();
    let begun = first.progress().await.unwrap().unwrap();
    let mut watching = core::pin::pin!(first.further_than(&begun));
    let polled = core::future::poll_fn(|context| {
        core::task::Poll::Ready(watching.as_mut().poll(context).is_pending())
    });
    assert!(polled.await);
    let over = loop {
        let head = journal.head(first.stream()).await.unwrap().unwrap();
        if head.status == "completed" && !sagas.hub.works_at(first.stream()) {
            break head;
        }
        tokio::task::yield_now().await;
    };
    journal.remove(first.stream(), over.sequence).await.unwrap();
    let other = Order { cents: 5, ..order() };
    elsewhere.start::<PlaceOrder>("4711", other).await.unwrap();
    let End::Completed(done) = first.ended().await.unwrap() else { panic!("it completes") };
    assert_eq!(done.quoted, 5);
}
