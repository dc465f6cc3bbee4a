//! The window of calls, filled by many threads without a word that they share.
//!
//! Each thread adds to a lane of its own. Sums only ever grow; whoever closes a window subtracts
//! what they were when the last one was closed. The greatest and the least are started anew, and a
//! call that ends in that moment may be in either window: one of a hundred, whose latency is a fact
//! of both.

use core::time::Duration;

use super::Sample;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Addend, Padded, STRIPES, stripe};
use crate::time::{Instant, saturating_nanos};

pub(super) struct Sampler {
    lanes: [Padded<Lane>; STRIPES],
}

struct Lane {
    calls: Addend,
    nanos: Addend,
    dropped: Addend,
    /// The most that were inside.
    in_flight: AtomicU64,
    /// The least latency in nanoseconds.
    fastest: AtomicU64,
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

/// A call is not taken for longer, so that no sum of a window overflows.
const NANOS_MAX: u64 = 3_600_000_000_000;

impl Sampler {
    pub(super) fn new() -> Self {
        let lane = |_| {
            Padded(Lane {
                calls: Addend::new(),
                nanos: Addend::new(),
                dropped: Addend::new(),
                in_flight: AtomicU64::new(0),
                fastest: AtomicU64::new(u64::MAX),
            })
        };
        Self { lanes: core::array::from_fn(lane) }
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
        if count < u64::from(cut.samples.max(1)) {
            return None;
        }
        let (totals, in_flight, fastest) = self.read(calls);
        let nanos = totals.nanos.wrapping_sub(last.nanos);
        let dropped = totals.dropped.wrapping_sub(last.dropped);
        *last = totals;
        let sample = Sample {
            latency: Duration::from_nanos(nanos / count),
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            calls: u32::try_from(count).unwrap_or(u32::MAX),
            dropped: dropped as f64 > cut.drop_rate * count as f64,
        };
        let open_for = Duration::from_nanos(fastest.saturating_mul(2));
        Some((sample, open_for.clamp(cut.shortest, cut.longest.max(cut.shortest))))
    }

    /// Begins the window anew, without what it has so far.
    pub(super) fn discard(&self, last: &mut Totals) {
        *last = self.read(self.sum(|lane| &lane.calls)).0;
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

/// When the window may be closed.
pub(super) struct Due(Padded<AtomicU64>);

impl Due {
    pub(super) fn at_once() -> Self {
        Self(Padded(AtomicU64::new(0)))
    }

    /// Read for each sample, written once per window.
    #[inline]
    pub(super) fn is_reached(&self, now: Instant) -> bool {
        now.as_nanos() >= self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, at: Instant) {
        self.0.store(at.as_nanos(), Ordering::Relaxed);
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
