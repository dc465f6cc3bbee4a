use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::call::Call;
#[cfg(feature = "record")]
use super::record::What;
use super::timer::Timer;
use crate::error::{Failure, Rejected};

pin_project! {
    /// One attempt of a [`Call`]; made by [`Call::attempt`].
    ///
    /// A named future, not an `async fn` per layer: the layers are steps in one `poll`, with one
    /// timer for all of them, and the future is not much larger than the work inside.
    ///
    /// What the attempt holds is given back when its outcome is judged. By then it has been
    /// dropped, and with it work that was cut off: a place is free when nobody is in it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the work. The call goes on: with another attempt, which takes over the
    /// places that are the call's, and begins anew those that are the attempt's, or to its own end.
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempt<'c, 'a, F, E> {
        #[pin]
        work: F,
        #[pin]
        timer: Timer,
        call: &'c mut Call<'a, E>,
    }
}

impl<'c, 'a, F, E> Attempt<'c, 'a, F, E> {
    #[inline]
    pub(super) fn new(call: &'c mut Call<'a, E>, work: F) -> Self {
        Self { work, timer: Timer::idle(), call }
    }
}

impl<F, T, E> Future for Attempt<'_, '_, F, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Failure<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (call, mut timer, work) = (this.call, this.timer, this.work);
        if call.phase.is_before_work() {
            let _turn = call.turn();
            #[cfg(feature = "record")]
            call.tell_begun();
            if (timer.is_armed() || !call.pass_at_once())
                && let Err(rejected) = ready!(poll_admission(call, timer.as_mut(), cx))
            {
                #[cfg(feature = "record")]
                call.tell(|_| What::refused(&rejected));
                return Poll::Ready(Err(call.refused(rejected)));
            }
            #[cfg(feature = "record")]
            call.tell(|_| What::Admitted);
        }
        match call.poll_work(|| work.poll(cx)) {
            Poll::Ready(result) => Poll::Ready(result.map_err(Failure::Error)),
            Poll::Pending => {
                #[cfg(feature = "record")]
                if call.is_held() {
                    return Poll::Pending;
                }
                let _turn = call.turn();
                ready!(poll_fired(call, timer, cx));
                Poll::Ready(Err(Failure::Rejected(call.expired())))
            }
        }
    }
}

#[cfg(not(feature = "chaos"))]
impl<E> Call<'_, E> {
    pub(super) fn refused(&self, rejected: Rejected) -> Failure<E> {
        Failure::Rejected(rejected)
    }
}

#[cold]
pub(super) fn poll_admission<E>(
    call: &mut Call<'_, E>,
    mut timer: Pin<&mut Timer>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejected>> {
    if !timer.is_armed() {
        call.check_inherited_deadline()?;
    }
    loop {
        let step = call.step;
        let passed = match call.poll_step(cx) {
            Poll::Ready(passed) => passed,
            Poll::Pending => {
                ready!(poll_fired(call, timer.as_mut(), cx));
                call.give_up_waiting().map(|()| true)
            }
        };
        // Each wait has a bound of its own.
        if timer.is_armed() {
            timer.as_mut().disarm();
            call.end_queue(step);
        }
        if !passed? {
            return Poll::Ready(Ok(()));
        }
    }
}

/// Ready when the wait has reached its bound; arms the timer the first time.
#[cold]
fn poll_fired<E>(
    call: &mut Call<'_, E>,
    mut timer: Pin<&mut Timer>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if !timer.is_armed() {
        let bound = call.begin_wait();
        if bound.exists() {
            timer.as_mut().arm(bound.at);
        }
    }
    timer.poll_fired(cx)
}

impl<F, E> fmt::Debug for Attempt<'_, '_, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("call", &self.call).finish_non_exhaustive()
    }
}
