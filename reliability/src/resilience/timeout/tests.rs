use core::time::Duration;

use super::*;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::sync::{Quantile, Sketch, SketchSnapshot};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn usual() -> Adaptive {
    Timeout::adaptive(Quantile::P99).times(2.0).min(millis(50)).max(millis(2_000))
}

fn refused(timeout: impl Into<Timeout>) -> Option<Invalid> {
    timeout.into().check(&Name::from("price")).err()
}

fn nothing() -> SketchSnapshot {
    Sketch::new().snapshot(0)
}

#[test]
fn the_quantile_is_scaled_and_kept_within_the_bounds() {
    for (p99, timeout) in [(0, 50), (24, 50), (26, 52), (400, 800), (1_000, 2_000), (9_000, 2_000)]
    {
        assert_eq!(usual().timeout(Some(millis(p99))), millis(timeout), "p99 {p99} ms");
    }
    assert_eq!(usual().times(100.0).timeout(Some(Duration::MAX)), millis(2_000));
    assert_eq!(usual().timeout(None), millis(2_000), "the longest while nothing is known");
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let cases = [
        (usual().times(1.2).into(), "times"),
        (usual().times(101.0).into(), "times"),
        (usual().times(f64::NAN).into(), "times"),
        (usual().min(Duration::ZERO).into(), "min"),
        (usual().max(Duration::from_secs(3_601)).into(), "max"),
        (usual().min(millis(2_000)).into(), "min"),
        (Timeout::adaptive(Quantile::of(0.49)).into(), "timeout"),
        (Timeout::adaptive(Quantile::of(0.9991)).into(), "timeout"),
        (Timeout::adaptive(Quantile::of(f64::NAN)).into(), "timeout"),
        (Timeout::Fixed(Duration::ZERO), "timeout"),
    ];
    for (timeout, setting) in cases {
        let invalid = refused(timeout);
        let named = invalid.as_ref().map(Invalid::setting);
        assert_eq!(named, Some(setting), "{timeout:?}: {invalid:?}");
    }
    for fine in [usual(), usual().times(1.25), Timeout::adaptive(Quantile::P50)] {
        assert_eq!(refused(fine), None);
    }
    assert_eq!(
        refused(Timeout::adaptive(Quantile::of(99.0))).map(|invalid| alloc::format!("{invalid}")),
        Some(
            "`price`: `timeout` must be a quantile from p50 to p99.9, but is p9900; write \
             `Quantile::of(0.99)`"
                .into()
        ),
    );
}

#[test]
fn what_is_in_force_is_of_the_rule_that_was_set_last() {
    let adapted = Adapted::new(None, &nothing());
    assert_eq!(adapted.load(), None);
    adapted.set(Some(Timeout::from(millis(80)).rule()), &nothing());
    assert_eq!(adapted.load(), Some(millis(80)));
    adapted.set(Some(Timeout::from(usual()).rule()), &nothing());
    assert_eq!(adapted.load(), Some(millis(2_000)));

    let sketch = Sketch::new();
    (0..100).for_each(|_| {
        sketch.record(0, millis(100));
    });
    adapted.renew(&sketch.snapshot(0));
    let timeout = adapted.load().unwrap_or_default();
    assert!(timeout.abs_diff(millis(200)) <= millis(200) / 16, "{timeout:?}");
    adapted.set(Some(Timeout::from(Duration::MAX).rule()), &nothing());
    assert!(adapted.load().is_some_and(|timeout| timeout > Duration::from_secs(1 << 33)));
}

/// A dependency that is called 200 times a second, and the timeout that follows it.
struct World {
    sketch: Sketch,
    timeout: Adapted,
    now_nanos: u64,
    random: fastrand::Rng,
    /// Whether an attempt that was cut off counts with the time that it had.
    counts_cut_off: bool,
}

impl World {
    fn new(counts_cut_off: bool) -> Self {
        let timeout = Adapted::new(Some(Timeout::from(usual()).rule()), &nothing());
        let random = fastrand::Rng::with_seed(7);
        Self { sketch: Sketch::new(), timeout, now_nanos: 0, random, counts_cut_off }
    }

    /// Attempts for that many seconds, which take half to one and a half times `typical`. Returns
    /// the share that is cut off in the last second.
    fn run(&mut self, seconds: u32, typical: Duration) -> f64 {
        let mut cut_off = 0;
        for call in 0..200 * seconds {
            self.now_nanos += 5_000_000;
            let took = typical.mul_f64(0.5 + self.random.f64());
            let timeout = self.timeout();
            let is_cut_off = took >= timeout;
            if call >= 200 * (seconds - 1) {
                cut_off += u32::from(is_cut_off);
            }
            if (self.counts_cut_off || !is_cut_off)
                && self.sketch.record(self.now_nanos, took.min(timeout))
            {
                self.timeout.renew(&self.sketch.snapshot(self.now_nanos));
            }
        }
        f64::from(cut_off) / 200.0
    }

    fn timeout(&self) -> Duration {
        self.timeout.load().unwrap_or(Duration::MAX)
    }
}

#[test]
fn after_a_step_in_latency_the_timeout_grows_until_attempts_come_back() {
    let mut world = World::new(true);
    assert_eq!(world.timeout(), millis(2_000));
    assert_eq!(world.run(20, millis(20)), 0.0);
    assert!(world.timeout() < millis(70), "{:?}", world.timeout());

    // Twenty times slower: at first every attempt is cut off.
    assert_eq!(world.run(3, millis(400)), 0.0, "the timeout is {:?}", world.timeout());
    assert!((millis(600)..millis(1_600)).contains(&world.timeout()), "{:?}", world.timeout());

    // And back, as soon as what was slow has faded: two generations of 1000 attempts.
    world.run(20, millis(20));
    assert!(world.timeout() < millis(70), "{:?}", world.timeout());
}

/// The same without what was cut off: this is the spiral, and the test above would not notice it
/// if it could not fail.
#[test]
fn were_only_attempts_counted_that_came_back_the_timeout_would_never_grow() {
    let mut world = World::new(false);
    world.run(20, millis(20));
    assert_eq!(world.run(30, millis(400)), 1.0);
    assert!(world.timeout() < millis(70), "{:?}", world.timeout());
}

#[test]
fn while_the_dependency_hangs_the_timeout_is_the_longest_and_falls_when_it_is_back() {
    let mut world = World::new(true);
    world.run(20, millis(20));
    assert_eq!(world.run(5, Duration::from_secs(3_600)), 1.0);
    assert_eq!(world.timeout(), millis(2_000));
    assert_eq!(world.run(30, millis(20)), 0.0);
    assert!(world.timeout() < millis(70), "{:?}", world.timeout());
}
