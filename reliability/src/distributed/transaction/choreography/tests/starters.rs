//! Several who start transactions, each with a journal of its own, on one bus.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::json;

use super::order::{Orders, PlaceOrder, World, all, place_order};
use crate::distributed::transaction::choreography::bus::JournalBus;
use crate::distributed::transaction::choreography::{End, choreography};
use crate::journal::Journal;

choreography! {
    /// Who only starts orders.
    Shops: PlaceOrder {
        elsewhere warehouse { on(start => Reserved) },
        elsewhere pricing { on(start => Quoted) },
        elsewhere card { on(Reserved, Quoted => Charged) },
        elsewhere mail { on(Charged => Mailed) },
        terminal Mailed,
    }
}

/// In one group, each would hear the half of what becomes of its own, and wait for ever.
#[tokio::test]
async fn each_hears_what_becomes_of_its_own() {
    let (world, shared) = (Arc::<World>::default(), Journal::in_memory());
    let bus = JournalBus::on(&shared);
    let orders = Orders::on(&shared, bus.clone(), all(&world)).participants_only();
    let _orders = orders.start().await.unwrap();
    let mut shops = Vec::new();
    for _ in 0..2 {
        shops.push(Shops::on(&Journal::in_memory(), bus.clone(), ()).start().await.unwrap());
    }
    let mut started = Vec::new();
    for order in 0..10 {
        for shop in &shops {
            // The same keys: they are of different journals.
            started.push(shop.start(&format!("order-{order}"), json!(order)).await.unwrap());
        }
    }
    for order in started {
        let ended = tokio::time::timeout(core::time::Duration::from_secs(60), order.ended()).await;
        let End::Completed(done) = ended.unwrap().unwrap() else { panic!("it went back") };
        assert_eq!(done.quoted, 299);
    }
}

/// They are one, also after the journal was opened again.
#[tokio::test]
async fn those_who_share_a_journal_share_what_they_hear() {
    let (one, other) = (Journal::in_memory(), Journal::in_memory());
    let group = async |journal: &Journal| {
        super::super::starter::group(journal, "place_order").await.unwrap()
    };
    let (first, again) = (group(&one).await, group(&one.clone()).await);
    assert_eq!(first, again);
    assert!(first.name().starts_with("start."), "{first}");
    assert_ne!(first, group(&other).await);
    assert_ne!(first, super::super::starter::group(&one, "return_order").await.unwrap());
}
