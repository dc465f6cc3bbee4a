use loom::sync::Arc;
use loom::thread;

use super::*;

const SECOND: u64 = 1_000 * NANOS_PER_MILLI;
const SHORT: Duration = Duration::from_nanos(1_100);

/// A sketch whose next turn is far away: one in which nothing but recording happens.
fn quiet(now_nanos: u64) -> Arc<Sketch> {
    let sketch = Arc::new(Sketch::new());
    sketch.record(now_nanos, Duration::ZERO);
    sketch
}

#[test]
fn loom_two_threads_lose_no_entry_of_one_generation() {
    loom::model(|| {
        let sketch = quiet(SECOND);
        let other = {
            let sketch = Arc::clone(&sketch);
            thread::spawn(move || sketch.record(SECOND, SHORT))
        };
        sketch.record(SECOND, SHORT);
        other.join().unwrap();
        assert_eq!(sketch.snapshot(SECOND).count(), 3);
    });
}

/// The first entry of a generation takes the bucket over from an older one.
#[test]
fn loom_two_threads_take_one_bucket_over_and_both_entries_count() {
    loom::model(|| {
        let sketch = quiet(SECOND);
        // Two generations on, so that the bucket still bears the number of the first one.
        sketch.current.store(Current::new(2, SECOND).0, Ordering::Relaxed);
        let other = {
            let sketch = Arc::clone(&sketch);
            thread::spawn(move || sketch.record(SECOND, Duration::ZERO))
        };
        sketch.record(SECOND, Duration::ZERO);
        other.join().unwrap();
        assert_eq!(sketch.snapshot(SECOND).count(), 2);
    });
}

#[test]
fn loom_one_of_two_threads_has_the_turn_and_one_generation_ends() {
    loom::model(|| {
        let sketch = quiet(SECOND);
        sketch.record(SECOND, SHORT);
        sketch.record(SECOND, SHORT);
        let begun = Current(sketch.current.load(Ordering::Relaxed)).number();
        let other = {
            let sketch = Arc::clone(&sketch);
            thread::spawn(move || sketch.record(3 * SECOND, SHORT))
        };
        let mine = sketch.record(3 * SECOND, SHORT);
        let theirs = other.join().unwrap();
        assert!(mine != theirs, "each has the turn, or none: {mine} {theirs}");
        let now = Current(sketch.current.load(Ordering::Relaxed)).number();
        assert_eq!(now, begun.wrapping_add(1));
        assert_eq!(sketch.snapshot(3 * SECOND).count(), 5);
    });
}

/// What a late writer adds never makes an older generation count again, and never counts twice.
#[test]
fn loom_a_generation_that_ends_beside_a_writer_loses_at_most_what_is_on_its_way() {
    loom::model(|| {
        let sketch = quiet(SECOND);
        let other = {
            let sketch = Arc::clone(&sketch);
            thread::spawn(move || sketch.record(SECOND, Duration::ZERO))
        };
        // Everything older is over: what was counted before must not come back.
        sketch.current.store(Current::new(2, SECOND).0, Ordering::Relaxed);
        sketch.record(SECOND, Duration::ZERO);
        other.join().unwrap();
        let count = sketch.snapshot(SECOND).count();
        assert!((1..=2).contains(&count), "{count}");
    });
}

/// A thread that was suspended between finding a generation full and ending it does not bring back
/// one that others have ended since.
#[test]
fn loom_no_generation_comes_back() {
    loom::model(|| {
        let sketch = quiet(SECOND);
        sketch.record(SECOND, SHORT);
        let late = {
            let sketch = Arc::clone(&sketch);
            thread::spawn(move || sketch.end_generation(3 * SECOND))
        };
        // Two have ended since, the younger one a second later.
        sketch.current.swap(Current::new(2, 4 * SECOND).0, Ordering::Relaxed);
        late.join().unwrap();
        assert_eq!(Current(sketch.current.load(Ordering::Relaxed)).number(), 2);
    });
}
