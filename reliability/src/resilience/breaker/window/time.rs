use core::time::Duration;

use super::lanes::{LaneCount, Lanes};
use super::{Counts, Moment, Rule, Verdict};
use crate::sync::Padded;
use crate::sync::atomic::{AtomicU64, Ordering, fence};
use crate::time::{Instant, saturating_nanos};

/// The calls of the last so many seconds, in ten buckets that advance with the clock.
///
/// Each thread has a ring of ten success counters, all threads share one of failures and one of
/// slow calls. A bucket carries the generation and the *lap* (time divided by the bucket's width)
/// it belongs to, so nothing has to be cleared: a bucket of another lap or generation reads as
/// empty and is taken over by the first who writes. One call touches one bucket, whatever the
/// traffic; a failure adds up all of them.
///
/// The window is therefore between nine and ten buckets long: it reaches back to the start of the
/// bucket in which it begins.
///
/// A clock that jumps backwards finds buckets that are ahead of it. A writer asks the clock a second
/// time, because a thread that was suspended between reading the clock and writing looks just the
/// same; if the clock insists, the bucket starts afresh.
#[derive(Debug)]
pub(super) struct TimeWindow {
    width_nanos: AtomicU64,
    successes: Lanes<Lane>,
    failures: Padded<Buckets>,
    slow: Padded<Buckets>,
}

type Buckets = [AtomicU64; BUCKETS];

/// The successes of one stripe's threads, as in the window of calls.
#[derive(Debug)]
struct Lane {
    /// Of the thread that owns the stripe, which takes no locked instruction.
    own: Buckets,
    /// Of all others.
    shared: Buckets,
}

impl Lane {
    fn new() -> Self {
        Self { own: buckets(), shared: buckets() }
    }
}

/// How finely the window slides: a tenth of it, as `ceil(n / 10)` calls for a window of calls.
pub(super) const BUCKETS: usize = 10;

// A bucket is one word: 12 bits generation, 28 bits lap, 24 bits count.
//
// Generations matter only within one window of time, older ones are lapped anyway: 4096 in one
// window is out of reach. Laps wrap after 2^28 buckets: 31 days for the shortest window, ten years
// for one of ten seconds. A count stops at 16.7 million outcomes per thread and bucket.
const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const LAP_BITS: u32 = 28;
const LAP_MASK: u64 = (1 << LAP_BITS) - 1;
const GENERATION_MASK: u64 = (1 << 12) - 1;

/// What a bucket belongs to: generation and lap.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp(u64);

impl Stamp {
    #[inline]
    fn new(generation: u32, lap: u64) -> Self {
        Self((u64::from(generation) & GENERATION_MASK) << LAP_BITS | lap & LAP_MASK)
    }

    #[inline]
    fn of(word: u64) -> Self {
        Self(word >> COUNT_BITS)
    }

    fn same_generation(self, other: Stamp) -> bool {
        (self.0 ^ other.0) >> LAP_BITS == 0
    }

    /// How many laps `self` is behind `other`, on the shorter way round.
    fn laps_behind(self, other: Stamp) -> i64 {
        let distance = other.0.wrapping_sub(self.0) & LAP_MASK;
        ((distance << (64 - LAP_BITS)) as i64) >> (64 - LAP_BITS)
    }

    fn is_within_window(self, now: Stamp) -> bool {
        self.same_generation(now) && (0..BUCKETS as i64).contains(&self.laps_behind(now))
    }
}

impl TimeWindow {
    pub(super) fn new(length: Duration, lanes: LaneCount) -> Self {
        Self {
            width_nanos: AtomicU64::new(width_nanos(length)),
            successes: Lanes::new(lanes, Lane::new),
            failures: Padded(buckets()),
            slow: Padded(buckets()),
        }
    }

    /// Sets the length of the window. The laps then count something else, so the caller starts a
    /// new generation *afterwards*.
    pub(super) fn set_length(&self, length: Duration) {
        // Release by the transition that follows; who sees the new generation sees this width.
        self.width_nanos.store(width_nanos(length), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn lap(&self, now: Instant) -> u64 {
        now.as_nanos() / self.width_nanos.load(Ordering::Relaxed)
    }

    /// Counts a success that is not the first in its bucket, if nobody comes in between.
    #[inline]
    pub(super) fn success_quickly(&self, generation: u32, now: Instant) -> bool {
        let lap = self.lap(now);
        let (lane, owned) = self.successes.mine_or_shared();
        let index = (lap % BUCKETS as u64) as usize;
        let bucket = if owned { &lane.own[index] } else { &lane.shared[index] };
        let seen = bucket.load(Ordering::Relaxed);
        if Stamp::of(seen) != Stamp::new(generation, lap) || seen & COUNT_MASK == COUNT_MASK {
            return false;
        }
        if owned {
            // Relaxed, as the swap: see `tagged::count_up_quickly`.
            bucket.store(seen + 1, Ordering::Relaxed);
            return true;
        }
        bucket.compare_exchange(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Counts a success, or returns `None` when the generation is over.
    #[inline]
    pub(super) fn success<N, C>(&self, at: &Moment<N, C>) -> Option<Place>
    where
        N: Fn() -> Instant,
        C: Fn() -> bool,
    {
        let (lane, owned) = self.successes.mine_or_shared();
        self.add_one(if owned { &lane.own } else { &lane.shared }, at)
    }

    /// As [`success`](Self::success), for a failure.
    pub(super) fn failure<N, C>(&self, at: &Moment<N, C>) -> Option<Place>
    where
        N: Fn() -> Instant,
        C: Fn() -> bool,
    {
        self.add_one(&self.failures, at)
    }

    /// Counts a call, that counts as a success or a failure already, as slow.
    pub(super) fn slow<N, C>(&self, at: &Moment<N, C>)
    where
        N: Fn() -> Instant,
        C: Fn() -> bool,
    {
        self.add_one(&self.slow, at);
    }

    /// Whether the breaker has to open, as of `lap`.
    pub(super) fn verdict(&self, generation: u32, lap: u64, rule: &Rule) -> Verdict {
        // As in the window of calls: of two calls that complete at the same time at least one has
        // to see both.
        fence(Ordering::SeqCst);
        let counts = self.counts(generation, lap);
        if counts.calls < rule.first_judged_call() {
            return Verdict::TooFewCalls;
        }
        let failing = counts.failures >= Rule::needed(rule.failure_rate, counts.calls);
        let slow = rule.slow_rate > 0 && counts.slow >= Rule::needed(rule.slow_rate, counts.calls);
        if failing || slow { Verdict::Trip } else { Verdict::Keep }
    }

    pub(super) fn counts(&self, generation: u32, lap: u64) -> Counts {
        let now = Stamp::new(generation, lap);
        // Failures first, so that no success is missed that came before one of them: what completes
        // meanwhile makes the rate smaller, never larger.
        let failures = sum(&self.failures, now);
        let slow = sum(&self.slow, now);
        let lanes = self.successes.iter().flat_map(|lane| [&lane.own, &lane.shared]);
        let successes: u64 = lanes.map(|buckets| sum(buckets, now)).sum();
        Counts { calls: successes + failures, failures, slow }
    }

    #[inline]
    fn add_one<N, C>(&self, buckets: &Buckets, at: &Moment<N, C>) -> Option<Place>
    where
        N: Fn() -> Instant,
        C: Fn() -> bool,
    {
        let mut lap = self.lap((at.now)());
        loop {
            let bucket = &buckets[(lap % BUCKETS as u64) as usize];
            let stamp = Stamp::new(at.generation, lap);
            let seen = bucket.load(Ordering::Acquire);
            let is_first = Stamp::of(seen) != stamp;
            let next = if !is_first {
                // A full bucket stays full.
                seen + u64::from(seen & COUNT_MASK != COUNT_MASK)
            } else {
                match self.take_over(Stamp::of(seen), stamp, lap, at) {
                    TakeOver::Now => stamp.0 << COUNT_BITS | 1,
                    TakeOver::GenerationIsOver => return None,
                    TakeOver::ClockIsFurther(further) => {
                        lap = further;
                        continue;
                    }
                }
            };
            // Release: whoever meets the bucket has seen what we saw. Who wins has acquired already,
            // and who loses loads again.
            let swapped =
                bucket.compare_exchange_weak(seen, next, Ordering::Release, Ordering::Relaxed);
            if swapped.is_ok() {
                return Some(Place { lap, is_first });
            }
        }
    }

    #[cold]
    fn take_over<N, C>(&self, theirs: Stamp, ours: Stamp, lap: u64, at: &Moment<N, C>) -> TakeOver
    where
        N: Fn() -> Instant,
        C: Fn() -> bool,
    {
        if !(at.is_current)() {
            return TakeOver::GenerationIsOver;
        }
        if theirs.same_generation(ours) && theirs.laps_behind(ours) < 0 {
            let again = self.lap((at.now)());
            if again > lap {
                return TakeOver::ClockIsFurther(again);
            }
        }
        TakeOver::Now
    }
}

/// Where a call was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lap: u64,
    /// First in its bucket. Then older calls have left the window, which alone can make a rate rise,
    /// and the window has to be judged whatever the outcome.
    pub(super) is_first: bool,
}

/// What to do with a bucket that belongs to another lap or generation.
enum TakeOver {
    Now,
    GenerationIsOver,
    /// We were suspended since we read it.
    ClockIsFurther(u64),
}

/// The width of one bucket, rounded up; never zero.
fn width_nanos(length: Duration) -> u64 {
    saturating_nanos(length).div_ceil(BUCKETS as u64).max(1)
}

fn buckets() -> Buckets {
    core::array::from_fn(|_| AtomicU64::new(0))
}

fn sum(buckets: &Buckets, now: Stamp) -> u64 {
    // Acquire: who sees a failure sees the successes that came before it.
    let words = buckets.iter().map(|bucket| bucket.load(Ordering::Acquire));
    let current = words.filter(|&word| Stamp::of(word).is_within_window(now));
    current.map(|word| word & COUNT_MASK).sum()
}

#[cfg(all(test, not(reliability_loom)))]
impl TimeWindow {
    /// Puts the largest count there is into a bucket of failures.
    pub(super) fn fill_failures(&self, generation: u32, lap: u64) {
        let word = Stamp::new(generation, lap).0 << COUNT_BITS | COUNT_MASK;
        self.failures[(lap % BUCKETS as u64) as usize].store(word, Ordering::Relaxed);
    }
}

/// The steps of a success and a failure whose caller knows that both buckets are its generation's,
/// each of which touches a word once: see those of the window of calls.
#[cfg(all(test, reliability_loom))]
impl TimeWindow {
    /// Begins a window at the origin of time.
    pub(super) fn open_buckets(&self, generation: u32) {
        let empty = Stamp::new(generation, 0).0 << COUNT_BITS;
        let lanes = self.successes.iter().flat_map(|lane| [&lane.own[0], &lane.shared[0]]);
        lanes.chain([&self.failures[0]]).for_each(|bucket| bucket.store(empty, Ordering::Relaxed));
    }

    pub(super) fn first_success(&self) {
        let (lane, owned) = self.successes.mine_or_shared();
        let buckets = if owned { &lane.own } else { &lane.shared };
        buckets[0].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn first_failure(&self) {
        self.failures[0].fetch_add(1, Ordering::Release);
    }
}
