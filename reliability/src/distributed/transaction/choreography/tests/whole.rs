//! All participants, a bus and a journal.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::time::Duration;

use serde_json::json;

use super::order::{Orders, World, all};
use crate::distributed::transaction::choreography::bus::JournalBus;
use crate::distributed::transaction::choreography::{Choreographed, End, Why};
use crate::journal::{Journal, StreamId};

async fn orders(world: &Arc<World>) -> Choreographed<Orders> {
    let journal = Journal::in_memory();
    Orders::on(&journal, JournalBus::on(&journal), all(world)).start().await.unwrap()
}

#[tokio::test]
async fn an_order_goes_through() {
    let world: Arc<World> = Arc::default();
    let orders = orders(&world).await;
    let order = orders.start("order-1", json!(3)).await.unwrap();
    let End::Completed(done) = order.ended().await.unwrap() else { panic!("it went back") };
    assert_eq!((done.reserved, done.quoted, done.charged.as_str()), (3, 299, "897"));
    assert_eq!(world.standing(), ["Charged", "Mailed", "Reserved"]);
    let again = orders.start("order-1", json!(3)).await.unwrap();
    assert_eq!(again.transaction(), order.transaction());
    assert!(orders.start("order-1", json!(4)).await.is_err());
    orders.stop().await;
}

#[tokio::test]
async fn what_was_done_is_undone_when_somebody_refuses() {
    for who in ["charge", "quote", "reserve"] {
        let world: Arc<World> = Arc::default();
        world.refuses.lock().push(who);
        let orders = orders(&world).await;
        let order = orders.start("order-1", json!(3)).await.unwrap();
        let End::RolledBack(Why::Refused { event, refusal }) = order.ended().await.unwrap() else {
            panic!("it went through")
        };
        let made = match who {
            "charge" => "Charged",
            "quote" => "Quoted",
            _ => "Reserved",
        };
        assert_eq!((event.as_str(), refusal.as_str()), (made, "no"));
        assert!(world.standing().is_empty(), "{who}: {:?}", world.standing());
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_parked_until_somebody_says_so() {
    let world: Arc<World> = Arc::default();
    world.fails.lock().extend([("charge", 4), ("mail", 2)]);
    let orders = orders(&world).await;
    let order = orders.start("order-1", json!(1)).await.unwrap();
    let parked = loop {
        let parked = orders.parked().await.unwrap();
        if let Some(parked) = parked.into_iter().next() {
            break parked;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(parked.participant, "card");
    assert_eq!(parked.transaction, order.transaction().to_string());
    assert_eq!(parked.reasons, [("Charged".to_string(), "not now".to_string())]);
    orders.retry(&parked, "ada", "the bank is back").await.unwrap();
    assert!(matches!(order.ended().await.unwrap(), End::Completed(_)));
    assert!(orders.parked().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_order_is_called_off_before_its_pivot_and_not_behind_it() {
    let world: Arc<World> = Arc::default();
    // Nobody gets as far as the pivot.
    world.fails.lock().insert("reserve", u32::MAX);
    let orders = orders(&world).await;
    let order = orders.start("order-1", json!(1)).await.unwrap();
    while world.calls.lock().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    order.cancel("the customer has changed her mind").await.unwrap();
    let End::RolledBack(Why::Cancelled { why }) = order.ended().await.unwrap() else {
        panic!("it went through")
    };
    assert_eq!(why, "the customer has changed her mind");

    world.fails.lock().clear();
    let late = orders.start("order-2", json!(1)).await.unwrap();
    late.ended().await.unwrap();
    late.cancel("too late").await.unwrap();
    assert!(matches!(late.ended().await.unwrap(), End::Completed(_)));
}

/// Its records are gone, and would not come however long anybody waits.
#[tokio::test(start_paused = true)]
async fn who_waits_for_what_is_forgotten_is_told_so() {
    let (world, journal) = (Arc::<World>::default(), Journal::in_memory());
    let orders = Orders::on(&journal, JournalBus::on(&journal), all(&world));
    let orders = orders.retain(Duration::ZERO).start().await.unwrap();
    let order = orders.start("order-1", json!(3)).await.unwrap();
    let stream = StreamId::new("place_order.start", "order-1").unwrap();
    while journal.head(&stream).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let forgotten = tokio::time::timeout(Duration::from_secs(60), order.ended()).await.unwrap();
    let forgotten = forgotten.unwrap_err().to_string();
    assert!(forgotten.contains("a transaction that is not forgotten"), "{forgotten}");
    // The next one of its key is another one.
    let next = orders.start("order-1", json!(4)).await.unwrap();
    assert_ne!(next.transaction(), order.transaction());
    assert!(order.ended().await.is_err());
}

#[test]
fn the_picture_shows_who_makes_and_handles_what() {
    let picture = Orders::wiring().mermaid();
    assert!(picture.contains("subgraph warehouse"), "{picture}");
    assert!(picture.contains("h0 -- Reserved --> h2"), "{picture}");
    assert!(picture.contains("h3 -- Mailed --> e3([end])"), "{picture}");
}
