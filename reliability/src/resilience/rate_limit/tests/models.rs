//! What stands on more than one word, and lines, against naive models.

use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::super::algorithm::{LeakyBucket, Limiter, TokenBucket};
use super::super::leases::Leases;
use super::*;

#[test]
fn what_does_not_fit_into_a_lease_comes_back() {
    let leases = Leases::new(Quota::per_second(12), 4);
    assert_eq!([leases.put(3), leases.put(3), leases.put(1)], [0, 2, 1]);
    assert_eq!([(); 5].map(|()| leases.take_own()), [Some(3), Some(2), Some(1), Some(0), None]);
}

/// Who is in line: when each call leaves, and for how many permits.
struct NaiveLine {
    leaving: Vec<(u64, u32)>,
    quota: Quota,
}

impl NaiveLine {
    /// When the call leaves, or for how long it would have to wait if it may not.
    fn book(&mut self, now: u64, n: u32, longest: u64) -> Result<u64, u64> {
        let gap = self.quota.interval_nanos();
        if n > self.quota.burst {
            return Err(u64::MAX);
        }
        let free = self.leaving.iter().map(|(at, n)| at + u64::from(*n) * gap).max();
        let leaves = free.unwrap_or(0).max(now);
        if leaves - now > longest.min(u64::from(self.quota.burst) * gap) {
            return Err(leaves - now);
        }
        self.leaving.push((leaves, n));
        Ok(leaves)
    }

    /// The last in line goes, and with it the gap behind it.
    fn give_back_last(&mut self) {
        self.leaving.pop();
    }
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Book(u32, u64),
    GiveBackLast,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u64..4_000_000).prop_map(Step::Wait),
        1 => Just(Step::Wait(1_000_000)),
        6 => (1_u32..6, prop_oneof![Just(0), Just(u64::MAX), 0_u64..9_000_000])
            .prop_map(|(n, longest)| Step::Book(n, longest)),
        1 => Just(Step::GiveBackLast),
    ];
    prop::collection::vec(step, 0..150)
}

proptest! {
    #[test]
    fn a_leaky_bucket_does_what_a_list_of_those_in_line_does(
        burst in 1_u32..8,
        steps in steps(),
    ) {
        let quota = Quota::per_second(1_000).burst(burst);
        let bucket = LeakyBucket::new(quota);
        let (mut state, mut now) = (bucket.empty(), 1_u64 << 40);
        let mut naive = NaiveLine { leaving: Vec::new(), quota };
        let mut last = None;
        for step in steps {
            let at = Instant::from_nanos(now);
            match step {
                Step::Wait(nanos) => now += nanos,
                Step::Book(n, longest) => {
                    let longest_wait = Duration::from_nanos(longest);
                    let booked = bucket.book(&mut state, at, n, longest_wait);
                    let expected = naive.book(now, n, longest);
                    let leaves = booked.as_ref().map(|booking| booking.starts_at().as_nanos());
                    let wait = |wait: u64| match wait {
                        u64::MAX => Duration::MAX,
                        nanos => Duration::from_nanos(nanos),
                    };
                    prop_assert_eq!(leaves.map_err(|wait| *wait), expected.map_err(wait));
                    last = booked.ok().or(last);
                }
                Step::GiveBackLast => {
                    // One that has not left, so that all of its gap is ahead.
                    if let Some(booking) = last.take().filter(|b| b.starts_at() >= at) {
                        bucket.give_back(&mut state, at, &booking);
                        naive.give_back_last();
                    }
                }
            }
        }
    }

    /// One thread: a bucket that is smaller by all that can lie leased, and one purse beside it.
    #[test]
    fn leases_do_what_a_purse_beside_a_bucket_does(
        burst in 4_u32..200,
        size in 2_u32..20,
        steps in prop::collection::vec((1_usize..30, 0_u64..20_000_000), 1..60),
    ) {
        let size = size.min(burst / 2);
        let quota = Quota::per_second(1_000).burst(burst);
        let (limit, manual) = limit(|builder| builder.quota(quota).leases(size));
        // As many purses as fit into half of the burst, at most one for each of sixteen stripes.
        let purses = (burst / 2 / size).clamp(1, 16);
        let bucket = TokenBucket::new(quota.burst(burst - purses * size));
        let (mut state, mut purse, mut given) = (bucket.empty(), 0, Vec::new());
        for (times, pause) in steps {
            let now = manual.clock().now();
            for _ in 0..times {
                let mut take = |n: u32| bucket.check(&mut state, now, n).is_allowed();
                let expected = if purse > 0 {
                    purse -= 1;
                    true
                } else if take(size) {
                    purse = size - 1;
                    true
                } else {
                    take(1)
                };
                prop_assert_eq!(limit.check().is_allowed(), expected);
                given.extend(expected.then_some(now));
            }
            manual.advance(Duration::from_nanos(pause));
        }
        // And both together hold a burst.
        for (index, begin) in given.iter().enumerate() {
            for (more, end) in given[index..].iter().enumerate() {
                let length = end.saturating_duration_since(*begin).as_nanos() as u64;
                prop_assert!((more as u64) < u64::from(burst) + length / quota.interval_nanos());
            }
        }
    }
}
