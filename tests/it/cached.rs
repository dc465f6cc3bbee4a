//! Answers that are kept, as callers of annotated functions see them.

use reliability::error::{Reason, Rejected};
use reliability::resilience::resilient;
use reliability::testing::{self, FakeTime, Script};

type Stock = Script<u32, Rejected>;

/// A test has an article of its own, for there is one cache.
#[resilient(
    cache(ttl = "30s", stale = "5m", key = article, refresh = background),
    deadline = "1s"
)]
async fn stock_of(article: &'static str, stock: Stock) -> Result<u32, Rejected> {
    stock.call().await
}

/// Asks once for a value that is stale a moment later.
async fn become_stale(time: &FakeTime, article: &'static str, stock: &Stock) {
    assert_eq!(stock_of(article, stock.clone()).await, Ok(7));
    time.pass("31s").await;
}

#[test]
fn a_refresh_behind_the_call_goes_on_without_it_and_what_it_finds_is_kept() {
    testing::run(|time| async move {
        let stock = Script::new().ok(7).ok(8).after("200ms");
        become_stale(&time, "tea", &stock).await;
        let before = time.now();
        assert_eq!(stock_of("tea", stock.clone()).await, Ok(7), "the stale one");
        assert_eq!(time.now(), before, "at once");
        time.settle().await;
        assert_eq!((stock.calls(), stock.in_flight()), (2, 1));
        assert_eq!(stock_of("tea", stock.clone()).await, Ok(7), "one refresh is enough");
        time.pass("201ms").await;
        assert_eq!((stock.in_flight(), stock.cancelled()), (0, 0));
        assert_eq!(stock_of("tea", stock.clone()).await, Ok(8));
        time.pass("29s").await;
        assert_eq!(stock_of("tea", stock.clone()).await, Ok(8), "for its own 30 s");
        assert_eq!(stock.calls(), 2);
    });
}

#[test]
fn a_refresh_that_panics_hurts_nobody_and_the_next_call_begins_another() {
    testing::run(|time| async move {
        let stock = Script::new().ok(7).panic().ok(9);
        become_stale(&time, "coffee", &stock).await;
        for calls in [2, 3] {
            assert_eq!(stock_of("coffee", stock.clone()).await, Ok(7));
            time.settle().await;
            assert_eq!(stock.calls(), calls);
        }
        assert_eq!(stock_of("coffee", stock.clone()).await, Ok(9));
    });
}

#[test]
fn a_refresh_that_hangs_ends_at_the_deadline_and_waits_its_turn() {
    testing::run(|time| async move {
        let stock = Script::new().ok(7).hang().err(refused()).ok(9);
        become_stale(&time, "milk", &stock).await;
        assert_eq!(stock_of("milk", stock.clone()).await, Ok(7));
        time.pass("999ms").await;
        assert_eq!((stock.in_flight(), stock.cancelled()), (1, 0));
        time.pass("2ms").await;
        assert_eq!((stock.in_flight(), stock.cancelled()), (0, 1));
        for calls in [2, 3] {
            assert_eq!(stock_of("milk", stock.clone()).await, Ok(7));
            time.settle().await;
            assert_eq!(stock.calls(), calls, "left alone for a second after it failed");
            time.pass("1s").await;
            assert_eq!(stock_of("milk", stock.clone()).await, Ok(7));
            time.settle().await;
            assert_eq!(stock.calls(), calls + 1);
        }
        assert_eq!(stock_of("milk", stock.clone()).await, Ok(9));
    });
}

#[test]
fn a_refresh_whose_runtime_is_gone_is_begun_anew_in_another() {
    let stock = Script::new().ok(7).hang().ok(9);
    testing::run(|time| {
        let stock = stock.clone();
        async move {
            become_stale(&time, "rice", &stock).await;
            assert_eq!(stock_of("rice", stock.clone()).await, Ok(7));
            time.settle().await;
            assert_eq!(stock.in_flight(), 1);
        }
    });
    assert_eq!((stock.in_flight(), stock.cancelled()), (0, 1));
    testing::run(|time| async move {
        // Its clock begins where the one before did.
        time.pass("31s").await;
        assert_eq!(stock_of("rice", stock.clone()).await, Ok(7));
        time.settle().await;
        assert_eq!(stock_of("rice", stock.clone()).await, Ok(9));
    });
}

fn refused() -> Rejected {
    Rejected::new(Reason::BreakerOpen, "stock")
}
