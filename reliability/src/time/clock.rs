use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::Instant;
use super::instant::saturating_nanos;
#[cfg(feature = "std")]
use super::system;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Where the time comes from. Cheap to clone; clones share the timeline.
///
/// | clock | a reading costs | resolution | for |
/// |---|---|---|---|
/// | [`precise`](Clock::precise) | 22 ns | 1 ns | the default; follows tokio's paused clock in tests |
/// | `tsc` (feature `tsc`) | 10 ns | below 1 ns | hot paths whose limits are microseconds |
/// | [`coarse`](Clock::coarse) | 4 ns | 1 to 4 ms | hot paths whose limits are tens of milliseconds |
/// | [`ticked`](Clock::ticked) | below 1 ns | 1 ms | the hottest paths; costs one background thread |
/// | [`ManualClock`] | 1 ns | exact | tests, simulation, systems without a clock |
///
/// # Examples
///
/// ```
/// use reliability::time::Clock;
///
/// let clock = Clock::coarse();
/// let earlier = clock.now();
/// assert!(clock.now() >= earlier);
///
/// // The same readings, told by another source: what costs how much is in the table above.
/// for clock in [Clock::precise(), Clock::ticked(), Clock::default()] {
///     let earlier = clock.now();
///     assert!(clock.now() >= earlier);
/// }
/// ```
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    #[cfg(feature = "std")]
    Precise,
    #[cfg(feature = "std")]
    Coarse,
    #[cfg(all(feature = "std", not(reliability_loom)))]
    Ticked(super::ticker::Ticks),
    #[cfg(all(feature = "tsc", not(reliability_loom)))]
    Tsc(super::tsc::Tsc),
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The monotonic clock of the system, through tokio, so that a paused clock
    /// (`#[tokio::test(start_paused = true)]`) is followed.
    #[cfg(feature = "std")]
    pub const fn precise() -> Self {
        Self(Source::Precise)
    }

    /// The kernel's coarse monotonic clock, which advances with the scheduler's tick. On systems
    /// other than Linux this is the precise clock.
    #[cfg(feature = "std")]
    pub const fn coarse() -> Self {
        Self(Source::Coarse)
    }

    /// A clock that a background thread advances every millisecond; the thread starts with the
    /// first ticked clock and is shared by all. If the system refuses the thread, this is the
    /// coarse clock.
    #[cfg(all(feature = "std", not(reliability_loom)))]
    pub fn ticked() -> Self {
        match super::ticker::Ticks::start() {
            Some(ticks) => Self(Source::Ticked(ticks)),
            None => Self::coarse(),
        }
    }

    /// The time stamp counter of the processor, read without asking the system: exact, for about
    /// half of what the precise clock takes.
    ///
    /// Take it where a reading is most of what a check costs, and a millisecond is too coarse: for
    /// rate limits of some ten thousand permits per second. It does not follow tokio's paused clock:
    /// tests want [`precise`](Clock::precise) or a [`ManualClock`]. The first one in a process is
    /// held against the clock of the system, which takes up to 200 ms, so make it at the start; from
    /// then on the two may drift apart by millionths. Where the processor has no counter that runs
    /// evenly on all cores, the clock of the system is read instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::{Quota, RateLimit};
    /// use reliability::time::Clock;
    ///
    /// let quota = Quota::per_second(50_000).burst(10);
    /// let limit = RateLimit::builder("ticks").quota(quota).clock(Clock::tsc()).build()?;
    /// assert!(limit.check().is_allowed());
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    #[cfg(all(feature = "tsc", not(reliability_loom)))]
    pub fn tsc() -> Self {
        Self(Source::Tsc(super::tsc::Tsc::start()))
    }

    /// The time on this clock.
    #[inline]
    pub fn now(&self) -> Instant {
        // One load; the others are a call, which is little beside the reading.
        #[cfg(all(feature = "std", not(reliability_loom)))]
        if let Source::Ticked(ticks) = &self.0 {
            return ticks.now();
        }
        self.read()
    }

    #[inline(never)]
    fn read(&self) -> Instant {
        match &self.0 {
            #[cfg(feature = "std")]
            Source::Precise => {
                #[cfg(feature = "record")]
                if let Some(now) = super::frozen::now() {
                    return now;
                }
                system::precise()
            }
            #[cfg(feature = "std")]
            Source::Coarse => system::coarse(),
            #[cfg(all(feature = "std", not(reliability_loom)))]
            Source::Ticked(ticks) => ticks.now(),
            #[cfg(all(feature = "tsc", not(reliability_loom)))]
            Source::Tsc(tsc) => tsc.now(),
            Source::Manual(nanos) => Instant::from_nanos(nanos.load(Ordering::Acquire)),
        }
    }
}

#[cfg(feature = "std")]
impl Default for Clock {
    /// The precise clock.
    fn default() -> Self {
        Self::precise()
    }
}

#[cfg(not(feature = "std"))]
impl Default for Clock {
    /// A manual clock at its origin: without `std` there is no other.
    fn default() -> Self {
        ManualClock::new().clock()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            #[cfg(feature = "std")]
            Source::Precise => "Clock::precise",
            #[cfg(feature = "std")]
            Source::Coarse => "Clock::coarse",
            #[cfg(all(feature = "std", not(reliability_loom)))]
            Source::Ticked(_) => "Clock::ticked",
            #[cfg(all(feature = "tsc", not(reliability_loom)))]
            Source::Tsc(_) => "Clock::tsc",
            Source::Manual(_) => "Clock::manual",
        })
    }
}

/// A clock that is moved by hand.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::time::{Instant, ManualClock};
///
/// let manual = ManualClock::new();
/// manual.advance(Duration::from_millis(3));
/// assert_eq!(manual.clock().now(), Instant::from_nanos(3_000_000));
///
/// // Real clocks jump, and what is tested here should bear it.
/// manual.set(Instant::ZERO);
/// assert_eq!(manual.clock().now(), Instant::ZERO);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock at its origin.
    pub fn new() -> Self {
        Self::default()
    }

    /// The clock to hand to a builder. It shows whatever this one is set to.
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(Arc::clone(&self.nanos)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = saturating_nanos(by);
        let add = |now: u64| Some(now.saturating_add(by));
        // The closure never refuses, so neither does the update. Release: whoever sees the time sees
        // what was done before it came.
        let _ = self.nanos.fetch_update(Ordering::Release, Ordering::Relaxed, add);
    }

    /// Sets the clock, also backwards: real clocks jump, and what runs under fire must bear it.
    pub fn set(&self, now: Instant) {
        self.nanos.store(now.as_nanos(), Ordering::Release);
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_goes_where_it_is_told() {
        let manual = ManualClock::new();
        let clock = manual.clock();
        manual.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), Instant::from_nanos(2_000_000_000));
        manual.set(Instant::from_nanos(7));
        assert_eq!(clock.now(), Instant::from_nanos(7));
        manual.advance(Duration::MAX);
        assert_eq!(clock.now(), Instant::from_nanos(u64::MAX));
    }

    #[cfg(feature = "std")]
    #[test]
    fn system_clocks_do_not_go_backwards() {
        for clock in [Clock::precise(), Clock::coarse(), Clock::ticked()] {
            let mut last = clock.now();
            for _ in 0..10_000 {
                let now = clock.now();
                assert!(now >= last, "{clock:?}");
                last = now;
            }
        }
    }

    #[cfg(feature = "std")]
    #[tokio::test(start_paused = true)]
    async fn the_precise_clock_follows_tokio() {
        let clock = Clock::precise();
        let start = clock.now();
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(clock.now().saturating_duration_since(start) >= Duration::from_secs(3600));
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests {
    use loom::thread;

    use super::*;
    use crate::sync::atomic::AtomicU64;

    const SECOND: Duration = Duration::from_secs(1);

    /// A test that waits for a time finds what another thread did before that time came.
    #[test]
    fn loom_who_sees_the_time_sees_what_was_done_before_it() {
        let moves: [fn(&ManualClock); 2] =
            [|clock| clock.advance(SECOND), |clock| clock.set(Instant::from_nanos(1_000_000_000))];
        for go_on in moves {
            loom::model(move || {
                let clock = ManualClock::new();
                let done = Arc::new(AtomicU64::new(0));
                let other = {
                    let (clock, done) = (clock.clone(), Arc::clone(&done));
                    thread::spawn(move || {
                        done.store(1, Ordering::Relaxed);
                        go_on(&clock);
                    })
                };
                // Loom schedules by the last access to a word: a mere load would not be tried between
                // the load and the swap of the other thread.
                clock.advance(Duration::from_nanos(1));
                if clock.clock().now().as_nanos() > 1 {
                    assert_eq!(done.load(Ordering::Relaxed), 1);
                }
                other.join().unwrap();
            });
        }
    }

    #[test]
    fn loom_two_threads_that_move_it_move_it_twice() {
        loom::model(|| {
            let clock = ManualClock::new();
            let other = {
                let clock = clock.clone();
                thread::spawn(move || clock.advance(SECOND))
            };
            clock.advance(SECOND);
            other.join().unwrap();
            assert_eq!(clock.clock().now(), Instant::from_nanos(2_000_000_000));
        });
    }
}
