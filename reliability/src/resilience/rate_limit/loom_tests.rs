use alloc::vec::Vec;
use core::time::Duration;

use loom::thread;

use super::{Decision, Quota, RateLimit};
use crate::time::{Instant, ManualClock};

/// Time enough that a bucket is full.
const BEGIN: Instant = Instant::from_nanos(1 << 40);

fn limit(quota: Quota, leases: u32) -> (RateLimit, ManualClock) {
    let manual = ManualClock::new();
    manual.set(BEGIN);
    let built = RateLimit::builder("loom").quota(quota).leases(leases).clock(manual.clock());
    (built.build().unwrap_or_else(|invalid| panic!("{invalid}")), manual)
}

fn allowed(limit: &RateLimit, times: u32) -> u32 {
    (0..times).map(|_| u32::from(limit.check().is_allowed())).sum()
}

#[test]
fn loom_a_burst_is_never_exceeded() {
    loom::model(|| {
        let (limit, _) = limit(Quota::per_second(1).burst(2), 0);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let limit = limit.clone();
                thread::spawn(move || allowed(&limit, 1))
            })
            .collect();
        let mine = allowed(&limit, 1);
        let theirs: u32 = others.into_iter().map(|other| other.join().unwrap()).sum();
        assert_eq!(mine + theirs, 2);
        assert_eq!(limit.remaining(), 0);
    });
}

#[test]
fn loom_leases_and_the_bucket_together_hold_a_burst() {
    loom::model(|| {
        let (limit, _) = limit(Quota::per_second(1).burst(4), 2);
        let other = {
            let limit = limit.clone();
            thread::spawn(move || allowed(&limit, 2))
        };
        let mine = allowed(&limit, 2);
        let theirs = other.join().unwrap();
        // What is leased lies with one thread or the other; a bucket of two is left beside it.
        assert!((2..=4).contains(&(mine + theirs)), "{mine} and {theirs}");
        assert_eq!(allowed(&limit, 5), 0, "nobody leaves a permit that could be had");
    });
}

#[test]
fn loom_a_lease_that_fills_up_beside_others_is_never_more_than_a_burst() {
    loom::model(|| {
        let (limit, manual) = limit(Quota::per_second(1).burst(4), 2);
        assert_eq!(allowed(&limit, 1), 1, "one permit is leased and left");
        // The bucket of two is full again, and one lies leased.
        manual.advance(Duration::from_secs(100));
        let other = {
            let limit = limit.clone();
            thread::spawn(move || allowed(&limit, 2))
        };
        let mine = allowed(&limit, 3);
        assert!(mine + other.join().unwrap() <= 4);
    });
}

#[test]
fn loom_two_threads_that_fill_one_stripe_leave_one_lease_on_it() {
    loom::model(|| {
        // A bucket of eight, and a single stripe of three.
        let (limit, manual) = limit(Quota::per_second(1).burst(11), 3);
        let other = {
            let limit = limit.clone();
            thread::spawn(move || allowed(&limit, 1))
        };
        assert_eq!(allowed(&limit, 1) + other.join().unwrap(), 2);
        manual.advance(Duration::from_secs(100));
        assert!(allowed(&limit, 13) <= 11, "the bucket is full again beside the lease");
    });
}

#[test]
fn loom_what_is_given_back_can_be_taken_once() {
    loom::model(|| {
        let (limit, _) = limit(Quota::per_second(1).burst(2), 0);
        let reservation = limit.reserve(2, Duration::ZERO).unwrap();
        let other = {
            let limit = limit.clone();
            thread::spawn(move || allowed(&limit, 2))
        };
        reservation.cancel();
        let mine = allowed(&limit, 2);
        assert_eq!(mine + other.join().unwrap(), 2);
    });
}

/// The two words of a quota are its interval and its burst: with the one of the old and the other
/// of the new there would be ten thousand permits, or none.
#[test]
fn loom_a_quota_is_seen_whole_while_it_changes() {
    loom::model(|| {
        let (limit, _) = limit(Quota::per_second(1).burst(3), 0);
        let other = {
            let limit = limit.clone();
            thread::spawn(move || limit.check())
        };
        let faster = Quota::new(10_000, Duration::from_secs(1)).burst(2);
        limit.reconfigure(|settings| settings.quota = faster).unwrap();
        let Decision::Allowed { remaining } = other.join().unwrap() else {
            panic!("there is a permit under either quota");
        };
        assert!((1..=2).contains(&remaining), "one of three or of two was taken: {remaining}");
        let left = limit.remaining();
        assert!((1..=2).contains(&left), "what was used stays used: {left}");
    });
}

/// With the word of the old quota and the settings of the new it would be neither.
#[test]
fn loom_a_refusal_is_of_one_quota_while_it_changes() {
    loom::model(|| {
        let (limit, _) = limit(Quota::per_day(1), 0);
        assert_eq!(allowed(&limit, 1), 1);
        let other = {
            let limit = limit.clone();
            thread::spawn(move || limit.check())
        };
        let faster = Quota::per_second(1_000).burst(2);
        limit.reconfigure(|settings| settings.quota = faster).unwrap();
        let day = Duration::from_secs(24 * 3600);
        match other.join().unwrap() {
            Decision::Allowed { remaining } => assert_eq!(remaining, 0),
            Decision::Limited { retry_after } => assert_eq!(retry_after, day),
        }
    });
}
