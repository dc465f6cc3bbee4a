use super::lanes::{LaneCount, Lanes};
use super::ring::Ring;
use super::tagged;
use super::{Counts, Rule, Verdict};
use crate::sync::atomic::{AtomicU64, Ordering, fence};

/// The last `n` calls, truly sliding, in which a success writes one word of its own thread.
///
/// Successes are only counted; failures (and slow calls) are numbered, and each remembers its
/// *position*: how many calls had completed by then. The breaker opens when the k-th last failure
/// is less than `n` calls back.
///
/// The order of a failure's steps is what makes it exact:
///
/// 1. count the successes, *then* claim a number: the position may be earlier than the truth, never
///    later, so that an old failure cannot look young;
/// 2. write the position down, then judge by the *latest* number: whoever is last sees all, so that
///    a slow writer cannot hide a trip;
/// 3. before opening, count the successes *again*, after the position was read: what its writer had
///    seen is then seen as well, so that the distance is never too short.
#[derive(Debug)]
pub(super) struct CountWindow {
    successes: Lanes<Lane>,
    failures: Ring,
    slow: Option<Ring>,
}

/// The successes of one stripe's threads.
#[derive(Debug)]
struct Lane {
    /// Of the thread that owns the stripe: nobody else writes it, so it takes no locked instruction,
    /// which would be most of what a success costs.
    own: AtomicU64,
    /// Of all others.
    shared: AtomicU64,
}

impl Lane {
    fn new() -> Self {
        Self { own: AtomicU64::new(0), shared: AtomicU64::new(0) }
    }
}

impl CountWindow {
    /// A window of up to `capacity` calls.
    pub(super) fn new(capacity: u32, slow_rule: bool, lanes: LaneCount) -> Self {
        Self {
            successes: Lanes::new(lanes, Lane::new),
            failures: Ring::new(capacity),
            slow: slow_rule.then(|| Ring::new(capacity)),
        }
    }

    /// Counts a success that was not slow, if this thread has a lane alone, of this generation.
    #[inline]
    pub(super) fn success_alone(&self, generation: u32) -> bool {
        let lane = self.successes.mine();
        lane.is_some_and(|lane| tagged::count_up_alone(&lane.own, generation))
    }

    /// Counts a success that was not slow, if the lane is free and of this generation.
    #[inline]
    pub(super) fn success_quickly(&self, generation: u32) -> bool {
        let (lane, owned) = self.successes.mine_or_shared();
        if owned {
            tagged::count_up_alone(&lane.own, generation)
        } else {
            tagged::count_up_quickly(&lane.shared, generation)
        }
    }

    /// Counts a success that was not slow. True if the lane is full.
    #[inline]
    pub(super) fn success(&self, generation: u32, is_current: impl Fn() -> bool) -> bool {
        let (lane, owned) = self.successes.mine_or_shared();
        let word = if owned { &lane.own } else { &lane.shared };
        let before = tagged::count_up(word, generation, is_current);
        before.is_some_and(|before| before >= tagged::LIMIT)
    }

    /// Counts a success that was slow. True if the lane is full.
    pub(super) fn slow_success<C>(&self, generation: u32, is_current: C) -> bool
    where
        C: Fn() -> bool + Copy,
    {
        let position = self.calls(generation) + 1;
        let full = self.success(generation, is_current);
        self.place_slow(generation, position, is_current);
        full
    }

    /// Counts a failure. True if no more can be numbered.
    pub(super) fn failure<C>(&self, generation: u32, slow: bool, is_current: C) -> bool
    where
        C: Fn() -> bool + Copy,
    {
        let successes = self.success_count(generation);
        let Some(number) = self.failures.claim(generation, is_current) else {
            return false;
        };
        let position = successes + number + 1;
        self.failures.place(generation, number, position, is_current);
        if slow {
            self.place_slow(generation, position, is_current);
        }
        number >= tagged::LIMIT
    }

    /// Whether the breaker has to open, as of now.
    pub(super) fn verdict(&self, generation: u32, rule: &Rule) -> Verdict {
        // Two calls that complete at the same time each write first and read then. Without a common
        // order each could miss the other, and a trip that both complete would be seen by neither.
        fence(Ordering::SeqCst);
        let calls = self.calls(generation);
        if calls < rule.first_judged_call() {
            return Verdict::TooFewCalls;
        }
        let failing = self.exceeds(&self.failures, generation, rule, rule.failure_rate);
        let slow = || match &self.slow {
            Some(slow) if rule.slow_rate > 0 => {
                self.exceeds(slow, generation, rule, rule.slow_rate)
            }
            _ => false,
        };
        if failing || slow() { Verdict::Trip } else { Verdict::Keep }
    }

    pub(super) fn counts(&self, generation: u32, window: u32) -> Counts {
        let calls = self.calls(generation);
        let start = calls.saturating_sub(u64::from(window));
        let slow = self.slow.as_ref();
        Counts {
            calls: calls - start,
            failures: self.failures.later_than(generation, start),
            slow: slow.map_or(0, |slow| slow.later_than(generation, start)),
        }
    }

    /// Whether at least `rate` of the last `window` calls stand in the ring.
    fn exceeds(&self, ring: &Ring, generation: u32, rule: &Rule, rate: u32) -> bool {
        let window = u64::from(rule.window);
        let mut calls = self.calls(generation);
        loop {
            let needed = Rule::needed(rate, calls.min(window));
            let count = ring.count(generation);
            let young = |position: u64, calls: u64| position + window > calls;
            match ring.position(generation, count, needed) {
                Some(position) if young(position, calls) => {
                    let again = self.calls(generation);
                    if Rule::needed(rate, again.min(window)) == needed {
                        return young(position, again);
                    }
                    // The window is still filling and now takes more of them.
                    calls = again;
                }
                _ => return false,
            }
        }
    }

    fn place_slow(&self, generation: u32, position: u64, is_current: impl Fn() -> bool + Copy) {
        let Some(slow) = &self.slow else { return };
        if let Some(number) = slow.claim(generation, is_current) {
            slow.place(generation, number, position, is_current);
        }
    }

    /// All calls of the generation so far.
    fn calls(&self, generation: u32) -> u64 {
        // Failures first, so that no success is missed that came before one of them.
        let failures = self.failures.count(generation);
        failures + self.success_count(generation)
    }

    fn success_count(&self, generation: u32) -> u64 {
        let words = self.successes.iter().flat_map(|lane| [&lane.own, &lane.shared]);
        let load = |word: &AtomicU64| tagged::unpack(word.load(Ordering::Relaxed), generation);
        words.filter_map(load).sum()
    }
}

/// The steps of a success and a failure whose caller knows that nothing succeeded before.
///
/// Loom schedules by the last access to a word. A thread that loads a lane, and then swaps it, hides
/// the moment of the swap from a thread that only loads it; these touch each word once.
#[cfg(all(test, reliability_loom))]
impl CountWindow {
    pub(super) fn open_lanes(&self, generation: u32) {
        for lane in self.successes.iter() {
            lane.own.store(tagged::pack(generation, 0), Ordering::Release);
            lane.shared.store(tagged::pack(generation, 0), Ordering::Release);
        }
    }

    pub(super) fn first_success(&self, generation: u32) {
        let (lane, owned) = self.successes.mine_or_shared();
        if owned {
            lane.own.store(tagged::pack(generation, 1), Ordering::Release);
        } else {
            lane.shared.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(super) fn first_failure(&self, generation: u32) {
        let is_current = || true;
        if let Some(number) = self.failures.claim(generation, is_current) {
            self.failures.place(generation, number, number + 1, is_current);
        }
    }
}
