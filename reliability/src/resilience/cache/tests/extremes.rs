//! Settings at their ends, clocks that jump, and code of users that panics.

use core::hash::{Hash, Hasher};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use super::*;

#[test]
fn capacities_at_both_ends_hold_what_they_can() {
    for capacity in [1, 2, 3, 4, 7, 31, 32, 33, 63, u32::MAX] {
        let (cache, _) = with(|builder| builder.capacity(capacity));
        for key in 0..100_u32 {
            assert_eq!(now(cache.get_or(&key, || ready(Price::Ok(key)))), Ok(key));
        }
        let size = cache.snapshot().size;
        assert!((1..=u64::from(capacity.min(100))).contains(&size), "{size} of {capacity}");
    }
}

#[test]
fn what_weighs_nothing_takes_room_all_the_same() {
    let (cache, _) = with(|builder| builder.capacity(10).weigher(|_: &u32| 0));
    for key in 0..1_000_u32 {
        cache.insert(&key, key);
    }
    assert!(cache.snapshot().size <= 10);
}

#[test]
fn an_answer_that_was_replaced_does_not_stay_in_memory() {
    let (cache, _) = with(|builder| builder.capacity(10).weigher(|_: &Arc<u32>| 1));
    let first = Arc::new(0);
    let forgotten = Arc::downgrade(&first);
    cache.insert("tea", first);
    // Garbage is collected by and by.
    let gone = (1..100_000).any(|price| {
        cache.insert("tea", Arc::new(price));
        forgotten.upgrade().is_none()
    });
    assert!(gone, "it is held as long as there is a newer one");
}

#[test]
fn what_is_too_heavy_is_found_out_again_and_not_kept() {
    let (cache, _) = with(|builder| builder.capacity(10).weigher(|_: &u32| u32::MAX));
    for price in 0..3 {
        assert_eq!(ask(&cache, Ok(price)), Ok(price));
        assert_eq!(cache.snapshot().size, 0);
    }
    assert_eq!(cache.snapshot().in_flight, 0);
}

#[test]
fn a_weigher_that_panics_takes_its_caller_along_and_nobody_else() {
    let weigh = |price: &u32| if *price == 13 { panic!("weighed") } else { 1 };
    let (cache, _) = with(|builder| builder.weigher(weigh));
    let mut leader = Box::pin(cache.get_or("tea", || async {
        tokio::task::yield_now().await;
        Price::Ok(13)
    }));
    assert!(poll(leader.as_mut()).is_pending());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let mut follower = pin!(cache.get_or("tea", || ready(Price::Ok(7))));
    assert!(poll(follower.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(leader.as_mut()))).is_err());
    assert_eq!(poll(follower.as_mut()), Poll::Ready(Ok(7)), "it leads");
    assert_eq!((ask(&cache, Ok(8)), cache.snapshot().in_flight), (Ok(7), 0));
}

#[test]
fn work_that_panics_while_it_is_made_is_left_to_who_comes_next() {
    let (cache, _) = with(|builder| builder);
    let make = || -> core::future::Ready<Price> { panic!("on purpose") };
    let mut leader = Box::pin(cache.get_or("tea", make));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(leader.as_mut()))).is_err());
    assert_eq!(cache.snapshot().in_flight, 0, "though its caller still has it");
    assert_eq!(ask(&cache, Ok(8)), Ok(8));
}

#[test]
fn the_longest_times_do_not_overflow() {
    let year = Duration::from_secs(365 * 86_400);
    let (cache, clock) = with(|builder| builder.ttl(year).stale(year));
    clock.set(Instant::from_nanos(u64::MAX - 1));
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.set(Instant::from_nanos(u64::MAX));
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "fresh");
    clock.set(Instant::ZERO);
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "a clock that jumps back makes nothing older");
    cache.insert("tea", 3_u32);
    clock.set(Instant::from_nanos(u64::MAX));
    assert_eq!(ask(&cache, Ok(4)), Ok(4), "five centuries later");
}

#[test]
fn a_stale_time_beyond_its_ttl_is_stale_to_its_end() {
    let (cache, clock) = with(|builder| builder.ttl(Duration::from_millis(1)).stale(TTL));
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    assert_eq!(ask(&cache, Err(PriceError::Busy)), Ok(1));
    clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&cache, Err(PriceError::Busy)), Err(PriceError::Busy));
}

#[test]
fn a_clock_that_jumps_back_after_a_failed_refresh_does_not_stop_the_next_one() {
    let (cache, clock) = cache();
    clock.set(Instant::from_nanos(3_600_000_000_000));
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    assert_eq!(ask(&cache, Err(PriceError::Busy)), Ok(1));
    clock.set(Instant::ZERO);
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "fresh again");
    clock.set(Instant::from_nanos(3_631_000_000_000));
    assert_eq!(ask(&cache, Ok(2)), Ok(2), "a second after the failure, as ever");
}

/// Which part of it panics.
#[derive(Debug)]
struct Loud {
    key: u8,
    part: &'static str,
}

impl Hash for Loud {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(self.part != "hash", "hashed");
        state.write_u8(self.key);
    }
}

impl PartialEq for Loud {
    fn eq(&self, other: &Self) -> bool {
        assert!(self.part != "eq" && other.part != "eq", "compared");
        self.key == other.key
    }
}

impl Eq for Loud {}

impl Clone for Loud {
    fn clone(&self) -> Self {
        assert!(self.part != "clone", "cloned");
        Self { key: self.key, part: self.part }
    }
}

#[test]
fn a_key_that_panics_breaks_nothing_for_others() {
    for capacity in [1, 1_000] {
        let (cache, _) = with(|builder| builder.capacity(capacity));
        let quiet = Loud { key: 1, part: "" };
        let ask = |key: &Loud, price| now(cache.get_or(key, || ready(Price::Ok(price))));
        assert_eq!(ask(&quiet, 1), Ok(1));
        for (part, key) in [("hash", 1), ("eq", 1), ("clone", 2)] {
            let loud = Loud { key, part };
            for step in 0..3 {
                let result = catch_unwind(AssertUnwindSafe(|| match step {
                    0 => drop(ask(&loud, 2)),
                    1 => cache.insert(&loud, 2_u32),
                    _ => drop(cache.invalidate::<u32>(&loud)),
                }));
                // Nothing is cloned to be taken away.
                assert_eq!(result.is_err(), part != "clone" || step < 2, "{part} {step}");
            }
        }
        assert_eq!((ask(&quiet, 3), cache.snapshot().in_flight), (Ok(1), 0));
        assert!(cache.invalidate::<u32>(&quiet));
        assert_eq!(ask(&quiet, 4), Ok(4));
    }
}

#[test]
fn followers_that_go_one_by_one_at_their_turn_pass_it_on_to_the_last() {
    let (cache, _) = cache();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let hangs = || Box::pin(cache.get_or("tea", pending::<Price>));
    let mut callers: Vec<_> = (0..6).map(|_| hangs()).collect();
    for caller in &mut callers {
        assert!(poll(caller.as_mut()).is_pending());
    }
    let mut last = pin!(cache.get_or("tea", || ready(Price::Ok(7))));
    assert!(poll(last.as_mut()).is_pending());
    // One goes while it leads, the next one promoted and not polled, the next one polled and working.
    for (place, mut caller) in callers.into_iter().enumerate() {
        assert_eq!(cache.snapshot().in_flight, 1);
        if place % 2 == 0 {
            assert!(poll(caller.as_mut()).is_pending());
        }
        drop(caller);
    }
    assert_eq!(poll(last.as_mut()), Poll::Ready(Ok(7)));
    assert_eq!(cache.snapshot().in_flight, 0);
}

#[test]
fn a_permanent_error_ends_the_answer_that_it_was_to_refresh_and_no_newer_one() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    let gone: Price = now(cache.get_or("tea", || {
        cache.insert("tea", 2_u32);
        ready(Err(PriceError::NoSuchArticle))
    }));
    assert_eq!(gone, Err(PriceError::NoSuchArticle));
    assert_eq!(cache.get::<u32>("tea"), Some(2), "it came after the question");
}

/// Uses the cache when it is dropped.
struct Returning {
    cache: Cache,
    key: u32,
}

impl Drop for Returning {
    fn drop(&mut self) {
        let Self { cache, key } = self;
        cache.insert(&*key, *key);
        cache.invalidate::<u32>(&(*key + 1));
    }
}

#[test]
fn values_that_use_the_cache_when_a_thread_ends_are_dropped() {
    thread_local! {
        static LAST: core::cell::RefCell<Vec<Returning>> =
            const { core::cell::RefCell::new(Vec::new()) };
    }
    for cache_first in [true, false] {
        let (cache, _) = with(|builder| builder.capacity(1));
        let dropped = Arc::new(());
        let returning = |key| Returning { cache: cache.clone(), key };
        let value = |key| Arc::new((returning(key), Arc::clone(&dropped)));
        let (first, at_the_end) = (value(0), (1..40).map(returning).collect::<Vec<_>>());
        let (in_thread, values) = (cache.clone(), (1..40).map(value).collect::<Vec<_>>());
        let thread = std::thread::spawn(move || {
            // Destructors run in an order that depends on what was used first.
            if cache_first {
                in_thread.insert(&100_u32, first);
            }
            LAST.set(at_the_end);
            for (key, value) in (101_u32..).zip(values) {
                in_thread.insert(&key, value);
            }
        });
        thread.join().expect("nothing panics");
        assert_eq!(now(cache.get_or(&7_u32, || ready(Price::Ok(7)))), Ok(7));
    }
}

#[test]
fn many_values_that_are_dropped_at_once_are_dropped_one_after_the_other() {
    use super::super::{entry::Entry, outside};

    #[derive(Clone)]
    struct Deep {
        _level: Arc<Level>,
    }
    struct Level(Arc<AtomicU32>);
    impl Drop for Level {
        fn drop(&mut self) {
            outside::inside(|| ());
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&dropped);
    let thread = std::thread::Builder::new().stack_size(128 * 1_024).spawn(move || {
        outside::inside(|| {
            for key in 0..10_000_u32 {
                let value = Deep { _level: Arc::new(Level(Arc::clone(&counted))) };
                outside::drop_outside(Entry::value(key, 0, value, Instant::ZERO));
            }
            assert_eq!(counted.load(Ordering::Relaxed), 0);
        });
        counted.load(Ordering::Relaxed)
    });
    assert_eq!(thread.unwrap().join().unwrap(), 10_000);
}

/// Panics when it is dropped.
#[derive(Clone)]
struct Exploding {
    _once: Arc<Bomb>,
}

struct Bomb(Arc<AtomicU32>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("on purpose");
    }
}

/// What is left to the end of a thread may not panic there: it would end the process.
#[test]
fn of_values_that_panic_when_they_are_dropped_each_is_dropped_and_one_panic_is_told() {
    use super::super::{entry::Entry, outside};

    let dropped = Arc::new(AtomicU32::new(0));
    let bomb = |key: u32| {
        let value = Exploding { _once: Arc::new(Bomb(Arc::clone(&dropped))) };
        Entry::value(key, 0, value, Instant::ZERO)
    };
    let count = || dropped.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                outside::inside(|| (0..3).for_each(|key| outside::drop_outside(bomb(key))));
            }));
            assert!(caught.is_err(), "who used the cache is told");
            assert_eq!(count(), 3);
            // Garbage that somebody else collects.
            outside::drop_outside(bomb(3));
            assert_eq!(count(), 4);
            // A call of moka that panics, after which the thread uses no cache any more.
            let caught = catch_unwind(AssertUnwindSafe(|| {
                outside::inside(|| {
                    outside::drop_outside(bomb(4));
                    panic!("a key that cannot be compared");
                });
            }));
            assert!(caught.is_err());
        });
        assert!(thread.join().is_ok());
    });
    assert_eq!(count(), 5);
}

/// It is dropped wherever it leaves the cache, and that may be deep inside of moka.
#[test]
fn a_value_may_use_the_cache_when_it_is_dropped() {
    #[derive(Clone)]
    struct Nosy {
        _used: Option<alloc::sync::Arc<Uses>>,
    }
    struct Uses(Cache, u32);
    impl Drop for Uses {
        fn drop(&mut self) {
            let Self(cache, number) = self;
            assert!(cache.get::<u32>("not there").is_none());
            cache.invalidate::<Nosy>(&(*number / 2));
            cache.insert(&(*number + 1), Nosy { _used: None });
            assert!(cache.snapshot().size <= u64::from(cache.settings().capacity) + 64);
        }
    }
    for (capacity, weighed) in [(1, false), (3, true), (16, false), (64, true)] {
        let (cache, clock) = with(|builder| match weighed {
            true => builder.capacity(capacity).weigher(|_: &Nosy| 1),
            false => builder.capacity(capacity),
        });
        for number in 0..2_000 {
            let key = number % (capacity * 3);
            clock.advance(Duration::from_secs(1));
            if number % 490 == 1 {
                cache.clear();
            }
            let _ = cache.get::<Nosy>(&key);
            let used = alloc::sync::Arc::new(Uses(cache.clone(), key));
            cache.insert(&key, Nosy { _used: Some(used) });
        }
    }
}
