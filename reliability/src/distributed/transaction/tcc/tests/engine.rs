use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::Mutex;

use super::super::barrier::{MemoryBarrier, Phase, Verdict};
use super::super::written::Birth;
use super::super::{Coordinator, Cx, Decision, ReserveError, Tcc, TccError, Transient};
use crate::journal::{Heads, Journal, Sequence, StreamId};
use crate::time::WallClock;

/// What a participant holds, behind a barrier, and what was asked of it.
#[derive(Default)]
pub(super) struct Account {
    barrier: MemoryBarrier,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    free: i64,
    held: i64,
    spent: i64,
    asked: Vec<String>,
    /// How often a confirm or cancel fails before it works.
    pub(super) failures: u32,
    /// How often it panics, and whether it answers at all.
    pub(super) panics: u32,
    pub(super) hangs: bool,
}

impl Account {
    fn with(free: i64) -> Arc<Self> {
        let state = State { free, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), ..Self::default() })
    }

    pub(super) fn now(&self) -> (i64, i64, i64) {
        let state = self.state.lock().unwrap();
        (state.free, state.held, state.spent)
    }

    async fn answers(&self) {
        let hangs = self.state.lock().unwrap().hangs;
        if hangs {
            core::future::pending::<()>().await;
        }
    }

    fn ask(&self, cx: &Cx, phase: Phase, amount: i64) -> Result<Verdict, Transient> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(phase.to_string());
        if phase != Phase::Try && state.failures > 0 {
            state.failures -= 1;
            return Err(Transient::new("not now"));
        }
        if phase != Phase::Try && state.panics > 0 {
            state.panics -= 1;
            drop(state);
            panic!("on purpose");
        }
        let state = &mut *state;
        Ok(self.barrier.run(cx.key(), phase, |phase| match phase {
            Phase::Try => (state.free, state.held) = (state.free - amount, state.held + amount),
            Phase::Confirm => {
                (state.held, state.spent) = (state.held - amount, state.spent + amount)
            }
            Phase::Cancel => (state.held, state.free) = (state.held - amount, state.free + amount),
        }))
    }
}

macro_rules! participant {
    ($name:ident) => {
        pub(super) struct $name(pub(super) Arc<Account>);

        impl Tcc for $name {
            const NAME: &'static str = stringify!($name);
            type Input = i64;
            type Refused = String;

            async fn reserve(&self, cx: &Cx, amount: &i64) -> Result<(), String> {
                if *amount > self.0.now().0 {
                    return Err("too little".to_string());
                }
                let entered = self.0.ask(cx, Phase::Try, *amount).map_err(|it| it.to_string())?;
                if entered.is_fine() { Ok(()) } else { Err("too late".to_string()) }
            }

            async fn confirm(&self, cx: &Cx, amount: &i64) -> Result<(), Transient> {
                self.0.answers().await;
                let entered = self.0.ask(cx, Phase::Confirm, *amount)?;
                assert!(entered.is_fine(), "{cx}: {entered:?}");
                Ok(())
            }

            async fn cancel(&self, cx: &Cx, amount: &i64) -> Result<(), Transient> {
                self.0.answers().await;
                let entered = self.0.ask(cx, Phase::Cancel, *amount)?;
                assert!(entered.is_fine(), "{cx}: {entered:?}");
                Ok(())
            }
        }
    };
}

participant!(Stock);
participant!(Money);

pub(super) struct Shop {
    pub(super) journal: Journal,
    pub(super) clock: WallClock,
    pub(super) stock: Arc<Account>,
    pub(super) money: Arc<Account>,
}

impl Shop {
    pub(super) fn new() -> Self {
        let clock = WallClock::manual(
            std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        );
        let (stock, money) = (Account::with(10), Account::with(1_000));
        let journal = Journal::on(crate::journal::MemoryStore::with_clock(&clock));
        Self { journal, clock, stock, money }
    }

    /// A process that knows the participants.
    pub(super) fn coordinator(&self, owner: &str) -> Coordinator {
        Coordinator::on(&self.journal)
            .participant(Stock(Arc::clone(&self.stock)))
            .participant(Money(Arc::clone(&self.money)))
            .clock(&self.clock)
            .owner(owner)
            .build()
            .unwrap()
    }

    pub(super) async fn statuses(&self) -> Vec<String> {
        let heads = self.journal.heads(Heads::of("tcc")).await.unwrap();
        heads.into_iter().map(|head| head.status).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn all_use_what_they_have_reserved() {
    let shop = Shop::new();
    let mut order = shop.coordinator("a").begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    let money = order.reserve::<Money>(299).await.unwrap();
    assert_eq!((shop.stock.now(), shop.money.now()), ((7, 3, 0), (701, 299, 0)));
    let settled = order.confirm((stock, money)).await.unwrap();
    assert_eq!((settled.decision, settled.pending), (Decision::Confirm, 0));
    assert_eq!((shop.stock.now(), shop.money.now()), ((7, 0, 3), (701, 0, 299)));
    assert_eq!(shop.statuses().await, ["over"]);
    let again = shop.coordinator("b").begin("order").await.unwrap_err();
    assert!(matches!(again, TccError::Begun { .. }), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_cancels_all_and_the_transaction_is_over() {
    let shop = Shop::new();
    let mut order = shop.coordinator("a").begin("order").await.unwrap();
    let money = order.reserve::<Money>(299).await.unwrap();
    let refused = order.reserve::<Stock>(11).await.unwrap_err();
    assert!(matches!(refused, ReserveError::Refused(_)), "{refused}");
    assert_eq!((shop.stock.now(), shop.money.now()), ((10, 0, 0), (1_000, 0, 0)));
    let late = order.reserve::<Stock>(1).await.unwrap_err();
    assert!(late.to_string().contains("is decided: cancel"), "{late}");
    let over = order.confirm((money,)).await.unwrap_err();
    assert!(matches!(over, TccError::Over { decision: Some(Decision::Cancel), .. }), "{over}");
    assert_eq!(shop.stock.state.lock().unwrap().asked, ["cancel"], "empty, and told all the same");
}

#[tokio::test(start_paused = true)]
async fn whoever_recovers_cancels_what_was_not_decided_when_it_has_expired() {
    let shop = Shop::new();
    let (one, other) = (shop.coordinator("one"), shop.coordinator("other"));
    let mut order = one.begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    assert_eq!(other.recover().await.unwrap().cancelled, 0, "it is somebody's");
    shop.clock.advance(Duration::from_secs(31));
    assert_eq!(other.recover().await.unwrap().cancelled, 1);
    assert_eq!(shop.stock.now(), (10, 0, 0));
    let over = order.confirm((stock,)).await.unwrap_err();
    assert!(matches!(over, TccError::Over { .. }), "{over}");
    assert_eq!(shop.stock.now(), (10, 0, 0));
    assert_eq!(shop.statuses().await, ["over"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_is_carried_through_by_another_process() {
    let shop = Shop::new();
    let mut order = shop.coordinator("one").begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    let money = order.reserve::<Money>(299).await.unwrap();
    shop.money.state.lock().unwrap().failures = 2;
    let settled = order.confirm((stock, money)).await.unwrap();
    assert_eq!((settled.decision, settled.pending), (Decision::Confirm, 1));
    assert_eq!((shop.stock.now(), shop.money.now()), ((7, 0, 3), (701, 299, 0)));
    assert_eq!(shop.statuses().await, ["telling"]);
    let other = shop.coordinator("other");
    assert_eq!(other.recover().await.unwrap(), Default::default(), "after a pause");
    let mut ended = 0;
    while ended == 0 {
        shop.clock.advance(Duration::from_secs(1));
        ended = other.recover().await.unwrap().confirmed;
    }
    assert_eq!((shop.stock.now(), shop.money.now()), ((7, 0, 3), (701, 0, 299)));
    assert_eq!(shop.statuses().await, ["over"]);
}

#[tokio::test(start_paused = true)]
async fn reservations_of_another_transaction_or_too_few_cancel_instead() {
    let shop = Shop::new();
    let coordinator = shop.coordinator("a");
    let mut one = coordinator.begin("one").await.unwrap();
    let mut other = coordinator.begin("other").await.unwrap();
    let (first, foreign) =
        (one.reserve::<Stock>(1).await.unwrap(), other.reserve::<Stock>(2).await.unwrap());
    let invalid = one.confirm((foreign,)).await.unwrap_err();
    assert!(
        matches!(&invalid, TccError::Invalid(it) if it.setting() == "reservations"),
        "{invalid}"
    );
    assert_eq!(shop.stock.now(), (8, 2, 0), "the first is cancelled");
    let invalid = other.confirm(Vec::from([first.any()])).await.unwrap_err();
    let told = invalid.to_string();
    assert!(told.contains("every reservation of this transaction"), "{told}");
    assert!(told.contains("AnyTried { index: 0, .. }, which is of another transaction"), "{told}");
    assert_eq!(shop.stock.now(), (10, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_participant_may_take_part_as_often_as_there_is_need() {
    let shop = Shop::new();
    let mut order = shop.coordinator("a").begin("order").await.unwrap();
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(order.reserve::<Stock>(2).await.unwrap().any());
    }
    assert_eq!(order.confirm(all).await.unwrap().pending, 0);
    assert_eq!(shop.stock.now(), (0, 0, 10));
}

/// Dropped at every await: what was reserved is released when it has expired, and never both.
#[tokio::test(start_paused = true)]
async fn dropped_at_any_point_it_ends_one_way() {
    let mut whole = false;
    for polls in 0.. {
        let shop = Shop::new();
        let coordinator = shop.coordinator("a");
        let work = async {
            let mut order = coordinator.begin("order").await.unwrap();
            let stock = order.reserve::<Stock>(3).await.unwrap();
            let money = order.reserve::<Money>(299).await.unwrap();
            order.confirm((stock, money)).await.unwrap()
        };
        let mut work = alloc::boxed::Box::pin(work);
        for _ in 0..=polls {
            let polled = core::future::poll_fn(|cx| {
                core::task::Poll::Ready(work.as_mut().poll(cx).is_ready())
            });
            whole = polled.await;
            if whole {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(work);
        shop.clock.advance(Duration::from_secs(31));
        let other = shop.coordinator("other");
        other.recover().await.unwrap();
        let ended = (shop.stock.now(), shop.money.now());
        let confirmed = ((7, 0, 3), (701, 0, 299));
        assert!([confirmed, ((10, 0, 0), (1_000, 0, 0))].contains(&ended), "{polls}: {ended:?}");
        assert!(shop.statuses().await.iter().all(|status| status == "over"), "{polls}");
        if whole {
            assert_eq!(ended, confirmed);
            break;
        }
        assert!(polls < 100, "it does not come to an end");
    }
    assert!(whole);
}

pub(super) struct Trip(pub(super) Coordinator);

impl Tcc for Trip {
    const NAME: &'static str = "Trip";
    type Input = [i64; 2];
    type Refused = String;

    async fn reserve(&self, cx: &Cx, amounts: &[i64; 2]) -> Result<(), String> {
        let mut inner = self.0.begin_nested(cx).await.map_err(|it| it.to_string())?;
        let there = inner.reserve::<Stock>(amounts[0]).await.map_err(|it| it.to_string())?;
        let back = inner.reserve::<Stock>(amounts[1]).await.map_err(|it| it.to_string())?;
        inner.leave((there, back)).map_err(|it| it.to_string())
    }

    async fn confirm(&self, cx: &Cx, _: &[i64; 2]) -> Result<(), Transient> {
        self.0.settle_nested(cx, Decision::Confirm).await
    }

    async fn cancel(&self, cx: &Cx, _: &[i64; 2]) -> Result<(), Transient> {
        self.0.settle_nested(cx, Decision::Cancel).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_in_a_transaction_ends_as_that_one_does() {
    for (amounts, confirms, expected) in
        [([2, 3], true, (5, 0, 5)), ([2, 3], false, (10, 0, 0)), ([2, 30], true, (10, 0, 0))]
    {
        let shop = Shop::new();
        let inner = shop.coordinator("inner");
        let outer = Coordinator::on(&shop.journal).participant(Trip(inner)).clock(&shop.clock);
        let outer = outer.build().unwrap();
        let mut holiday = outer.begin("holiday").await.unwrap();
        let trip = match holiday.reserve::<Trip>(amounts).await {
            Ok(trip) => trip,
            Err(refused) => {
                assert!(refused.to_string().contains("too little"), "{refused}");
                assert_eq!(shop.stock.now(), expected);
                continue;
            }
        };
        assert_eq!(shop.stock.now().1, 5);
        let settled = match confirms {
            true => holiday.confirm((trip,)).await,
            false => holiday.cancel((trip,)).await,
        };
        assert_eq!(settled.unwrap().pending, 0);
        assert_eq!(shop.stock.now(), expected);
        assert_eq!(shop.statuses().await, ["over", "over"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_nested_one_that_was_cancelled_before_it_began_never_begins() {
    let shop = Shop::new();
    let inner = shop.coordinator("inner");
    let cx = Cx::new("holiday", &Birth::default(), 0, "Trip");
    inner.settle_nested(&cx, Decision::Cancel).await.unwrap();
    inner.settle_nested(&cx, Decision::Cancel).await.unwrap();
    let hanging = inner.begin_nested(&cx).await.unwrap_err();
    assert!(matches!(hanging, TccError::Begun { .. }), "{hanging}");
    assert!(inner.settle_nested(&cx, Decision::Confirm).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_written_can_be_read_without_our_types() {
    let shop = Shop::new();
    let mut order = shop.coordinator("a").begin("order").await.unwrap();
    let stock = order.reserve::<Stock>(3).await.unwrap();
    order.cancel((stock,)).await.unwrap();
    let stream = StreamId::new("tcc", "order").unwrap();
    let records = shop.journal.read(&stream, Sequence::START, 10).await.unwrap();
    let names: Vec<_> = records.iter().map(|record| record.event.name()).collect();
    assert_eq!(names, ["Began", "Joined", "Cancelled", "Ended"]);
    let joined = core::str::from_utf8(records[1].event.payload()).unwrap();
    assert_eq!(joined, r#"{"input":3,"participant":"Stock"}"#);
}

#[test]
fn a_coordinator_that_cannot_work_is_refused() {
    let shop = Shop::new();
    let none = Coordinator::on(&shop.journal).build().unwrap_err();
    assert_eq!(none.setting(), "participants");
    let stock = || Stock(Arc::clone(&shop.stock));
    let twice = Coordinator::on(&shop.journal).participant(stock()).participant(stock());
    assert!(twice.build().unwrap_err().to_string().contains("a name of its own"));
    let never = Coordinator::on(&shop.journal).participant(stock()).expires(Duration::ZERO);
    assert_eq!(never.build().unwrap_err().setting(), "expires");
}
