use loom::sync::Arc;
use loom::thread;

use super::*;

/// In a bucket, and above all buckets.
const DURATIONS: [Duration; 2] = [Duration::from_nanos(1_500), Duration::from_secs(100_000)];

/// The clamp to the maximum is only right when an entry never shows before its maximum does.
#[test]
fn loom_an_entry_is_never_seen_without_a_maximum_that_covers_it() {
    for duration in DURATIONS {
        loom::model(move || {
            let histogram = Arc::new(Histogram::new());
            let writer = {
                let histogram = Arc::clone(&histogram);
                thread::spawn(move || histogram.record(duration))
            };
            let snapshot = histogram.snapshot();
            if snapshot.count() == 1 {
                assert_eq!(snapshot.max(), Some(duration));
            }
            writer.join().unwrap();
        });
    }
}

#[test]
fn loom_two_threads_lose_neither_entries_nor_the_maximum() {
    for duration in DURATIONS {
        loom::model(move || {
            let histogram = Arc::new(Histogram::new());
            let writer = {
                let histogram = Arc::clone(&histogram);
                thread::spawn(move || histogram.record(duration))
            };
            histogram.record(duration + Duration::from_nanos(1));
            writer.join().unwrap();

            let snapshot = histogram.snapshot();
            assert_eq!(snapshot.count(), 2);
            assert_eq!(snapshot.max(), Some(duration + Duration::from_nanos(1)));
        });
    }
}
