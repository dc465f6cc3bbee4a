//! What is in front, what is behind, and what has left.

use alloc::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Event {
    Insert(u32),
    Get(u32),
    Ask(u32),
    Invalidate(u32),
    Clear,
    Advance(u64),
}

fn event(keys: u32) -> impl Strategy<Value = Event> {
    let key = move || 0..keys;
    prop_oneof![
        6 => key().prop_map(Event::Insert),
        8 => key().prop_map(Event::Get),
        6 => key().prop_map(Event::Ask),
        3 => key().prop_map(Event::Invalidate),
        1 => Just(Event::Clear),
        2 => (0..20_u64).prop_map(Event::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The model: a map without bounds. A cache may have forgotten what the map knows, but never
    /// knows anything else: nothing older, nothing that is too old, nothing that was taken away.
    #[test]
    fn a_cache_never_knows_more_than_a_map(
        capacity in 1..100_u32,
        events in prop::collection::vec(event(60), 1..400),
    ) {
        let (cache, clock) = with(|builder| builder.capacity(capacity).stale(Duration::ZERO));
        let mut known: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
        let (mut seconds, mut version) = (0, 0);
        for event in events {
            let fresh = |known: &BTreeMap<u32, (u32, u64)>, key: &u32| {
                known.get(key).filter(|(_, since)| seconds - since < 30).map(|(value, _)| *value)
            };
            match event {
                Event::Insert(key) => {
                    version += 1;
                    cache.insert(&key, version);
                    known.insert(key, (version, seconds));
                    // The last one that came is there, but where moka alone decides.
                    if capacity >= 4 {
                        prop_assert_eq!(cache.get::<u32>(&key), Some(version));
                    }
                }
                Event::Get(key) => {
                    let found = cache.get::<u32>(&key);
                    prop_assert!(found.is_none() || found == fresh(&known, &key), "{found:?}");
                }
                Event::Ask(key) => {
                    version += 1;
                    let answer: Price = now(cache.get_or(&key, || ready(Ok(version))));
                    let expected = fresh(&known, &key);
                    if answer == Ok(version) {
                        known.insert(key, (version, seconds));
                    } else {
                        prop_assert_eq!(answer.ok(), expected);
                    }
                }
                Event::Invalidate(key) => {
                    cache.invalidate::<u32>(&key);
                    known.remove(&key);
                    prop_assert_eq!(cache.get::<u32>(&key), None);
                }
                Event::Clear => {
                    cache.clear();
                    known.clear();
                }
                Event::Advance(by) => {
                    seconds += by;
                    clock.advance(Duration::from_secs(by));
                }
            }
        }
        prop_assert!(cache.snapshot().size <= u64::from(capacity));
    }
}

#[test]
fn as_many_as_there_is_room_for_are_kept_whether_they_were_asked_for_or_not() {
    let (cache, _) = with(|builder| builder.capacity(1_000));
    // As full as a cache gets before keys that share a set want each other's place behind.
    for key in 0..700_u32 {
        cache.insert(&key, key);
    }
    let kept = (0..700_u32).filter(|key| cache.get::<u32>(key) == Some(*key)).count();
    assert_eq!((kept, cache.snapshot().evictions), (700, 0));
}

#[test]
fn keys_that_come_once_drive_out_nothing_that_is_used() {
    let (cache, _) = with(|builder| builder.capacity(1_000));
    let used = || (0..300_u32).filter(|key| cache.get::<u32>(key).is_some()).count();
    for key in 0..300_u32 {
        cache.insert(&key, key);
    }
    for round in 0..40_u32 {
        assert_eq!(used(), 300, "in round {round}");
        for key in 0..500 {
            cache.insert(&(1_000 + 500 * round + key), key);
        }
    }
}

#[test]
fn a_key_that_comes_back_soon_after_it_was_thrown_out_is_taken_for_one_that_is_used() {
    let (cache, _) = with(|builder| builder.capacity(32));
    // One set of eight places, and moka behind it full of what is used.
    for key in 0..200_u32 {
        cache.insert(&key, key);
        cache.get::<u32>(&key);
        cache.snapshot();
    }
    let thrown_out = cache.snapshot().evictions;
    for key in 1_000..1_009_u32 {
        cache.insert(&key, key);
    }
    assert_eq!(cache.get::<u32>(&1_000_u32), None, "thrown out: nobody asked for it");
    assert!(cache.snapshot().evictions > thrown_out);
    cache.insert(&1_000_u32, 7_u32);
    for key in 2_000..2_008_u32 {
        cache.insert(&key, key);
    }
    assert_eq!(cache.get::<u32>(&1_000_u32), Some(7), "behind: it came twice");
}

#[test]
fn threads_that_insert_invalidate_and_look_see_nothing_of_before() {
    let (cache, _) = with(|builder| builder.capacity(64));
    let truth = [const { AtomicU32::new(0) }; 8];
    std::thread::scope(|scope| {
        for thread in 0..3_u32 {
            let (cache, truth) = (&cache, &truth);
            scope.spawn(move || {
                for round in 0..3_000_u32 {
                    let key = (round * 7 + thread * 3) % 8;
                    let before = truth[key as usize].load(Ordering::Acquire);
                    if let Some(seen) = cache.get::<u32>(&key) {
                        assert!(seen >= before, "{seen} of before {before}");
                    }
                    if thread == 0 {
                        // One writer: what it has written is the truth once it is told.
                        cache.insert(&key, round + 1);
                        truth[key as usize].store(round + 1, Ordering::Release);
                    }
                    // Pushes others out, to moka and back.
                    cache.insert(&(100 + round % 50), u32::MAX);
                    cache.get::<u32>(&(100 + round % 29));
                }
            });
        }
    });
    assert!(cache.snapshot().size <= 64);
}
