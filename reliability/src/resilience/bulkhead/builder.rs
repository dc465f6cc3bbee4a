use core::time::Duration;

use super::gate::Gate;
use super::{Bulkhead, Settings, Shed};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::time::{Clock, Instant};

/// Settings of a [`Bulkhead`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::bulkhead::Bulkhead;
/// use reliability::time::Clock;
///
/// // 200 calls in a second that take 40 ms each are 8 at a time; twice that leaves some to spare.
/// let search = Bulkhead::builder("search")
///     .concurrent(16)
///     .queue(32)
///     .wait(Duration::from_millis(50))
///     .clock(Clock::coarse())
///     .build()?;
/// assert_eq!((search.concurrent(), search.queue()), (16, 32));
/// assert_eq!(search.wait(), Duration::from_millis(50));
/// assert!(Bulkhead::builder("search").concurrent(Bulkhead::CONCURRENT_MAX + 1).build().is_err());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct BulkheadBuilder {
    name: Name,
    concurrent: u32,
    queue: u32,
    wait: Duration,
    shed: Option<Shed>,
    clock: Clock,
}

impl BulkheadBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            concurrent: Bulkhead::DEFAULT_CONCURRENT,
            queue: Bulkhead::DEFAULT_QUEUE,
            wait: Bulkhead::DEFAULT_WAIT,
            shed: None,
            clock: Clock::default(),
        }
    }

    /// How many calls may be inside at a time: 1 to
    /// [`CONCURRENT_MAX`](Bulkhead::CONCURRENT_MAX), 16,777,215.
    /// Default: [`DEFAULT_CONCURRENT`](Bulkhead::DEFAULT_CONCURRENT), 64.
    ///
    /// Little's law gives the number: calls per second times seconds per call, with some to spare.
    pub fn concurrent(mut self, concurrent: u32) -> Self {
        self.concurrent = concurrent;
        self
    }

    /// How many calls may wait for a place: 0 to [`QUEUE_MAX`](Bulkhead::QUEUE_MAX), 65,535.
    /// Default: [`DEFAULT_QUEUE`](Bulkhead::DEFAULT_QUEUE), 128.
    ///
    /// With 0 a call that finds no room is refused at once. The queue takes 32 bytes a call, 40 with
    /// [`shed`](Self::shed), and takes them when the bulkhead is built.
    pub fn queue(mut self, queue: u32) -> Self {
        self.queue = queue;
        self
    }

    /// How long a call waits at most. Default: [`DEFAULT_WAIT`](Bulkhead::DEFAULT_WAIT), 100 ms.
    ///
    /// With zero a call that finds no room is refused at once.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Refuses calls that have waited for too long in a queue that does not drain. Default: never.
    ///
    /// For servers whose queue and wait are longer than what a caller bears, so that bursts fit in.
    /// [`wait`](Self::wait) has to be longer than its target: who leaves earlier is never shed.
    pub fn shed(mut self, shed: Shed) -> Self {
        self.shed = Some(shed);
        self
    }

    /// The clock that decides when a wait is over. Default: [`Clock::precise`].
    ///
    /// It is read only by calls that wait.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the bulkhead.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when `concurrent` or `queue` is out of its range, or `shed` makes no sense.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::bulkhead::Bulkhead;
    ///
    /// let invalid = Bulkhead::builder("inventory").concurrent(0).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "concurrent");
    /// ```
    pub fn build(self) -> Result<Bulkhead, Invalid> {
        let Self { concurrent, wait, shed, .. } = self;
        let settings = Settings { concurrent, wait, shed };
        check(&self.name, &settings)?;
        if self.queue > Bulkhead::QUEUE_MAX {
            let expected = alloc::format!("at most {}", Bulkhead::QUEUE_MAX);
            return Err(Invalid::new(self.name, "queue", expected, self.queue).with_advice(
                "a queue that long outlasts the patience of its callers; shorten it",
            ));
        }
        let gate = Gate::new(self.concurrent, self.queue);
        gate.set_shed(shed, || Instant::ZERO);
        Ok(Bulkhead::new(self.name, self.clock, gate, self.wait))
    }
}

pub(super) fn check(name: &Name, settings: &Settings) -> Result<(), Invalid> {
    check_concurrent(name, settings.concurrent)?;
    match settings.shed {
        Some(shed) => check_shed(name, shed, settings.wait),
        None => Ok(()),
    }
}

const INTERVAL_MAX: Duration = Duration::from_secs(60);

fn check_shed(name: &Name, shed: Shed, wait: Duration) -> Result<(), Invalid> {
    let Shed { target, interval } = shed;
    if interval > INTERVAL_MAX {
        let got = alloc::format!("{interval:?}");
        return Err(Invalid::new(name.clone(), "interval", "at most 60s", got)
            .with_advice("a queue that slow for that long has no callers left; shorten it"));
    }
    if target.is_zero() || target >= interval {
        let expected = alloc::format!("above zero, and less than the interval of {interval:?}");
        return Err(Invalid::new(name.clone(), "target", expected, alloc::format!("{target:?}"))
            .with_advice("a burst waits for longer than `target`, and is over after `interval`"));
    }
    if wait <= target {
        let expected = alloc::format!("longer than the target of `shed`, {target:?}");
        return Err(Invalid::new(name.clone(), "wait", expected, alloc::format!("{wait:?}"))
            .with_advice("nobody who waits for less than `target` is ever shed"));
    }
    Ok(())
}

fn check_concurrent(name: &Name, concurrent: u32) -> Result<(), Invalid> {
    if (1..=Bulkhead::CONCURRENT_MAX).contains(&concurrent) {
        return Ok(());
    }
    let expected = alloc::format!("1 to {}", Bulkhead::CONCURRENT_MAX);
    Err(Invalid::new(name.clone(), "concurrent", expected, concurrent).with_advice(
        "leave out the bulkhead where no limit is wanted, use a breaker to stop all calls",
    ))
}
