//! Into an adaptive limit with room, out of it again, and the sample that is taken on the way.

use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use reliability::resilience::ConcurrencyLimit;
use reliability::resilience::concurrency_limit::{Outcome, Priority};
use reliability::time::Clock;
use reliability_benches::now_or_panic;
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_resilience_adaptive::{AdaptiveLimiterLayer, Aimd};

use super::Row;

const LIMIT: u32 = 64;

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "concurrency_limit");
    for (name, clock) in [
        ("ours_precise", Clock::precise()),
        ("ours_coarse", Clock::coarse()),
        ("ours_ticked", Clock::ticked()),
    ] {
        let limit = ConcurrencyLimit::builder("bench").initial(LIMIT).clock(clock).build();
        let limit = &limit.expect("valid settings");
        row.path(name, || || limit.acquire().expect("room").success());
    }
    // Where calls are few each of them is a sample, and reads the clock twice: so here as well, because
    // the windows ask for a million.
    let limit = ConcurrencyLimit::builder("bench").initial(LIMIT).samples(1_000_000).build();
    let limit = &limit.expect("valid settings");
    row.path("ours_each_a_sample", || || limit.acquire().expect("room").success());
    let limit = ConcurrencyLimit::builder("bench").initial(LIMIT).clock(Clock::ticked()).build();
    let limit = &limit.expect("valid settings");
    row.path("ours_untimed", || {
        || {
            let permit = limit.acquire_untimed(Priority::Normal).expect("room");
            permit.record(Outcome::Success, Some(Duration::from_millis(1)));
        }
    });
    let semaphore = Arc::new(Semaphore::new(LIMIT as usize));
    let semaphore = &semaphore;
    row.path("tokio_try", || || drop(semaphore.try_acquire().expect("room")));
    let answers = || tower::service_fn(|_: u32| async { Ok::<_, u32>(7) });
    let shared = GlobalConcurrencyLimitLayer::new(LIMIT as usize).layer(answers());
    row.path("tower", || {
        let mut shared = shared.clone();
        move || call(&mut shared)
    });
    let aimd = Aimd::builder().initial_limit(LIMIT as usize).build().expect("valid settings");
    let adaptive = AdaptiveLimiterLayer::new(aimd).layer(answers());
    row.path("tower_resilience", || {
        let mut adaptive = adaptive.clone();
        move || call(&mut adaptive)
    });
}

fn call<S: Service<u32>>(service: &mut S) -> bool {
    now_or_panic(async { service.ready().await.is_ok() }) && now_or_panic(service.call(7)).is_ok()
}
