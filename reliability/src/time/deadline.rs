use core::cell::Cell;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Instant;

/// The point in time by which a whole call must be over.
///
/// A deadline travels with the task: while a future inside [`scope`](Deadline::scope) runs, and
/// inside every function annotated with `deadline = ".."`, [`Deadline::current`] tells it, and an
/// annotated function called from there never waits longer. Tasks that are spawned do not inherit
/// it: carry it over with `deadline.scope(future)`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use reliability::time::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(3));
/// let inner = deadline.scope(async { Deadline::current() }).await;
/// assert_eq!(inner, Some(deadline));
/// assert_eq!(Deadline::current(), None);
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

std::thread_local! {
    static CURRENT: Cell<Option<Deadline>> = const { Cell::new(None) };
}

impl Deadline {
    /// The deadline that much from now. More than thirty years count as thirty.
    pub fn after(duration: Duration) -> Self {
        Self::at(Instant::now() + duration.min(FAR))
    }

    /// The deadline at that instant of tokio's clock.
    pub const fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The deadline of the running task, if it has one.
    #[inline]
    pub fn current() -> Option<Self> {
        // A thread that is being torn down runs no calls any more.
        CURRENT.try_with(Cell::get).unwrap_or(None)
    }

    /// When it is.
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// How much time is left; zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Makes this the deadline that `future` sees as [`Deadline::current`], unless an outer one is
    /// earlier. It bounds the annotated functions that `future` calls; it does not cut `future`
    /// itself off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future drops `future` and nothing else.
    pub fn scope<F: Future>(self, future: F) -> WithDeadline<F> {
        WithDeadline { future, deadline: self }
    }

    /// Runs `work` with this as the current deadline, unless the one before was earlier.
    #[inline]
    pub(crate) fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        let outer = Self::current();
        let inner = outer.map_or(self, |outer| outer.min(self));
        let _restore = Restore(outer);
        let _ = CURRENT.try_with(|current| current.set(Some(inner)));
        work()
    }
}

/// Thirty years: far enough, and within what every system's clock can add.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Puts the outer deadline back, also when the work panics.
struct Restore(Option<Deadline>);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.0));
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline(in {:?})", self.remaining())
    }
}

pin_project! {
    /// A future that runs under a [`Deadline`]; made by [`Deadline::scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WithDeadline<F> {
        #[pin]
        future: F,
        deadline: Deadline,
    }
}

impl<F: Future> Future for WithDeadline<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future;
        this.deadline.enter(|| future.poll(cx))
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_inner_scope_only_ever_shortens() {
        let early = Deadline::after(Duration::from_secs(1));
        let late = Deadline::after(Duration::from_secs(9));
        let seen = early.scope(late.scope(async { Deadline::current() })).await;
        assert_eq!(seen, Some(early));
        let seen = late.scope(early.scope(async { Deadline::current() })).await;
        assert_eq!(seen, Some(early));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_puts_the_outer_deadline_back() {
        let deadline = Deadline::after(Duration::from_secs(1));
        let result = std::panic::catch_unwind(|| deadline.enter(|| panic!("inside")));
        assert!(result.is_err());
        assert_eq!(Deadline::current(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_duration_is_a_deadline_too() {
        assert!(!Deadline::after(Duration::MAX).has_passed());
        assert!(Deadline::after(Duration::ZERO).has_passed());
    }
}
