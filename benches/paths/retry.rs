//! A retry whose first attempt succeeds.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use criterion::Criterion;
use layered::{Execute, Service as _, Stack};
use reliability::resilience::{Policy, Retry};
use reliability_benches::now_or_panic;
use reliability_benches::single::{Small, ready, with_retry};
use seatbelt::{RecoveryInfo, ResilienceContext};

use super::Row;

const BASE: Duration = Duration::from_millis(50);

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "retry");
    row.path("floor_ready", || || now_or_panic(ready::<Small>()));
    row.path("ours_macro", || || now_or_panic(with_retry()));
    let policy =
        Policy::builder("bench").retry(Retry::attempts(4)).build().expect("valid settings");
    let policy = &policy;
    row.path("ours_by_hand", || || now_or_panic(policy.call(ready::<Small>)));
    let exponential = ExponentialBuilder::new().with_min_delay(BASE).with_max_times(3);
    row.path("backon", || || now_or_panic(ready::<Small>.retry(exponential)));
    let context = ResilienceContext::new(tick::Clock::new_tokio());
    let seatbelt = (
        seatbelt::retry::Retry::layer("bench", &context)
            .clone_input()
            .recovery_with(|result: &Result<u32, Small>, _| match result {
                Ok(_) => RecoveryInfo::never(),
                Err(_) => RecoveryInfo::retry(),
            })
            .max_retry_attempts(3)
            .base_delay(BASE),
        Execute::new(|_: u32| ready::<Small>()),
    )
        .into_service();
    let seatbelt = &seatbelt;
    row.path("seatbelt", || || now_or_panic(seatbelt.execute(7)));
}
