use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;

use super::admission::poll_admission;
use super::call::Call;
use super::legs::Legs;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::timer::Timer;
use super::wait::Bound;
use crate::error::Failure;
#[cfg(feature = "record")]
use crate::error::Reason;
use crate::time::Instant;

pin_project! {
    /// The requests of one attempt that may send more than one.
    pub(super) struct Requests<F, E> {
        // Nothing when it has ended and others are under way, or the attempt is over.
        #[pin]
        first: Option<F>,
        #[pin]
        timer: Timer,
        late: Late<F, E>,
    }
}

/// What there is of an attempt whose first request was not ready at once.
struct Late<F, E> {
    /// Nothing but what is written below, so that who has nothing to drop writes and calls nothing.
    state: ManuallyDrop<LateState<F, E>>,
}

enum LateState<F, E> {
    Not,
    /// When the first hedge is due.
    HedgeAt(Instant),
    Legs(Pin<Box<Legs<F, E>>>),
}

impl<F, E> Late<F, E> {
    #[inline]
    fn not() -> Self {
        Self { state: ManuallyDrop::new(LateState::Not) }
    }

    #[inline]
    fn has_legs(&self) -> bool {
        matches!(*self.state, LateState::Legs(_))
    }

    fn legs(&mut self) -> Option<Pin<&mut Legs<F, E>>> {
        match &mut *self.state {
            LateState::Legs(legs) => Some(legs.as_mut()),
            _ => None,
        }
    }

    fn hedge_at(&self) -> Instant {
        match *self.state {
            LateState::HedgeAt(at) => at,
            _ => Bound::NEVER.at,
        }
    }

    fn become_state(&mut self, state: LateState<F, E>) {
        // An assignment, which drops what was there.
        *self.state = state;
    }

    #[inline]
    fn clear(&mut self) {
        if self.has_legs() {
            self.drop_legs();
        }
    }

    #[cold]
    #[inline(never)]
    fn drop_legs(&mut self) {
        self.become_state(LateState::Not);
    }
}

impl<F, E> Drop for Late<F, E> {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}

impl<F, E> Requests<F, E> {
    #[inline]
    pub(super) fn none() -> Self {
        Self { first: None, timer: Timer::idle(), late: Late::not() }
    }

    #[inline]
    pub(super) fn begin(self: Pin<&mut Self>, first: F) {
        self.project().first.set(Some(first));
    }

    /// Ends all that are under way.
    #[inline]
    pub(super) fn clear(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.first.set(None);
        this.timer.disarm();
        this.late.clear();
    }

    /// The only request of an attempt that is not to send another, and the timer of all.
    #[inline]
    pub(super) fn single(self: Pin<&mut Self>) -> (Option<Pin<&mut F>>, Pin<&mut Timer>) {
        let this = self.project();
        (this.first.as_pin_mut(), this.timer)
    }

    fn has_sent_hedges(&self) -> bool {
        self.late.has_legs()
    }
}

impl<F, T, E> Requests<F, E>
where
    F: Future<Output = Result<T, E>>,
{
    // Out of line: where an attempt is of this kind or of the other, both are in one function, and
    // the other one is the smaller for it.
    #[inline(never)]
    pub(super) fn poll<M: FnMut() -> F>(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        make: &mut M,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Failure<E>>> {
        let this = self.as_mut().project();
        if !this.late.has_legs()
            && let Some(first) = this.first.as_pin_mut()
        {
            let mut timer = this.timer;
            if call.phase.is_before_work() {
                let _turn = call.turn();
                #[cfg(feature = "record")]
                call.tell_begun();
                let mut delay = None;
                if timer.is_armed() || call.is_gone_through_slowly() || !call.pass_at_once() {
                    delay = ready!(poll_let_in(call, timer.as_mut(), cx))?;
                }
                #[cfg(feature = "record")]
                call.tell(|_| EventKind::Admitted);
                if delay.is_some() {
                    this.late.become_state(LateState::Legs(Legs::new(call, delay)));
                }
            }
            if !this.late.has_legs()
                && let Poll::Ready(result) = call.poll_work(|| first.poll(cx))
            {
                return Poll::Ready(result.map_err(Failure::Error));
            }
        }
        self.poll_late(call, make, cx)
    }

    /// The first request was not ready: what comes next is a bound of the wait, or a hedge.
    #[cold]
    fn poll_late<M: FnMut() -> F>(
        self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        make: &mut M,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Failure<E>>> {
        let mut this = self.project();
        if !this.late.has_legs() {
            #[cfg(feature = "record")]
            if call.is_held() {
                return Poll::Pending;
            }
            let _turn = call.turn();
            if !this.timer.is_armed() {
                let bound = call.begin_wait();
                let hedge_at = call.hedge_at();
                this.late.become_state(LateState::HedgeAt(hedge_at));
                #[cfg(feature = "record")]
                if call.may_hedge() {
                    call.tell(|call| EventKind::HedgesAfter { delay: call.hedge_after() });
                }
                let at = bound.at.min(hedge_at);
                if at < Bound::NEVER.at {
                    this.timer.as_mut().arm(at);
                }
            }
            ready!(this.timer.as_mut().poll_fired(cx));
            if call.bound().at <= this.late.hedge_at() {
                return Poll::Ready(Err(Failure::Rejected(call.expired())));
            }
            this.timer.as_mut().disarm();
            this.late.become_state(LateState::Legs(Legs::new(call, None)));
        }
        let Some(legs) = this.late.legs() else { return Poll::Pending };
        let result = ready!(legs.poll(call, this.first.as_mut(), make, this.timer, cx));
        // At once, and not when whoever polls this drops it.
        this.first.set(None);
        this.late.clear();
        Poll::Ready(result)
    }
}

pin_project! {
    /// One attempt of a [`Call`] that may send its request more than once; made by
    /// [`Call::attempt_hedged`].
    ///
    /// Until a hedge is sent it is an [`Attempt`](super::Attempt): the first request lies inside of
    /// it, and nothing is allocated. With the first hedge the others' futures are allocated, in one
    /// piece if there is one hedge at most.
    ///
    /// What the attempt holds - places, permits - it holds once for all of its requests, and gives
    /// back when its outcome is judged.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends all requests. See [`Attempt`](super::Attempt) for what becomes of the call.
    ///
    /// # Examples
    ///
    /// See [`Call::attempt_hedged`].
    #[must_use = "futures do nothing unless polled"]
    pub struct HedgedAttempt<'c, 'a, M, F, E> {
        #[pin]
        requests: Requests<F, E>,
        make: M,
        call: &'c mut Call<'a, E>,
    }
}

impl<'c, 'a, M, F, E> HedgedAttempt<'c, 'a, M, F, E>
where
    M: FnMut() -> F,
{
    #[inline]
    pub(super) fn new(call: &'c mut Call<'a, E>, mut make: M) -> Self {
        let first = Some(call.make(&mut make));
        Self { requests: Requests { first, ..Requests::none() }, make, call }
    }
}

impl<M, F, T, E> Future for HedgedAttempt<'_, '_, M, F, E>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Failure<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.requests.poll(this.call, this.make, cx)
    }
}

/// Lets an attempt in where that takes a wait, a refusal or chaos. Ready with how long its first request
/// is delayed, if it is.
#[cold]
fn poll_let_in<E>(
    call: &mut Call<'_, E>,
    timer: Pin<&mut Timer>,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Duration>, Failure<E>>> {
    let steps = call.policy.steps_of_hedged_attempt();
    if let Err(rejected) = ready!(poll_admission(call, steps, timer, cx)) {
        #[cfg(feature = "record")]
        call.tell(|_| EventKind::refused(&rejected));
        return Poll::Ready(Err(call.refused(rejected)));
    }
    let disturbed = call.disturb_first_request();
    #[cfg(feature = "record")]
    if disturbed.is_err() {
        call.tell(|_| EventKind::Refused { reason: Reason::Injected, retry_after: None });
    }
    Poll::Ready(disturbed)
}

impl<'a, E> Call<'a, E> {
    /// One attempt that may send its request again while it is under way: `make` makes the future of
    /// each request, the first one at once.
    ///
    /// Under a policy without [`hedge`](super::PolicyBuilder::hedge) it sends one request.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::{Failure, Rejected};
    /// use reliability::resilience::{Call, Classifier, Hedge, Policy};
    ///
    /// let policy = Policy::builder("price").hedge(Hedge::standard()).build()?;
    ///
    /// let errors = Classifier::by_fault();
    /// let mut call = Call::new(&policy, &errors);
    /// let outcome = call.attempt_hedged(|| async { Ok::<_, Rejected>(7) }).await;
    /// assert_eq!(call.conclude(outcome), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn attempt_hedged<M, F, T>(&mut self, make: M) -> HedgedAttempt<'_, 'a, M, F, E>
    where
        M: FnMut() -> F,
        F: Future<Output = Result<T, E>>,
    {
        self.begin_attempt();
        HedgedAttempt::new(self, make)
    }

    /// Whether an attempt may send its request more than once.
    #[inline]
    pub fn may_hedge(&self) -> bool {
        self.policy.hedge.is_some()
    }

    /// When the first hedge of an attempt is due whose work has begun to wait.
    fn hedge_at(&self) -> Instant {
        let due = self.work_since().zip(self.hedge_after());
        due.map_or(Bound::NEVER.at, |(since, after)| since.saturating_add(after))
    }

    pub(super) fn hedge_after(&self) -> Option<Duration> {
        let after = self.policy.recent.hedge_after.load();
        after.filter(|_| !self.is_without_hedges())
    }
}

impl<M, F, E> fmt::Debug for HedgedAttempt<'_, '_, M, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgedAttempt")
            .field("call", &self.call)
            .field("hedged", &self.requests.has_sent_hedges())
            .finish_non_exhaustive()
    }
}
