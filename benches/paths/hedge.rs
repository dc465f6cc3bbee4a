//! A hedge around a future that is ready at once: nothing should be timed, allocated or sent twice.

use std::future::Ready;
use std::task::{Context, Poll};
use std::time::Duration;

use criterion::Criterion;
use layered::{Execute, Service as _, Stack};
use reliability::resilience::{Hedge, Policy};
use reliability_benches::now_or_panic;
use reliability_benches::single::{Small, ready, with_hedge};
use seatbelt::ResilienceContext;
use tokio::runtime::Handle;
use tower::Service;

use super::Row;

const AFTER: Duration = Duration::from_millis(80);

/// A request may be sent twice, and any number of them.
#[derive(Clone)]
struct Always;

impl tower::hedge::Policy<u32> for Always {
    fn clone_request(&self, request: &u32) -> Option<u32> {
        Some(*request)
    }

    fn can_retry(&self, _: &u32) -> bool {
        true
    }
}

/// Ready at once, as a service.
#[derive(Clone)]
struct AtOnce;

impl Service<u32> for AtOnce {
    type Response = u32;
    type Error = tower::BoxError;
    type Future = Ready<Result<u32, tower::BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: u32) -> Self::Future {
        std::future::ready(std::hint::black_box(Ok(7)))
    }
}

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "hedge");
    row.path("floor_ready", || || now_or_panic(ready::<Small>()));
    row.path("ours_macro", || || now_or_panic(with_hedge()));
    let policy = Policy::builder("bench").hedge(Hedge::after(AFTER)).build();
    let policy = &policy.expect("valid settings");
    row.path("ours_by_hand", || || now_or_panic(policy.call(ready::<Small>)));
    let context = ResilienceContext::new(tick::Clock::new_tokio());
    let seatbelt = (
        seatbelt::hedging::Hedging::layer("bench", &context)
            .clone_input()
            .recovery_with(|_: &Result<u32, Small>, _| seatbelt::RecoveryInfo::never())
            .hedging_delay(AFTER),
        Execute::new(|_: u32| ready::<Small>()),
    )
        .into_service();
    let seatbelt = &seatbelt;
    row.path("seatbelt", || || now_or_panic(seatbelt.execute(7)));
    // Each thread has a service of its own, as connections do; its histogram is behind a mutex.
    let runtime = Handle::current();
    row.path("tower", || {
        let inside = runtime.enter();
        let period = Duration::from_secs(1);
        let mut service = tower::hedge::Hedge::new(AtOnce, Always, 10, 0.95, period);
        move || {
            let _ = &inside;
            now_or_panic(async {
                std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(7).await
            })
            .is_ok()
        }
    });
}
