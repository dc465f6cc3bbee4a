//! A value that is there, and one that has to be found out: ours beside moka, which keeps ours, and
//! tower-resilience.
//!
//! moka stands behind ours, and what is used now has places in front of it: so a hit of ours is not one
//! of moka's, and a miss not an insertion of its own.
//! tower-resilience polls its service first and makes the key by cloning the request.

use std::convert::Infallible;
use std::time::Duration;

use criterion::Criterion;
use moka::future::Cache as Moka;
use moka::sync::Cache as MokaSync;
use reliability::error::Rejected;
use reliability::resilience::cache::{Cache, Sharing};
use reliability::resilience::single_flight::SingleFlight;
use reliability::resilience::{Policy, Retry};
use reliability::time::Clock;
use reliability_benches::{now_or_panic, spin};
use tower::{Layer, Service};
use tower_resilience_cache::CacheLayer;
use tower_resilience_coalesce::CoalesceLayer;

use super::Row;

const KEYS: u64 = 1_000;
const CAPACITY: u32 = 10_000;
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn paths(criterion: &mut Criterion) {
    hit(criterion);
    miss(criterion);
    flight(criterion);
}

async fn work() -> Result<u64, Rejected> {
    std::hint::black_box(Ok(7))
}

fn cache(clock: Clock) -> Cache {
    let builder = Cache::builder("bench").ttl(HOUR).capacity(CAPACITY).clock(clock);
    builder.build().expect("valid settings")
}

/// One key after another, so that threads meet now and then.
fn keys() -> impl FnMut() -> u64 {
    let mut key = 0;
    move || {
        key = (key + 1) % KEYS;
        key
    }
}

fn hit(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "cache_hit");
    for (name, clock) in [
        ("ours", Clock::precise()),
        ("ours_coarse", Clock::coarse()),
        ("ours_ticked", Clock::ticked()),
    ] {
        let cache = cache(clock);
        (0..KEYS).for_each(|key| cache.insert(&key, key));
        let cache = &cache;
        row.path(name, || {
            let mut key = keys();
            move || now_or_panic(cache.get_or(&key(), work)).expect("a hit")
        });
    }
    let policy = Policy::builder("bench").cache(cache(Clock::precise())).retry(Retry::standard());
    let policy = policy.build().expect("valid settings");
    (0..KEYS).for_each(|key| policy.cache().expect("a cache").insert(&key, key));
    let policy = &policy;
    row.path("ours_policy", || {
        let mut key = keys();
        move || now_or_panic(policy.call_cached(&key(), Sharing::errors(), work)).expect("a hit")
    });
    let moka = Moka::<u64, u64>::builder().max_capacity(CAPACITY.into()).time_to_live(HOUR).build();
    (0..KEYS).for_each(|key| now_or_panic(moka.insert(key, key)));
    let moka = &moka;
    row.path("moka_get", || {
        let mut key = keys();
        move || now_or_panic(moka.get(&key())).expect("a hit")
    });
    row.path("moka_get_with", || {
        let mut key = keys();
        move || now_or_panic(moka.get_with(key(), async { 7 }))
    });
    let layer = CacheLayer::builder()
        .max_size(CAPACITY as usize)
        .ttl(HOUR)
        .key_extractor(|key: &u64| *key)
        .build()
        .expect("valid settings");
    let service =
        layer.layer(tower::service_fn(|key: u64| async move { Ok::<_, Infallible>(key) }));
    row.path("tower_resilience", || {
        let mut service = service.clone();
        (0..KEYS).for_each(|key| assert!(spin(service.call(key)).is_ok()));
        let mut key = keys();
        move || spin(service.call(key())).expect("a hit")
    });
}

/// Every key is new.
fn miss(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "cache_miss");
    let ours = cache(Clock::precise());
    let ours = &ours;
    row.path("ours", || || now_or_panic(ours.get_or(&fresh(), work)).expect("an answer"));
    let moka = Moka::<u64, u64>::builder().max_capacity(CAPACITY.into()).time_to_live(HOUR).build();
    let moka = &moka;
    // It waits for the other thread at times.
    row.path("moka_get_with", || || spin(moka.get_with(fresh(), async { 7 })));
    let moka = MokaSync::<u64, u64>::builder().max_capacity(CAPACITY.into()).time_to_live(HOUR);
    let moka = &moka.build();
    row.path("moka_insert", || || moka.insert(fresh(), 7));
    let layer = CacheLayer::builder()
        .max_size(CAPACITY as usize)
        .ttl(HOUR)
        .key_extractor(|key: &u64| *key)
        .build()
        .expect("valid settings");
    let service =
        layer.layer(tower::service_fn(|key: u64| async move { Ok::<_, Infallible>(key) }));
    row.path("tower_resilience", || {
        let mut service = service.clone();
        move || spin(service.call(fresh())).expect("an answer")
    });
}

/// A flight of one caller: begun, landed, and forgotten.
fn flight(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "single_flight");
    let ours = SingleFlight::<u64, u64>::new();
    let ours = &ours;
    row.path("ours", || || now_or_panic(ours.run(&fresh(), async { 7 })));
    let layer = CoalesceLayer::new(|key: &u64| *key);
    let service =
        layer.layer(tower::service_fn(|key: u64| async move { Ok::<_, Infallible>(key) }));
    row.path("tower_resilience", || {
        let mut service = service.clone();
        move || spin(service.call(fresh())).expect("an answer")
    });
}

/// A key that no thread has asked for.
fn fresh() -> u64 {
    fastrand::u64(..)
}
