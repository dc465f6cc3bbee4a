use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use pin_project_lite::pin_project;

use super::timer::Timer;
use crate::time::Clock;

pin_project! {
    /// The wait before the next attempt; ready at once when there is nothing to wait for.
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the wait and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use std::time::Duration;
    /// use reliability::error::{Class, Failure};
    /// use reliability::resilience::{Backoff, Call, Classifier, Jitter, Next, Policy, Retry};
    ///
    /// let backoff = Backoff::constant(Duration::from_millis(100)).jitter(Jitter::None);
    /// let policy = Policy::builder("price").retry(Retry::attempts(2).backoff(backoff)).build()?;
    /// let errors = Classifier::by_fault();
    /// let mut call = Call::new(&policy, &errors);
    /// let outcome: Result<u32, Failure<Class>> = call.attempt(async { Err(Class::Transient) }).await;
    /// match call.judge(outcome) {
    ///     Next::Again(pause) => {
    ///         assert_eq!(pause.duration(), Duration::from_millis(100));
    ///         pause.await;
    ///     }
    ///     Next::Done(result) => unreachable!("there are two attempts: {result:?}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Pause {
        #[pin]
        timer: Timer,
        duration: Duration,
    }
}

impl Pause {
    pub(super) fn new(duration: Duration) -> Self {
        Self { timer: Timer::idle(), duration }
    }

    /// How long it waits.
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        poll_pause(*this.duration, this.timer, cx)
    }
}

/// Ready when the pause is over that began with the first of these polls.
pub(super) fn poll_pause(
    duration: Duration,
    mut timer: Pin<&mut Timer>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if duration.is_zero() {
        return Poll::Ready(());
    }
    if !timer.is_armed() {
        timer.as_mut().arm(Clock::precise().now().saturating_add(duration));
    }
    timer.poll_fired(cx)
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pause").field(&self.duration).finish()
    }
}
