use core::future::Future;
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use super::Period;
use crate::time::{Clock, Instant, ManualClock};

/// Time that passes when everybody waits for it, and at no other time.
///
/// Policies, timers and breakers follow it, so a test of an hour's outage takes a millisecond, and
/// always goes the same way. It is the clock that tokio pauses: made by [`run`], or inside of
/// `#[tokio::test(start_paused = true)]` by [`FakeTime::new`].
///
/// [`Clock::precise`] follows it, which is what policies, breakers and bulkheads read unless they
/// are told otherwise. A [`ManualClock`] that they were given can [follow](FakeTime::follow), too;
/// coarse and ticked clocks cannot.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::breaker::{Breaker, State};
/// use reliability::testing;
/// use reliability::time::{Instant, ManualClock};
///
/// testing::run(|time| async move {
///     let breaker = Breaker::builder("inventory").open_for(Duration::from_secs(3600)).build()?;
///     breaker.force_open();
///     breaker.reset();
///     time.pass("1h").await;
///     assert_eq!(time.elapsed(), Duration::from_secs(3600));
///     assert_eq!(time.now(), time.clock().now());
///
///     // A clock that is moved by hand goes along from here on.
///     let manual = ManualClock::new();
///     time.follow(&manual);
///     time.pass("3s").await;
///     assert_eq!(manual.clock().now(), Instant::ZERO.saturating_add(Duration::from_secs(3)));
///
///     // What was spawned runs as far as it can without time passing.
///     let task = tokio::spawn(async { 7 });
///     time.settle().await;
///     assert!(task.is_finished());
///     Ok::<_, reliability::resilience::Invalid>(())
/// })
/// # .unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct FakeTime {
    start: Instant,
    following: Arc<Mutex<Vec<ManualClock>>>,
}

/// Runs a test in which time is fake; see [`FakeTime`].
///
/// # Panics
///
/// Inside of another runtime, as in a `#[tokio::test]`: there use [`FakeTime::new`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::testing;
///
/// let passed = testing::run(|time| async move {
///     tokio::time::sleep(Duration::from_secs(3600)).await;
///     time.elapsed()
/// });
/// assert_eq!(passed, Duration::from_secs(3600));
/// ```
pub fn run<F: Future>(test: impl FnOnce(FakeTime) -> F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    match runtime.enable_time().start_paused(true).build() {
        Ok(runtime) => runtime.block_on(async { test(FakeTime::new()).await }),
        Err(error) => panic!("the system refuses a runtime for the test: {error}"),
    }
}

impl FakeTime {
    /// The time of the paused clock that this test runs under.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime; and the first [`pass`](FakeTime::pass) really waits where the
    /// clock is not paused.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::testing::FakeTime;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// // In a `#[tokio::test(start_paused = true)]`:
    /// let time = FakeTime::new();
    /// time.pass("2m").await;
    /// assert_eq!(time.elapsed(), Duration::from_secs(120));
    /// # }
    /// ```
    pub fn new() -> Self {
        Self { start: Clock::precise().now(), following: Arc::default() }
    }

    /// Lets that much time pass: all that happens within it happens, each thing at its time.
    ///
    /// Timers tick in milliseconds, so a part of one passes whole.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the time where it is.
    pub async fn pass(&self, period: impl Into<Period>) {
        let Period(period) = period.into();
        let before = Clock::precise().now();
        tokio::time::sleep(period).await;
        let passed = Clock::precise().now().saturating_duration_since(before);
        let following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        following.iter().for_each(|manual| manual.advance(passed));
    }

    /// Lets everything happen that can happen now, and no time pass.
    ///
    /// # Cancel safety
    ///
    /// Dropping it changes nothing.
    pub async fn settle(&self) {
        // What is woken in one round can wake others in the next; a hundred is far beyond any test.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Moves that clock whenever time has [passed](FakeTime::pass), by as much, at the end of it.
    pub fn follow(&self, manual: &ManualClock) {
        let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        following.push(manual.clone());
    }

    /// The clock to give to a builder that would take another one.
    pub fn clock(&self) -> Clock {
        Clock::precise()
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        Clock::precise().now()
    }

    /// How much time has passed since the test began.
    pub fn elapsed(&self) -> Duration {
        self.now().saturating_duration_since(self.start)
    }
}

impl Default for FakeTime {
    /// As [`FakeTime::new`].
    fn default() -> Self {
        Self::new()
    }
}
