//! What goes wrong at the worst moment, and users who mean it otherwise.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::Mutex;

use super::super::{Coordinator, Cx, Decision, ReserveError, Tcc, TccError, Transient};
use super::engine::{Money, Shop, Stock, Trip};
use crate::journal::StreamId;

impl Shop {
    /// After which time that transaction is told again.
    async fn pause(&self, id: &str) -> Duration {
        let stream = StreamId::new("tcc", id).unwrap();
        let due_at = self.journal.head(&stream).await.unwrap().unwrap().due_at.unwrap();
        due_at.duration_since(self.clock.now()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_participant_that_is_away_is_told_less_and_less_often_whoever_tells_it() {
    let shop = Shop::new();
    let mut order = shop.coordinator("one").begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    shop.stock.state.lock().unwrap().failures = 12;
    assert_eq!(order.confirm((stock,)).await.unwrap().pending, 1);
    let (mut pauses, others) = (Vec::new(), [shop.coordinator("two"), shop.coordinator("three")]);
    for turn in 0..12 {
        let pause = shop.pause("order").await;
        pauses.push(pause.as_millis());
        shop.clock.advance(pause);
        let recovered = others[turn % 2].recover().await.unwrap();
        assert_eq!(recovered.pending + recovered.confirmed, 1, "{turn}");
    }
    assert_eq!(pauses[..4], [100, 200, 400, 800]);
    assert_eq!(pauses[10..], [60_000, 60_000]);
    assert_eq!((shop.stock.now(), shop.statuses().await), ((7, 0, 3), ["over".into()].into()));
}

#[tokio::test(start_paused = true)]
async fn a_participant_that_panics_is_told_again_as_soon_as_one_that_fails() {
    let shop = Shop::new();
    let coordinator = shop.coordinator("one");
    let mut order = coordinator.begin("order").await.unwrap();
    let (stock, money) =
        (order.reserve::<Stock>(3).await.unwrap(), order.reserve::<Money>(9).await.unwrap());
    shop.stock.state.lock().unwrap().panics = 1;
    assert_eq!(order.confirm((stock, money)).await.unwrap().pending, 1);
    assert_eq!(shop.money.now(), (991, 0, 9));
    assert_eq!(shop.pause("order").await, Duration::from_millis(100));
    shop.clock.advance(Duration::from_millis(100));
    assert_eq!(coordinator.recover().await.unwrap().confirmed, 1);
    assert_eq!(shop.stock.now(), (7, 0, 3));
}

#[tokio::test(start_paused = true)]
async fn those_that_do_not_answer_keep_nobody_waiting() {
    let shop = Shop::new();
    let coordinator = shop.coordinator("one");
    for number in 0..10 {
        let mut order = coordinator.begin(&alloc::format!("order-{number}")).await.unwrap();
        let _stock = order.reserve::<Stock>(1).await.unwrap();
    }
    shop.clock.advance(Duration::from_secs(31));
    shop.stock.state.lock().unwrap().hangs = true;
    // All of it lasts one patience, and its claim outlasts that.
    let recovered = tokio::time::timeout(Duration::from_secs(11), coordinator.recover()).await;
    assert_eq!(recovered.unwrap().unwrap().pending, 10);
}

#[tokio::test(start_paused = true)]
async fn who_keeps_recovering_notices_what_this_process_has_left_behind() {
    let shop = Shop::new();
    let coordinator = shop.coordinator("one");
    let mut order = coordinator.begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    shop.stock.state.lock().unwrap().failures = 1;
    let hour = Duration::from_secs(3_600);
    let keeper = coordinator.clone();
    let keeper = tokio::spawn(async move { keeper.keep_recovering(hour).await });
    tokio::task::yield_now().await;
    assert_eq!(order.confirm((stock,)).await.unwrap().pending, 1);
    shop.clock.advance(Duration::from_millis(100));
    let mut changes = shop.journal.changes();
    let over = async {
        while shop.statuses().await != ["over"] {
            changes.next().await;
        }
    };
    tokio::time::timeout(hour / 2, over).await.unwrap();
    assert_eq!(shop.stock.now(), (7, 0, 3));
    keeper.abort();
}

#[tokio::test(start_paused = true)]
async fn to_confirm_what_has_expired_is_an_error_and_cancels_it() {
    let shop = Shop::new();
    let mut order = shop.coordinator("one").begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    shop.clock.advance(Duration::from_secs(30));
    let late = order.confirm((stock,)).await.unwrap_err();
    assert!(matches!(late, TccError::Over { decision: Some(Decision::Cancel), .. }), "{late}");
    assert_eq!((shop.stock.now(), shop.statuses().await), ((10, 0, 0), ["over".into()].into()));
}

/// Takes one seat more if there is one, and goes without otherwise: so it believes.
struct Generous(Coordinator);

impl Tcc for Generous {
    const NAME: &'static str = "Generous";
    type Input = bool;
    type Refused = String;

    async fn reserve(&self, cx: &Cx, confirms: &bool) -> Result<(), String> {
        let mut inner = self.0.begin_nested(cx).await.map_err(|it| alloc::format!("{it}"))?;
        let one = inner.reserve::<Stock>(1).await.map_err(|it| alloc::format!("{it}"))?;
        if *confirms {
            return inner.confirm((one,)).await.map(drop).map_err(|it| alloc::format!("{it}"));
        }
        assert!(matches!(inner.reserve::<Stock>(30).await, Err(ReserveError::Refused(_))));
        inner.leave((one,)).map_err(|it| alloc::format!("{it}"))
    }

    async fn confirm(&self, cx: &Cx, _: &bool) -> Result<(), Transient> {
        self.0.settle_nested(cx, Decision::Confirm).await
    }

    async fn cancel(&self, cx: &Cx, _: &bool) -> Result<(), Transient> {
        self.0.settle_nested(cx, Decision::Cancel).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_nested_one_neither_decides_nor_goes_on_when_it_is_cancelled() {
    for (confirms, expected) in
        [(false, "have reserved, but is one that is cancelled"), (true, "`leave` it")]
    {
        let shop = Shop::new();
        let outer = Coordinator::on(&shop.journal).clock(&shop.clock);
        let outer = outer.participant(Generous(shop.coordinator("inner"))).build().unwrap();
        let mut trip = outer.begin("trip").await.unwrap();
        let refused = trip.reserve::<Generous>(confirms).await.unwrap_err();
        assert!(alloc::format!("{refused}").contains(expected), "{refused}");
        assert_eq!(shop.stock.now(), (10, 0, 0));
        assert_eq!(shop.statuses().await, ["over", "over"]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_whose_id_leaves_no_room_for_a_nested_one_is_cancelled_and_ends() {
    let shop = Shop::new();
    let outer = Coordinator::on(&shop.journal).clock(&shop.clock);
    let outer = outer.participant(Trip(shop.coordinator("inner"))).build().unwrap();
    let mut trip = outer.begin(&"x".repeat(StreamId::LONGEST_KEY)).await.unwrap();
    assert!(trip.reserve::<Trip>([1, 1]).await.is_err());
    assert_eq!((shop.stock.now(), shop.statuses().await), ((10, 0, 0), ["over".into()].into()));
}

/// A participant whose input is larger than what a journal gives at once.
#[derive(Default)]
struct Archive {
    ready: Mutex<bool>,
    kept: Mutex<u32>,
}

impl Tcc for Archive {
    const NAME: &'static str = "Archive";
    type Input = String;
    type Refused = String;

    async fn reserve(&self, _: &Cx, _: &String) -> Result<(), String> {
        Ok(())
    }

    async fn confirm(&self, _: &Cx, _: &String) -> Result<(), Transient> {
        if !*self.ready.lock().unwrap() {
            return Err(Transient::new("not now"));
        }
        *self.kept.lock().unwrap() += 1;
        Ok(())
    }

    async fn cancel(&self, _: &Cx, _: &String) -> Result<(), Transient> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_for_one_page_is_recovered_as_it_was_decided() {
    let (shop, archive) = (Shop::new(), Arc::new(Archive::default()));
    let coordinator = Coordinator::on(&shop.journal).clock(&shop.clock);
    let coordinator = coordinator.participant::<Archive>(Arc::clone(&archive)).build().unwrap();
    let mut order = coordinator.begin("order").await.unwrap();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(order.reserve::<Archive>("x".repeat(12 << 20)).await.unwrap().any());
    }
    assert_eq!(order.confirm(all).await.unwrap().pending, 3);
    *archive.ready.lock().unwrap() = true;
    shop.clock.advance(Duration::from_millis(100));
    assert_eq!(coordinator.recover().await.unwrap().confirmed, 1);
    assert_eq!(*archive.kept.lock().unwrap(), 3);
}
