//! A timeout around a future that is ready at once: nothing should be timed.

use std::time::Duration;

use criterion::Criterion;
use layered::{Execute, Service as _, Stack};
use reliability::resilience::Policy;
use reliability_benches::now_or_panic;
use reliability_benches::single::{Small, ready, with_timeout};
use seatbelt::ResilienceContext;
use tokio::runtime::Handle;

use super::Row;

const LIMIT: Duration = Duration::from_millis(800);

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "timeout");
    row.path("floor_ready", || || now_or_panic(ready::<Small>()));
    row.path("ours_macro", || || now_or_panic(with_timeout()));
    let policy = Policy::builder("bench").timeout(LIMIT).build().expect("valid settings");
    let policy = &policy;
    row.path("ours_by_hand", || || now_or_panic(policy.call(ready::<Small>)));
    let context = ResilienceContext::new(tick::Clock::new_tokio());
    let seatbelt = (
        seatbelt::timeout::Timeout::layer("bench", &context)
            .timeout_error(|_| Small(1))
            .timeout(LIMIT),
        Execute::new(|_: u32| ready::<Small>()),
    )
        .into_service();
    let seatbelt = &seatbelt;
    row.path("seatbelt", || || now_or_panic(seatbelt.execute(7)));
    let runtime = Handle::current();
    row.path("tokio", || {
        let inside = runtime.enter();
        move || {
            let _ = &inside;
            now_or_panic(tokio::time::timeout(LIMIT, ready::<Small>()))
        }
    });
}
