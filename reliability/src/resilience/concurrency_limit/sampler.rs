//! The window of calls, filled by many threads without a word that they share.
//!
//! Each thread adds to a lane of its own. Sums only ever grow; whoever closes a window subtracts
//! what they were when the last one was closed. The greatest and the least are started anew, and a
//! call that ends in that moment may be in either window: one of a hundred, whose latency is a fact
//! of both.
//!
//! # Which calls are samples
//!
//! All, as long as they are few. A sample costs two readings of the clock and sums, which is ten
//! times what entering and leaving does, and beyond some number it is worth nothing: the mean of
//! [`ENOUGH`] times the least number of calls is, with the default, that of 1600, and within a
//! fortieth of the mean of all where latencies are spread as exponentially as those of a queue. A
//! window of a hundred calls is within a tenth, and good enough for the algorithms. So where a window
//! had more, one call in so many is picked in the next, at random: of calls that come in turns, such
//! as a read and a write, every other one would be of one kind. A call is picked before it begins, so
//! whether it is does not depend on how it ends, and neither mean nor share of dropped calls is
//! shifted.

use core::time::Duration;

use super::Sample;
use crate::resilience::split_mix::{GAMMA, mix};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sync::{Addend, Padded, STRIPES, stripe};
use crate::time::{Instant, saturating_nanos};

pub(super) struct Sampler {
    lanes: [Padded<Lane>; STRIPES],
    /// One call in so many is a sample. Read by all, written once per window.
    one_in: Padded<AtomicU32>,
}

struct Lane {
    calls: Addend,
    nanos: Addend,
    dropped: Addend,
    /// The most that were inside.
    in_flight: AtomicU64,
    /// The least latency in nanoseconds.
    fastest: AtomicU64,
    /// How many calls go by before the next is picked.
    left: AtomicU64,
    random: AtomicU64,
}

/// What has been added up since the beginning.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    calls: u64,
    nanos: u64,
    dropped: u64,
}

#[cfg(all(test, reliability_loom))]
impl Totals {
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }
}

/// How windows are cut: a part of the [`Settings`](super::Settings).
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
    pub(super) samples: u32,
    pub(super) drop_rate: f64,
}

/// Of how many times the least number of calls a window is made, where there are more.
const ENOUGH: u64 = 16;
/// With one sample in so many calls, what samples cost cannot be told from what all others do: two
/// readings of the clock, and what the processor does not do meanwhile, are ten nanoseconds for each of
/// 64 calls at most, and one for each of 512.
const ONE_IN_MAX: u32 = 512;

/// A call is not taken for longer, so that no sum of a window overflows.
const NANOS_MAX: u64 = 3_600_000_000_000;

impl Sampler {
    pub(super) fn new() -> Self {
        let lane = |index: usize| {
            Padded(Lane {
                calls: Addend::new(),
                nanos: Addend::new(),
                dropped: Addend::new(),
                in_flight: AtomicU64::new(0),
                fastest: AtomicU64::new(u64::MAX),
                left: AtomicU64::new(0),
                random: AtomicU64::new(index as u64),
            })
        };
        Self { lanes: core::array::from_fn(lane), one_in: Padded(AtomicU32::new(1)) }
    }

    /// Whether the call that begins is a sample.
    #[inline]
    pub(super) fn picks(&self) -> bool {
        let one_in = self.one_in.load(Ordering::Relaxed);
        one_in == 1 || self.lanes[stripe().index].picks(one_in)
    }

    #[inline]
    pub(super) fn add(&self, latency: Duration, in_flight: u32, dropped: bool) {
        let stripe = stripe();
        let lane = &self.lanes[stripe.index];
        let nanos = saturating_nanos(latency).min(NANOS_MAX);
        lane.nanos.add(stripe.owned, nanos);
        lane.calls.add(stripe.owned, 1);
        if dropped {
            lane.dropped.add(stripe.owned, 1);
        }
        // Written a few times per window: the rest only looks.
        let in_flight = u64::from(in_flight);
        if in_flight > lane.in_flight.load(Ordering::Relaxed) {
            lane.in_flight.fetch_max(in_flight, Ordering::Relaxed);
        }
        if nanos < lane.fastest.load(Ordering::Relaxed) {
            lane.fastest.fetch_min(nanos, Ordering::Relaxed);
        }
    }

    /// The window since `last`, if it has enough calls, and for how long the next one is open.
    pub(super) fn close(&self, last: &mut Totals, cut: &Cut) -> Option<(Sample, Duration)> {
        let calls = self.sum(|lane| &lane.calls);
        let count = calls.wrapping_sub(last.calls);
        let least = u64::from(cut.samples.max(1));
        let one_in = self.one_in.load(Ordering::Relaxed);
        if count < least {
            // It has become quiet: every call counts again.
            self.pick_one_in(1);
            return None;
        }
        let all = count.saturating_mul(one_in.into());
        self.pick_one_in(all / least.saturating_mul(ENOUGH));
        let (totals, in_flight, fastest) = self.read(calls);
        let nanos = totals.nanos.wrapping_sub(last.nanos);
        let dropped = totals.dropped.wrapping_sub(last.dropped);
        *last = totals;
        let sample = Sample {
            latency: Duration::from_nanos(nanos / count),
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            calls: u32::try_from(all).unwrap_or(u32::MAX),
            dropped: dropped as f64 > cut.drop_rate * count as f64,
        };
        let open_for = Duration::from_nanos(fastest.saturating_mul(2));
        Some((sample, open_for.clamp(cut.shortest, cut.longest.max(cut.shortest))))
    }

    /// Begins the window anew, without what it has so far.
    pub(super) fn discard(&self, last: &mut Totals) {
        *last = self.read(self.sum(|lane| &lane.calls)).0;
        self.pick_one_in(1);
    }

    fn pick_one_in(&self, calls: u64) {
        let calls = calls.clamp(1, ONE_IN_MAX.into()) as u32;
        // Every call reads it: it is written only where it changes.
        if self.one_in.load(Ordering::Relaxed) != calls {
            self.one_in.store(calls, Ordering::Relaxed);
        }
    }

    /// The totals, and the greatest and the least since the last reading.
    fn read(&self, calls: u64) -> (Totals, u64, u64) {
        let totals = Totals {
            calls,
            nanos: self.sum(|lane| &lane.nanos),
            dropped: self.sum(|lane| &lane.dropped),
        };
        let (mut in_flight, mut fastest) = (0, u64::MAX);
        for lane in &self.lanes {
            in_flight = in_flight.max(lane.in_flight.swap(0, Ordering::Relaxed));
            fastest = fastest.min(lane.fastest.swap(u64::MAX, Ordering::Relaxed));
        }
        (totals, in_flight, fastest)
    }

    fn sum(&self, of: impl Fn(&Lane) -> &Addend) -> u64 {
        self.lanes.iter().map(|lane| of(lane).sum()).fold(0, u64::wrapping_add)
    }
}

impl Lane {
    /// Threads that share a lane may undo a step of each other, and pick somewhat more often.
    fn picks(&self, one_in: u32) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
            return false;
        }
        let random = self.random.load(Ordering::Relaxed).wrapping_add(GAMMA);
        self.random.store(random, Ordering::Relaxed);
        // From none to twice as many as there are between two samples in the mean.
        let between = 2 * u64::from(one_in) - 1;
        self.left.store(mix(random) % between, Ordering::Relaxed);
        true
    }
}

/// When the window may be closed. Read for each sample, written once per window.
pub(super) struct Due(Padded<Times>);

struct Times {
    at: AtomicU64,
    /// How much earlier than that the clock can show without having jumped.
    ahead_max: AtomicU64,
}

impl Due {
    pub(super) fn at_once() -> Self {
        Self(Padded(Times { at: AtomicU64::new(0), ahead_max: AtomicU64::new(0) }))
    }

    /// Whether the time has come, or is so far away that the clock must have jumped back: a limit
    /// that waited until it is where it was would not follow anything for as long.
    #[inline]
    pub(super) fn is_reached(&self, now: Instant) -> bool {
        let ahead = self.0.at.load(Ordering::Relaxed).wrapping_sub(now.as_nanos());
        // What has come is at the other end of the circle, and so is nothing at all, less one.
        ahead.wrapping_sub(1) >= self.0.ahead_max.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, now: Instant, open_for: Duration) {
        self.0.at.store(now.saturating_add(open_for).as_nanos(), Ordering::Relaxed);
        // Twice, because a thread may have read the clock before the one that opened the window.
        let ahead_max = saturating_nanos(open_for).saturating_mul(2);
        self.0.ahead_max.store(ahead_max, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
