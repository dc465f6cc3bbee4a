use loom::sync::Arc;
use loom::thread;

use super::*;

/// The clamp to the maximum is only right when an entry never shows before its maximum does.
#[test]
fn loom_an_entry_is_never_seen_without_a_maximum_that_covers_it() {
    loom::model(|| {
        let histogram = Arc::new(Histogram::new());
        let writer = {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record(Duration::from_nanos(1_500)))
        };
        let snapshot = histogram.snapshot();
        if snapshot.count() == 1 {
            assert_eq!(snapshot.max(), Some(Duration::from_nanos(1_500)));
        }
        writer.join().unwrap();
    });
}

#[test]
fn loom_two_threads_lose_neither_entries_nor_the_maximum() {
    loom::model(|| {
        let histogram = Arc::new(Histogram::new());
        let writer = {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record(Duration::from_nanos(1_500)))
        };
        histogram.record(Duration::from_nanos(1_501));
        writer.join().unwrap();

        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.count(), 2);
        assert_eq!(snapshot.max(), Some(Duration::from_nanos(1_501)));
    });
}
