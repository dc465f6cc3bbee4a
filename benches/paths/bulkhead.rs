//! Into a bulkhead with room, and out again.

use std::sync::Arc;

use criterion::Criterion;
use reliability::resilience::Bulkhead;
use reliability_benches::now_or_panic;
use tokio::sync::Semaphore;

use super::Row;

const CONCURRENT: u32 = 64;

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "bulkhead");
    let ours = Bulkhead::builder("bench").concurrent(CONCURRENT).build().expect("valid settings");
    let ours = &ours;
    row.path("ours_try", || || drop(ours.try_enter().expect("room")));
    row.path("ours_async", || || drop(now_or_panic(ours.enter()).expect("room")));
    let semaphore = Arc::new(Semaphore::new(CONCURRENT as usize));
    let semaphore = &semaphore;
    row.path("tokio_try", || || drop(semaphore.try_acquire().expect("room")));
    row.path("tokio_async", || || drop(now_or_panic(semaphore.acquire()).expect("open")));
}
