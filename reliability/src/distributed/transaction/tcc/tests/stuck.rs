//! Transactions that cannot be carried through, and slow ones that can.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::time::Duration;

use super::super::{Coordinator, Decision, Operator};
use super::engine::{Money, Shop, Stock};
use crate::journal::JournalError;

fn impatient(shop: &Shop) -> Coordinator {
    Coordinator::on(&shop.journal)
        .participant(Stock(Arc::clone(&shop.stock)))
        .participant(Money(Arc::clone(&shop.money)))
        .clock(&shop.clock)
        .stuck_after(3)
        .build()
        .unwrap()
}

/// Confirmed by the one, and not by the other, which was told three times.
async fn stuck(shop: &Shop) -> Coordinator {
    let coordinator = impatient(shop);
    let mut order = coordinator.begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    let money = order.reserve::<Money>(9).await.unwrap();
    shop.stock.state.lock().unwrap().failures = 100;
    assert_eq!(order.confirm((stock, money)).await.unwrap().pending, 1);
    for status in ["telling", "stuck"] {
        shop.clock.advance(Duration::from_secs(60));
        assert_eq!(coordinator.recover().await.unwrap().pending, 1);
        assert_eq!(shop.statuses().await, [status]);
    }
    coordinator
}

fn failures_left(shop: &Shop) -> u32 {
    shop.stock.state.lock().unwrap().failures
}

#[tokio::test(start_paused = true)]
async fn what_is_told_in_vain_too_often_waits_for_an_operator_who_has_it_told_again() {
    let shop = Shop::new();
    let coordinator = stuck(&shop).await;
    assert_eq!(failures_left(&shop), 97);
    shop.clock.advance(Duration::from_secs(86_400));
    assert_eq!(coordinator.recover().await.unwrap().pending, 0, "nobody tells it hot for ever");
    assert_eq!(failures_left(&shop), 97);

    let operator = Operator::on(&shop.journal);
    let listed = operator.list(Some("stuck")).await.unwrap();
    assert_eq!(listed[0].stream.to_string(), "tcc/order");
    let shown = operator.show("order").await.unwrap();
    assert_eq!(shown.decision, Some(Decision::Confirm));
    assert_eq!(shown.participants, ["Stock", "Money"]);
    let told = shown.timeline.last().unwrap();
    assert_eq!((told.name.as_str(), &told.payload["participants"][0]), ("Stuck", &"Stock".into()));
    let text = shown.to_string();
    assert!(text.contains("tcc/order is stuck, decision: confirm"), "{text}");
    assert!(text.contains("stuck: told in vain too often: Stock"), "{text}");

    // As often as a new one: twice more after the first.
    operator.retry("order", "ana", "the shelf is open").await.unwrap();
    for status in ["telling", "telling", "stuck"] {
        shop.clock.advance(Duration::from_secs(60));
        coordinator.recover().await.unwrap();
        assert_eq!(shop.statuses().await, [status]);
    }
    operator.retry("order", "ana", "now it is").await.unwrap();
    shop.stock.state.lock().unwrap().failures = 0;
    assert_eq!(coordinator.recover().await.unwrap().confirmed, 1);
    assert_eq!((shop.stock.now(), shop.money.now()), ((7, 0, 3), (991, 0, 9)));
    let shown = operator.show("order").await.unwrap();
    let said: alloc::vec::Vec<_> =
        shown.timeline.iter().filter(|it| it.name == "Retried").map(|it| &it.payload).collect();
    assert_eq!((&said[0]["by"], &said[1]["why"]), (&"ana".into(), &"now it is".into()));
    let text = shown.to_string();
    assert!(text.contains("ana has it told again: the shelf is open"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_is_abandoned_is_told_no_more() {
    let shop = Shop::new();
    let coordinator = stuck(&shop).await;
    let operator = Operator::on(&shop.journal);
    operator.abandon("order", "ana", "sent by hand").await.unwrap();
    assert_eq!(shop.statuses().await, ["abandoned"]);
    shop.clock.advance(Duration::from_secs(86_400));
    coordinator.recover().await.unwrap();
    assert_eq!(failures_left(&shop), 97);
    assert!(operator.list(Some("stuck")).await.unwrap().is_empty());
    let twice = operator.retry("order", "ana", "or not").await.unwrap_err();
    assert!(twice.to_string().contains("a transaction that is stuck"), "{twice}");
}

#[tokio::test(start_paused = true)]
async fn operators_say_who_they_are_and_which_transaction_they_mean() {
    let shop = Shop::new();
    stuck(&shop).await;
    let operator = Operator::on(&shop.journal);
    for (id, by, why) in [("order", "", "why"), ("order", "ana", " "), ("other", "ana", "why")] {
        for refused in [operator.retry(id, by, why).await, operator.abandon(id, by, why).await] {
            assert!(matches!(refused, Err(JournalError::Invalid(_))), "{id} {by} {why}");
        }
    }
    let words = operator.show("other").await.unwrap_err().to_string();
    assert!(
        words.contains("the id of a transaction that is in this journal, but is `other`"),
        "{words}"
    );
    assert!(words.contains("`list` says which there are"), "{words}");
    assert!(Coordinator::on(&shop.journal).stuck_after(0).build().is_err());
}

#[tokio::test(start_paused = true)]
async fn who_tells_slow_participants_keeps_its_claim() {
    let shop = Shop::new();
    let (one, other) = (shop.coordinator("one"), shop.coordinator("other"));
    let mut order = one.begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    // Just in time, and then it takes longer than the transaction may have taken until then.
    shop.clock.advance(Duration::from_secs(29));
    shop.stock.state.lock().unwrap().hangs = true;
    let confirm = tokio::spawn(order.confirm((stock,)));
    while shop.statuses().await != ["confirm"] {
        tokio::task::yield_now().await;
    }
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shop.clock.advance(Duration::from_secs(1));
        let nothing = other.recover().await.unwrap();
        assert_eq!(nothing.pending + nothing.confirmed, 0, "somebody is at it");
    }
    shop.stock.state.lock().unwrap().hangs = false;
    assert_eq!(confirm.await.unwrap().unwrap().pending, 1, "it did not answer in time");
    shop.clock.advance(Duration::from_secs(60));
    assert_eq!(other.recover().await.unwrap().confirmed, 1);
}
