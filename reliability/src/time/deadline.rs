use core::cell::Cell;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use pin_project_lite::pin_project;

use super::{Clock, Instant};

/// The point in time by which a whole call must be over, on the timeline of [`Clock::precise`].
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
///
/// assert!(!deadline.has_passed());
/// assert!(deadline.remaining() <= Duration::from_secs(3));
///
/// // The same point in time, as it may have come with a request.
/// assert_eq!(Deadline::at(deadline.instant()), deadline);
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that much from now.
    pub fn after(duration: Duration) -> Self {
        Self(Clock::precise().now().saturating_add(duration))
    }

    /// The deadline at that instant of [`Clock::precise`].
    pub const fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The deadline of the running task, if it has one.
    pub fn current() -> Option<Self> {
        Scope::current_at(|| Clock::precise().now()).map(Self)
    }

    /// When it is.
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// How much time is left; zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Clock::precise().now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        Clock::precise().now() >= self.0
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
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline(in {:?})", self.remaining())
    }
}

pin_project! {
    /// A future that runs under a [`Deadline`]; made by [`Deadline::scope`].
    ///
    /// See [`Deadline`] for an example.
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
        let _scope = Scope::current().until(this.deadline.0).enter();
        future.poll(cx)
    }
}

const NEVER: Instant = Instant::from_nanos(u64::MAX);

std::thread_local! {
    static CURRENT: Cell<Scope> = const { Cell::new(Scope::UNBOUNDED) };
}

/// What bounds the code that runs on this thread right now.
///
/// A policy's own deadline counts from the first time the clock is read, and the clock is read
/// only when somebody waits or asks: a call that is ready at once never pays for it. Until then
/// the bound is a duration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    /// The earliest deadline that is known.
    at: Instant,
    /// The shortest duration whose start has not been read yet.
    after_nanos: u64,
    /// When the start of that duration was read, once it was.
    started: Option<Instant>,
}

impl Scope {
    const UNBOUNDED: Scope = Scope { at: NEVER, after_nanos: u64::MAX, started: None };

    /// The scope of the running code.
    #[inline]
    pub(crate) fn current() -> Scope {
        CURRENT.get()
    }

    /// The earliest deadline that is known without reading a clock.
    #[inline]
    pub(crate) fn known(&self) -> Option<Instant> {
        (self.at < NEVER).then_some(self.at)
    }

    /// The earliest deadline of the running code that is known without reading a clock. Looks at
    /// nothing else of its scope, for every call asks.
    #[inline]
    #[cfg(feature = "resilience")]
    pub(crate) fn known_now() -> Option<Instant> {
        let at = CURRENT.with(|scope| scope.get().at);
        (at < NEVER).then_some(at)
    }

    /// This scope, ending at `at` at the latest.
    #[inline]
    pub(crate) fn until(mut self, at: Instant) -> Scope {
        self.at = self.at.min(at);
        self.started = None;
        self
    }

    /// This scope, ending that long after its start, which is read when it is needed.
    #[cfg(feature = "resilience")]
    #[inline]
    pub(crate) fn within_nanos(mut self, after: u64) -> Scope {
        self.after_nanos = self.after_nanos.min(after);
        self.started = None;
        self
    }

    /// Lets the code that follows run in this scope, until the guard is dropped.
    ///
    /// A guard, and no closure around the work: the work's result would be copied on its way out.
    #[inline]
    pub(crate) fn enter(self) -> Entered {
        Entered { outer: CURRENT.replace(self) }
    }

    /// The deadline of the running code, with `now` as the start of what has not started yet.
    pub(crate) fn current_at(now: impl FnOnce() -> Instant) -> Option<Instant> {
        let mut scope = Scope::current();
        if scope.after_nanos < u64::MAX {
            let now = now();
            scope.at = scope.at.min(now.saturating_add(Duration::from_nanos(scope.after_nanos)));
            scope.after_nanos = u64::MAX;
            scope.started = Some(now);
            CURRENT.set(scope);
        }
        scope.known()
    }
}

/// Puts the outer scope back when it is dropped, also when the work panics.
#[derive(Debug)]
#[must_use = "the scope ends as soon as the guard is dropped"]
pub(crate) struct Entered {
    outer: Scope,
}

impl Entered {
    /// When the start of the scope was read, if the work needed it.
    #[cfg(feature = "resilience")]
    #[inline]
    pub(crate) fn started(&self) -> Option<Instant> {
        CURRENT.get().started
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.outer);
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
        let scope = Scope::current().within_nanos(1_000_000_000);
        let result = std::panic::catch_unwind(|| {
            let _scope = scope.enter();
            panic!("inside")
        });
        assert!(result.is_err());
        assert_eq!(Deadline::current(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_duration_is_a_deadline_too() {
        assert!(!Deadline::after(Duration::MAX).has_passed());
        assert!(Deadline::after(Duration::ZERO).has_passed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_starts_when_somebody_asks_and_says_when() {
        let scope = Scope::current().within_nanos(2_000_000_000);
        assert_eq!(scope.enter().started(), None);

        let now = Clock::precise().now();
        let inside = scope.enter();
        assert_eq!(Deadline::current(), Some(Deadline::after(Duration::from_secs(2))));
        assert_eq!(inside.started(), Some(now));
    }
}
