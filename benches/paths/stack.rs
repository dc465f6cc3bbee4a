//! The whole stack around a function that is ready at once.
//!
//! The hand-written one is what people put together from tokio's parts: a semaphore, a window of
//! the last 64 outcomes in one word, and a timeout. It has no retry, no deadline, no fallback and
//! no counters, its window is shared by all threads, and it never closes again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use layered::{Execute, Service as _, Stack};
use reliability_benches::now_or_panic;
use reliability_benches::single::ready;
use reliability_benches::stack::{Client, PriceError, bare, by_hand, by_macro, policy};
use seatbelt::{RecoveryInfo, ResilienceContext};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::Row;

const LIMIT: Duration = Duration::from_millis(800);

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "stack");
    let client = Client { price: 7 };
    let client = &client;
    row.path("floor_bare", || || now_or_panic(bare(client, "tea")));
    row.path("ours_macro", || || now_or_panic(by_macro(client, "tea")));
    let policy = policy().expect("valid settings");
    let policy = &policy;
    row.path("ours_by_hand", || || now_or_panic(by_hand(policy, client, "tea")));
    let parts = Parts { window: AtomicU64::new(0), semaphore: Semaphore::new(64) };
    let parts = &parts;
    let runtime = Handle::current();
    row.path("tokio_parts", || {
        let inside = runtime.enter();
        move || {
            let _ = &inside;
            now_or_panic(parts.call(client, "tea"))
        }
    });
    let seatbelt = seatbelt_stack();
    let seatbelt = &seatbelt;
    row.path("seatbelt", || || now_or_panic(seatbelt.execute(7)));
}

struct Parts {
    /// The last 64 outcomes, a failure is a one.
    window: AtomicU64,
    semaphore: Semaphore,
}

impl Parts {
    async fn call(&self, client: &Client, sku: &str) -> Result<u32, PriceError> {
        if self.window.load(Ordering::Relaxed).count_ones() >= 32 {
            return Err(PriceError::Unknown);
        }
        let permit = self.semaphore.acquire().await.map_err(|_| PriceError::Unknown)?;
        let result = tokio::time::timeout(LIMIT, bare(client, sku)).await;
        let result = result.unwrap_or(Err(PriceError::Unknown));
        let failed = u64::from(result.is_err());
        let slide = |outcomes: u64| Some((outcomes << 1) | failed);
        // The closure never refuses, so neither does the update.
        let _ = self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, slide);
        drop(permit);
        result
    }
}

/// Three of the policies: it has no bulkhead and no deadline.
fn seatbelt_stack() -> impl layered::Service<u32, Out = Result<u32, u32>> {
    let context = ResilienceContext::new(tick::Clock::new_tokio());
    let recovery = |result: &Result<u32, u32>| match result {
        Ok(_) => RecoveryInfo::never(),
        Err(_) => RecoveryInfo::retry(),
    };
    (
        seatbelt::retry::Retry::layer("bench", &context)
            .clone_input()
            .recovery_with(move |result, _| recovery(result))
            .max_retry_attempts(3)
            .base_delay(Duration::from_millis(50)),
        seatbelt::breaker::Breaker::layer("bench", &context)
            .recovery_with(move |result, _| recovery(result))
            .rejected_input_error(|_, _| 1)
            .failure_threshold(0.5)
            .min_throughput(20)
            .break_duration(Duration::from_secs(5)),
        seatbelt::timeout::Timeout::layer("bench", &context).timeout_error(|_| 1).timeout(LIMIT),
        Execute::new(|_: u32| ready::<u32>()),
    )
        .into_service()
}
