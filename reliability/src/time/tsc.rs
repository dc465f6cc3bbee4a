use std::sync::OnceLock;

use quanta::Clock;

use super::Instant;

/// The time since the counter was first read in this process.
#[derive(Clone, Copy)]
pub(super) struct Tsc(&'static Calibrated);

struct Calibrated {
    clock: Clock,
    origin: u64,
    /// How many nanoseconds 2^[`SHIFT`] counts are, so that a reading takes one multiplication.
    scale: u64,
}

/// Scaled so, a day is exact to 20 ns.
const SHIFT: u32 = 44;

impl Tsc {
    /// Finds out how fast the counter runs, once per process.
    pub(super) fn start() -> Self {
        static CALIBRATED: OnceLock<Calibrated> = OnceLock::new();
        Self(CALIBRATED.get_or_init(|| {
            let clock = Clock::new();
            let origin = clock.raw();
            let scale = clock.delta_as_nanos(0, 1 << SHIFT);
            Calibrated { clock, origin, scale }
        }))
    }

    #[inline(never)]
    pub(super) fn now(self) -> Instant {
        let Calibrated { clock, origin, scale } = self.0;
        // Another core's counter may be behind.
        let counts = clock.raw().saturating_sub(*origin);
        Instant::from_nanos(((u128::from(counts) * u128::from(*scale)) >> SHIFT) as u64)
    }
}

#[cfg(test)]
mod tests {
    use crate::time::Clock;

    #[test]
    fn the_counter_runs_as_fast_as_the_clock_of_the_system() {
        let (counter, system) = (Clock::tsc(), Clock::precise());
        // Each stretch of the counter lies around one of the system's, and within another: however
        // late this thread goes on, none of the bounds is missed.
        let outer = system.now();
        let begun = counter.now();
        let inner = system.now();
        let mut last = begun;
        for _ in 0..100_000 {
            let now = counter.now();
            assert!(now >= last, "it goes forward");
            last = now;
        }
        let at_least = system.now().saturating_duration_since(inner);
        let passed = counter.now().saturating_duration_since(begun);
        let at_most = system.now().saturating_duration_since(outer);
        assert!(passed.mul_f64(1.01) >= at_least, "{passed:?} of {at_least:?}");
        assert!(passed.mul_f64(0.99) <= at_most, "{passed:?} of {at_most:?}");
        assert!(Clock::tsc().now() >= last, "clocks share the timeline");
    }
}
