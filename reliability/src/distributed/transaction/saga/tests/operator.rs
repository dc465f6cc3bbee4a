use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::*;
use super::order::*;
use crate::journal::{Journal, JournalError, StreamId};

fn stream() -> StreamId {
    StreamId::new("place_order", "4711").unwrap()
}

/// A saga whose first step is stuck.
async fn stuck(world: &Arc<World>) -> (Journal, Sagas, Handle<PlaceOrder>) {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(world)).start().unwrap();
    let order = sagas.start::<PlaceOrder>("4711", order()).await.unwrap();
    let end = order.ended().await.unwrap();
    assert!(
        matches!(&end, End::Stuck { step, undoing: false, .. } if step == "Reserved"),
        "{end:?}"
    );
    (journal, sagas, order)
}

/// Whoever waits for the end of a stuck saga is told that it is stuck, until somebody acts.
async fn ended(sagas: &Sagas, order: &Handle<PlaceOrder>) -> End<PlaceOrderDone, Refused> {
    sagas.hub.added(order.stream());
    loop {
        match order.ended().await.unwrap() {
            End::Stuck { .. } => tokio::time::sleep(Duration::from_millis(100)).await,
            end => return end,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stuck_saga_is_seen_and_goes_on_when_it_is_tried_again() {
    let world = World::failing(&[("reserve", &["busy"; 5])]);
    let (journal, sagas, order) = stuck(&world).await;
    let operator = Operator::on(&journal);
    let listed: Vec<_> = operator.list(None, Some("stuck")).await.unwrap();
    assert_eq!(listed.iter().map(|head| &head.stream).collect::<Vec<_>>(), [&stream()]);
    let shown = operator.show(&stream()).await.unwrap();
    let text = shown.to_string();
    assert!(text.contains("place_order/4711 is stuck"), "{text}");
    assert!(text.contains("stuck doing Reserved after 5 attempts: busy"), "{text}");

    operator.retry(&stream(), "ada", "the warehouse is back").await.unwrap();
    assert!(matches!(ended(&sagas, &order).await, End::Completed(_)));
    let text = operator.show(&stream()).await.unwrap().to_string();
    assert!(text.contains("ada has it tried again: the warehouse is back"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_done_by_hand_is_taken_for_done() {
    let world = World::failing(&[("reserve", &["busy"; 5])]);
    let (journal, sagas, order) = stuck(&world).await;
    let operator = Operator::on(&journal);
    let skipped = operator.skip(&stream(), "ada", "by phone").await.unwrap_err();
    assert!(matches!(skipped, JournalError::Invalid(_)), "{skipped}");
    operator.finish(&stream(), &7.into(), "ada", "by phone").await.unwrap();
    let End::Completed(done) = ended(&sagas, &order).await else { panic!() };
    assert_eq!(done.reserved, 7);
}

#[tokio::test(start_paused = true)]
async fn an_output_by_hand_that_the_saga_cannot_read_is_replaced() {
    let world = World::failing(&[("reserve", &["busy"; 5])]);
    let (journal, sagas, order) = stuck(&world).await;
    let operator = Operator::on(&journal);
    operator.finish(&stream(), &"seven".into(), "ada", "by phone").await.unwrap();
    while operator.list(None, Some("broken")).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let words = operator.retry(&stream(), "ada", "again").await.unwrap_err().to_string();
    assert!(words.contains("`finish` again what was finished by hand"), "{words}");
    operator.finish(&stream(), &7.into(), "ada", "a number").await.unwrap();
    sagas.hub.added(order.stream());
    while operator.list(None, Some("completed")).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let records = journal.read(&stream(), crate::journal::Sequence::START, 99).await.unwrap();
    let PlaceOrderDone { reserved, .. } = match order.ended().await.unwrap() {
        End::Completed(done) => done,
        end => panic!("{end:?} after {} records", records.len()),
    };
    assert_eq!(reserved, 7);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_was_wrong_is_changed() {
    let world = World::failing(&[("reserve", &["busy"; 5])]);
    let (journal, sagas, order) = stuck(&world).await;
    let new = serde_json::json!({ "article": "coffee", "cents": 299 });
    Operator::on(&journal).edit(&stream(), &new, "ada", "not tea").await.unwrap();
    let End::Completed(done) = ended(&sagas, &order).await else { panic!() };
    assert_eq!(done.reserved, 6);
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_was_done_by_hand_is_skipped_and_a_saga_is_abandoned() {
    let fails: [(&str, &[&str]); 2] = [("charge", &["no money"]), ("release", &["locked"; 16])];
    for abandoned in [false, true] {
        let world = World::failing(&fails);
        let journal = Journal::in_memory();
        let sagas = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(&world)).start().unwrap();
        let order = sagas.start::<PlaceOrder>("4711", order()).await.unwrap();
        assert!(matches!(order.ended().await.unwrap(), End::Stuck { undoing: true, .. }));
        let operator = Operator::on(&journal);
        match abandoned {
            true => operator.abandon(&stream(), "ada", "the warehouse burnt down").await.unwrap(),
            false => operator.skip(&stream(), "ada", "put back by hand").await.unwrap(),
        }
        match (ended(&sagas, &order).await, abandoned) {
            (End::Abandoned { by, .. }, true) => assert_eq!(by, "ada"),
            (End::RolledBack(_), false) => {}
            (end, _) => panic!("{end:?}"),
        }
        // It is over, or not stuck any more.
        let words = operator.retry(&stream(), "ada", "again").await.unwrap_err().to_string();
        assert!(words.contains("one that is over stays as it is"), "{words}");
        let words = operator.cancel(&stream(), "ada", "again").await.unwrap_err().to_string();
        assert!(words.contains("start another one"), "{words}");
    }
}

#[tokio::test]
async fn a_saga_that_is_not_there_is_told_with_where_to_look() {
    let operator = Operator::on(&Journal::in_memory());
    let words = operator.show(&stream()).await.unwrap_err().to_string();
    assert!(words.contains("`list` says which there are"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn before_an_engine_has_said_what_a_saga_is_made_of_it_is_shown_by_its_records() {
    let world = World::failing(&[("reserve", &["busy"; 5])]);
    let (journal, sagas, _) = stuck(&world).await;
    drop(sagas);
    let definition = StreamId::new("saga.definition", "place_order@1").unwrap();
    let last = journal.head(&definition).await.unwrap().unwrap().sequence;
    journal.remove(&definition, last).await.unwrap();

    let operator = Operator::on(&journal);
    let listed = operator.list(None, Some("stuck")).await.unwrap();
    assert_eq!(listed.iter().map(|head| &head.stream).collect::<Vec<_>>(), [&stream()]);
    let shown = operator.show(&stream()).await.unwrap();
    assert!(!shown.is_defined);
    let steps: Vec<_> = shown.progress.steps.iter().map(|it| it.name.as_str()).collect();
    assert!(steps.contains(&"Reserved") && steps.len() < 4, "{steps:?}");
    let text = shown.to_string();
    for line in [
        "place_order/4711 is stuck",
        "no engine has written down yet what version 1 of place_order is made of",
        "stuck doing Reserved after 5 attempts: busy",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let words = operator.retry(&stream(), "ada", "now").await.unwrap_err().to_string();
    assert!(words.contains("`place_order@1`, of which it does not"), "{words}");
    assert!(words.contains("start one of that version, or wait for it"), "{words}");

    let again = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(&world)).start().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(operator.show(&stream()).await.unwrap().is_defined);
    drop(again);
}

#[tokio::test]
async fn pictures_show_the_declaration_and_a_run() {
    let plan = PlaceOrder::DEFINITION.plan();
    let picture = plan.mermaid(None);
    for line in ["s0 --> s2", "s1 --> s2", "s2 --> s3", "s3 --> completed", "s2{{\"Charged\"}}"] {
        assert!(picture.contains(line), "{picture}");
    }
    assert_eq!(Plan::from_json(&plan.to_json()).unwrap().mermaid(None), picture);
    assert!(plan.dot(None).contains("s0 -> s2;"));
}
