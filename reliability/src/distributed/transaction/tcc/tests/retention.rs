//! What is over is forgotten when its time has come, and is not taken for what never was.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::Mutex;

use tokio::sync::Notify;

use super::super::barrier::{Key, MemoryBarrier, Phase, Verdict};
use super::super::written::Birth;
use super::super::{
    Coordinator, Cx, Decision, Operator, ReserveError, Retention, Tcc, TccError, Transient,
};
use super::engine::{Money, Shop, Stock, Trip};

const MINUTE: Duration = Duration::from_secs(60);

impl Shop {
    /// A process that knows the participants, and forgets after a minute what is over.
    fn forgetful(&self) -> Coordinator {
        Coordinator::on(&self.journal)
            .participant(Stock(Arc::clone(&self.stock)))
            .participant(Money(Arc::clone(&self.money)))
            .clock(&self.clock)
            .stuck_after(1)
            .retain(Retention::For(MINUTE))
            .build()
            .unwrap()
    }

    /// One whose participants are transactions of that process.
    fn around(&self, inner: Coordinator) -> Coordinator {
        let outer = Coordinator::on(&self.journal).participant(Trip(inner)).clock(&self.clock);
        outer.retain(Retention::For(MINUTE)).build().unwrap()
    }
}

/// So much time goes by, and a coordinator looks at what is due: how many it forgets.
async fn pass(shop: &Shop, coordinator: &Coordinator, seconds: u64) -> usize {
    shop.clock.advance(Duration::from_secs(seconds));
    let recovered = coordinator.recover().await.unwrap();
    assert_eq!(recovered.pending, 0);
    recovered.forgotten
}

#[tokio::test(start_paused = true)]
async fn what_is_over_stays_for_its_time_and_no_longer() {
    let shop = Shop::new();
    let (forgetful, keeps) = (shop.forgetful(), shop.coordinator("keeps"));
    for (id, confirms) in [("one", true), ("two", false)] {
        let mut order = forgetful.begin(id).await.unwrap();
        let stock = order.reserve::<Stock>(1).await.unwrap();
        match confirms {
            true => order.confirm((stock,)).await.unwrap(),
            false => order.cancel((stock,)).await.unwrap(),
        };
    }
    let mut order = keeps.begin("kept").await.unwrap();
    let stock = order.reserve::<Stock>(1).await.unwrap();
    order.confirm((stock,)).await.unwrap();
    // Not before they have expired, which is when nobody can try for them any more.
    assert_eq!(pass(&shop, &forgetful, 89).await, 0);
    assert_eq!(shop.statuses().await, ["over"; 3]);
    assert_eq!(pass(&shop, &forgetful, 1).await, 2);
    assert_eq!(shop.statuses().await, ["over"], "what was to stay stays");
    assert!(Operator::on(&shop.journal).show("one").await.is_err());
    assert_eq!(shop.stock.now(), (8, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_abandoned_stays_as_long_as_one_that_has_ended_by_itself() {
    let shop = Shop::new();
    let coordinator = shop.forgetful();
    let mut order = coordinator.begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(1).await.unwrap();
    shop.stock.state.lock().unwrap().failures = 1;
    order.confirm((stock,)).await.unwrap();
    assert_eq!(shop.statuses().await, ["stuck"]);
    shop.clock.advance(Duration::from_secs(86_400));
    assert_eq!(pass(&shop, &coordinator, 0).await, 0, "it waits for somebody");
    let operator = Operator::on(&shop.journal);
    operator.abandon("order", "ada", "sent by hand").await.unwrap();
    assert_eq!(pass(&shop, &coordinator, 59).await, 0);
    assert!(operator.show("order").await.unwrap().to_string().contains("sent by hand"));
    assert_eq!(shop.statuses().await, ["abandoned"]);
    assert_eq!(pass(&shop, &coordinator, 1).await, 1);
    assert!(shop.statuses().await.is_empty());
}

/// A shelf behind a line on which a try takes as long as somebody wants.
#[derive(Default)]
struct Far {
    arrives: Notify,
    barrier: MemoryBarrier,
    held: Mutex<u32>,
}

impl Tcc for Far {
    const NAME: &'static str = "far";
    type Input = u32;
    type Refused = String;

    async fn reserve(&self, cx: &Cx, _: &u32) -> Result<(), String> {
        self.arrives.notified().await;
        match self.barrier.run(cx.key(), Phase::Try, |_| *self.held.lock().unwrap() += 1) {
            Verdict::Refused(progress) => Err(progress.to_string()),
            _ => Ok(()),
        }
    }

    async fn confirm(&self, cx: &Cx, _: &u32) -> Result<(), Transient> {
        assert!(self.barrier.enter(cx.key(), Phase::Confirm).is_fine());
        Ok(())
    }

    async fn cancel(&self, cx: &Cx, _: &u32) -> Result<(), Transient> {
        let _ = self.barrier.run(cx.key(), Phase::Cancel, |_| *self.held.lock().unwrap() -= 1);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_that_comes_when_its_cancel_is_forgotten_is_refused() {
    let (shop, far) = (Shop::new(), Arc::new(Far::default()));
    let coordinator = Coordinator::on(&shop.journal).participant::<Far>(Arc::clone(&far));
    let coordinator =
        coordinator.clock(&shop.clock).retain(Retention::For(MINUTE)).build().unwrap();
    let mut order = coordinator.begin("order").await.unwrap();
    let late = tokio::spawn(async move { order.reserve::<Far>(1).await.map(drop) });
    tokio::task::yield_now().await;
    shop.clock.advance(Duration::from_secs(31));
    assert_eq!(coordinator.recover().await.unwrap().cancelled, 1);
    assert_eq!(pass(&shop, &coordinator, 60).await, 1);
    assert!(shop.statuses().await.is_empty());
    // Another one of that id has nothing to do with it.
    far.arrives.notify_one();
    let refused = late.await.unwrap();
    assert!(
        matches!(&refused, Err(ReserveError::Refused(why)) if why == "cancelled"),
        "{refused:?}"
    );
    let mut again = coordinator.begin("order").await.unwrap();
    far.arrives.notify_one();
    let far_one = again.reserve::<Far>(1).await.unwrap();
    assert_eq!(*far.held.lock().unwrap(), 1);
    assert_eq!(again.confirm((far_one,)).await.unwrap().pending, 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_begins_under_a_forgotten_id_is_another_one_to_its_participants() {
    let shop = Shop::new();
    let coordinator = shop.forgetful();
    for round in 1..=3 {
        let mut order = coordinator.begin("order").await.unwrap();
        assert!(matches!(coordinator.begin("order").await, Err(TccError::Begun { .. })));
        let stock = order.reserve::<Stock>(1).await.unwrap();
        order.confirm((stock,)).await.unwrap();
        // Were it taken for the first, it would be confirmed and nothing sold.
        assert_eq!(shop.stock.now(), (10 - round, 0, round));
        assert_eq!(pass(&shop, &coordinator, 90).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_part_of_another_one_is_told_as_before_and_begins_no_more_when_it_is_forgotten() {
    for decision in [Decision::Confirm, Decision::Cancel] {
        let shop = Shop::new();
        let (inner, outer) = (shop.forgetful(), shop.around(shop.forgetful()));
        let mut holiday = outer.begin("holiday").await.unwrap();
        let trip = holiday.reserve::<Trip>([1, 2]).await.unwrap();
        let until = shop.clock.now() + Duration::from_secs(30);
        match decision {
            Decision::Confirm => holiday.confirm((trip,)).await.unwrap(),
            Decision::Cancel => holiday.cancel((trip,)).await.unwrap(),
        };
        let ended = shop.stock.now();
        let heads = shop.journal.heads(crate::journal::Heads::of("tcc")).await.unwrap();
        let part = heads.iter().find(|head| head.stream.key() != "holiday").unwrap();
        let run = part.stream.key().rsplit_once('#').unwrap().1.to_string();
        let until = until.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let birth = Birth { run: Some(run), until: Some(until) };
        let cx = Cx::new("holiday", &birth, 0, "Trip");
        assert_eq!(cx.to_string(), part.stream.key());
        assert_eq!(pass(&shop, &inner, 89).await, 0);
        assert!(matches!(inner.begin_nested(&cx).await, Err(TccError::Over { .. })), "it is late");

        assert_eq!(pass(&shop, &inner, 1).await, 2);
        assert!(shop.statuses().await.is_empty());
        // A try and an end, each on the way for so long.
        let late = inner.begin_nested(&cx).await.unwrap_err();
        let cancelled = Some(Decision::Cancel);
        assert!(matches!(late, TccError::Over { decision, .. } if decision == cancelled), "{late}");
        inner.settle_nested(&cx, decision).await.unwrap();
        assert!(shop.statuses().await.is_empty());
        assert_eq!(shop.stock.now(), ended);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancel_without_a_try_is_remembered_for_as_long_as_the_try_may_come() {
    let shop = Shop::new();
    let inner = shop.forgetful();
    let until = shop.clock.now() + Duration::from_secs(30);
    let until = until.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let cx = Cx::new("holiday", &Birth::new(Some(until)), 0, "Trip");
    inner.settle_nested(&cx, Decision::Cancel).await.unwrap();
    assert!(matches!(inner.begin_nested(&cx).await, Err(TccError::Begun { .. })));
    assert_eq!(pass(&shop, &inner, 89).await, 0);
    assert_eq!(pass(&shop, &inner, 1).await, 1);
    assert!(matches!(inner.begin_nested(&cx).await, Err(TccError::Over { .. })));
}

#[test]
fn a_participant_has_another_key_in_each_run() {
    let keys = [Birth::new(None), Birth::new(None), Birth::default()]
        .map(|birth| Cx::new("order", &birth, 0, "Stock").key().clone());
    assert!(keys.iter().all(|key| key.transaction == "order"));
    assert_ne!(keys[0], keys[1]);
    // What older programs have begun is known to its participants by this.
    assert_eq!(keys[2], Key::new("order", "0-Stock"));
}
