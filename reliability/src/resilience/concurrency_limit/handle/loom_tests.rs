//! Every interleaving of a few calls with a window that is closed and a limit that changes.

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::time::ManualClock;

/// A limit of `initial`, whose windows have `samples` calls and are over at once.
fn shared(min: u32, initial: u32, max: u32, samples: u32) -> Arc<Shared> {
    let builder = ConcurrencyLimit::builder("loom").algorithm(super::super::Aimd::standard());
    let builder = builder.min(min).initial(initial).max(max).samples(samples).seed(1);
    Arc::new(Shared::new(builder.clock(ManualClock::new().clock()).settled()))
}

fn model(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(test);
}

fn call(shared: &Shared, outcome: Outcome) -> bool {
    let Ok(in_flight) = shared.admit(Priority::Critical) else { return false };
    let admission = Admission { in_flight, start: None };
    shared.record(admission, outcome, Some(Duration::from_millis(1)));
    true
}

#[test]
fn loom_never_more_inside_than_the_limit_and_no_place_is_lost() {
    model(3, || {
        let shared = shared(1, 1, 1, 2);
        let visit = |shared: &Shared| {
            if let Ok(in_flight) = shared.admit(Priority::Critical) {
                assert_eq!(in_flight, 1);
                assert_eq!(shared.gate.inside(), 1, "nobody else is inside");
                let admission = Admission { in_flight, start: None };
                shared.record(admission, Outcome::Success, Some(Duration::from_millis(1)));
            }
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || visit(&shared))
        };
        visit(&shared);
        other.join().unwrap();
        assert_eq!((shared.gate.inside(), shared.gate.limit()), (0, 1));
    });
}

/// Whoever closes the window while another call ends: each sample is in one window or waits for the
/// next. Both calls are inside before they race: how they come in is the test above, and would take
/// this one a minute.
#[test]
fn loom_a_window_is_closed_by_one_thread_and_loses_no_sample() {
    model(2, || {
        let shared = shared(1, 10, 20, 1);
        let [mine, theirs] = [(); 2].map(|()| {
            let in_flight = shared.admit(Priority::Critical).unwrap();
            Admission { in_flight, start: None }
        });
        let latency = Some(Duration::from_millis(1));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.record(theirs, Outcome::Success, latency))
        };
        shared.record(mine, Outcome::Success, latency);
        other.join().unwrap();
        let mut controller = shared.controller.lock();
        let windows = controller.windows;
        // What was not closed by then is closed now.
        shared.due.set(Instant::from_nanos(0), Duration::ZERO);
        let left = controller.close(&shared.sampler, &shared.due, Instant::from_nanos(0));
        assert!(windows >= 1 && windows <= 2);
        assert!(windows == 1 || left.is_none(), "a sample is counted once");
        assert_eq!(controller.calls(), 2, "and none is lost");
        assert_eq!(shared.gate.inside(), 0);
    });
}

/// The limit is lowered while calls come in: none enters by the old limit once it is seen.
#[test]
fn loom_a_lowered_limit_holds_for_whoever_comes_after() {
    model(3, || {
        let shared = shared(1, 2, 4, 100);
        let lowered = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.gate.set_limit(1);
                // One place, whatever the other thread holds.
                shared.admit(Priority::Critical).map(|inside| assert_eq!(inside, 1)).is_ok()
            })
        };
        let first = shared.admit(Priority::Critical).is_ok();
        let second = shared.admit(Priority::Critical).is_ok();
        let other = lowered.join().unwrap();
        let inside = shared.gate.inside();
        assert_eq!(inside, u32::from(first) + u32::from(second) + u32::from(other));
        assert!(first || other, "there is always room for one");
        (0..inside).for_each(|_| shared.gate.leave());
        assert_eq!((shared.gate.inside(), shared.gate.limit()), (0, 1));
    });
}

/// Settings change while a window is closed: the limit that is left obeys the new bounds.
#[test]
fn loom_a_window_that_is_closed_meanwhile_does_not_undo_a_change_of_the_bounds() {
    model(3, || {
        let shared = shared(1, 10, 20, 1);
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || call(&shared, Outcome::Dropped))
        };
        let mut settings = shared.controller.lock().settings.clone();
        settings.max = 5;
        shared.apply(settings.clone());
        other.join().unwrap();
        assert!(shared.gate.limit() <= 5);
        let found = shared.controller.lock().reconfigure(settings);
        assert_eq!(shared.gate.limit(), found, "and the window's limit is not undone");
    });
}
