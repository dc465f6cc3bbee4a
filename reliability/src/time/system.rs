//! The clocks of the system, on the timeline of this process.

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::sync::OnceLock;

use super::Instant;

/// Instants are counted from the first reading in this process, less this much, so that a clock
/// which starts before that reading still fits on the timeline.
const HEADROOM_NANOS: u64 = 1 << 62;

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// Timers further away are never waited for.
#[cfg(feature = "resilience")]
const FAR_NANOS: u64 = 30 * 365 * 24 * 3600 * NANOS_PER_SEC;

static ORIGIN: OnceLock<Origin> = OnceLock::new();

/// The first reading in this process.
struct Origin {
    first: tokio::time::Instant,
    parts: Option<Parts>,
}

// By itself, so that the other clocks pay nothing for the room it takes.
#[inline(never)]
pub(super) fn precise() -> Instant {
    let now = tokio::time::Instant::now();
    match ORIGIN.get() {
        Some(origin) => origin.on_timeline(now),
        None => precise_at_first(now),
    }
}

#[cold]
#[inline(never)]
fn precise_at_first(now: tokio::time::Instant) -> Instant {
    ORIGIN.get_or_init(|| Origin::new(now)).on_timeline(now)
}

impl Origin {
    fn new(first: tokio::time::Instant) -> Self {
        Self { first, parts: Parts::if_they_add_up(first) }
    }

    #[inline]
    fn on_timeline(&self, now: tokio::time::Instant) -> Instant {
        if let Some(first) = self.parts {
            let now = Parts::of(now);
            let seconds = now.seconds.wrapping_sub(first.seconds);
            // 272 years; whatever is before the first reading is more.
            if seconds < 1 << 33 {
                let shift = HEADROOM_NANOS - u64::from(first.nanos);
                return Instant::from_nanos(
                    seconds * NANOS_PER_SEC + (shift + u64::from(now.nanos)),
                );
            }
        }
        self.by_difference(now)
    }

    #[cold]
    #[inline(never)]
    fn by_difference(&self, now: tokio::time::Instant) -> Instant {
        let nanos = |duration: Duration| duration.as_nanos() as u64;
        // The difference compares as well, so that asking first would be a second comparison.
        Instant::from_nanos(match now.checked_duration_since(self.first) {
            Some(after) => HEADROOM_NANOS.saturating_add(nanos(after)),
            None => HEADROOM_NANOS.saturating_sub(nanos(self.first - now)),
        })
    }
}

/// The seconds and nanoseconds of an instant, as the system has counted them.
///
/// The difference of two instants is a call into `std`, which hands all three over in memory: with
/// 3 ns a good part of what the reading takes. An instant does not tell what it is made of, but it
/// hashes it. That is nobody's promise, so it is tried out before it is relied on.
#[derive(Clone, Copy, Default)]
struct Parts {
    seconds: u64,
    nanos: u32,
}

impl Parts {
    #[inline]
    fn of(instant: tokio::time::Instant) -> Self {
        let mut parts = Self::default();
        instant.hash(&mut parts);
        parts
    }

    /// The parts of this instant, if those of later ones are more by what they are later.
    fn if_they_add_up(first: tokio::time::Instant) -> Option<Self> {
        let parts = Self::of(first);
        let is_later_by = |step: Duration| {
            let Some(later) = first.checked_add(step).map(Self::of) else { return false };
            let nanos = u64::from(parts.nanos) + u64::from(step.subsec_nanos());
            let seconds = parts.seconds.wrapping_add(step.as_secs() + nanos / NANOS_PER_SEC);
            later.seconds == seconds && u64::from(later.nanos) == nanos % NANOS_PER_SEC
        };
        let steps = [(0, 1), (0, 400_000_000), (0, 999_999_999), (1, 0), (1 << 32, 700_000_000)];
        steps.iter().all(|&(secs, nanos)| is_later_by(Duration::new(secs, nanos))).then_some(parts)
    }
}

impl Hasher for Parts {
    #[inline]
    fn write_i64(&mut self, seconds: i64) {
        self.seconds = seconds as u64;
    }

    #[inline]
    fn write_u64(&mut self, seconds: u64) {
        self.seconds = seconds;
    }

    #[inline]
    fn write_u32(&mut self, nanos: u32) {
        self.nanos = nanos;
    }

    /// Anything else is left out, and then later instants are not more.
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        self.seconds
    }
}

/// The same point on tokio's timeline, for a timer; at most thirty years from the origin.
#[cfg(feature = "resilience")]
pub(crate) fn timer_at(instant: Instant) -> tokio::time::Instant {
    let origin = ORIGIN.get_or_init(|| Origin::new(tokio::time::Instant::now()));
    timer_from(instant, origin.first)
}

#[cfg(feature = "resilience")]
fn timer_from(instant: Instant, origin: tokio::time::Instant) -> tokio::time::Instant {
    let nanos = instant.as_nanos();
    match nanos.checked_sub(HEADROOM_NANOS) {
        Some(after) => origin + Duration::from_nanos(after.min(FAR_NANOS)),
        None => origin
            .checked_sub(Duration::from_nanos(HEADROOM_NANOS - nanos))
            .unwrap_or_else(tokio::time::Instant::now),
    }
}

#[cfg(target_os = "linux")]
#[inline(never)]
pub(super) fn coarse() -> Instant {
    use rustix::time::{ClockId, clock_gettime};

    let now = clock_gettime(ClockId::MonotonicCoarse);
    Instant::from_nanos(now.tv_sec as u64 * NANOS_PER_SEC + now.tv_nsec as u64)
}

#[cfg(not(target_os = "linux"))]
#[inline]
pub(super) fn coarse() -> Instant {
    precise()
}

#[cfg(all(test, feature = "resilience", not(reliability_loom)))]
mod tests {
    use super::*;

    /// The first reading may have been made under a paused clock that was far ahead.
    #[test]
    fn a_timer_fires_when_the_clock_says_so_on_both_sides_of_the_origin() {
        let origin = tokio::time::Instant::now();
        let hour = Duration::from_secs(3600);
        for now in [origin - hour, origin, origin + hour] {
            for wait in [Duration::ZERO, Duration::from_nanos(1), hour, 2 * hour] {
                let instant = Origin::new(origin).on_timeline(now).saturating_add(wait);
                assert_eq!(timer_from(instant, origin), now + wait);
            }
        }
    }

    #[test]
    fn no_instant_is_too_far_for_a_timer() {
        let origin = tokio::time::Instant::now();
        let far = timer_from(Instant::from_nanos(u64::MAX), origin);
        assert_eq!(far - origin, Duration::from_nanos(FAR_NANOS));
        assert!(timer_from(Instant::from_nanos(0), origin) <= tokio::time::Instant::now());
    }

    #[test]
    fn both_ways_to_the_timeline_lead_to_the_same_point() {
        let first = tokio::time::Instant::now();
        let origin = Origin::new(first);
        assert!(origin.parts.is_some(), "this one hashes its seconds and nanoseconds");
        let without = Origin { first, parts: None };
        let lengths = [0, 1, 999_999_999, 1_000_000_000, 86_400_000_000_001, 1 << 62];
        for length in lengths.map(Duration::from_nanos) {
            let days = Duration::from_secs(400 * 365 * 24 * 3600);
            for now in [Some(first + length), first.checked_sub(length), Some(first + days)] {
                let Some(now) = now else { continue };
                assert_eq!(origin.on_timeline(now), without.on_timeline(now), "{length:?}");
            }
        }
    }
}
