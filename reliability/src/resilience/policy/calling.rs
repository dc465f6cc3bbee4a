use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;

use super::call::Call;
use super::hedged::Requests;
use super::pause::poll_pause;
use crate::error::{Failure, Rejected};

pin_project! {
    /// A call and all of its attempts. Of a call that is borrowed there is more to do afterwards.
    ///
    /// A future with a name and not an `async fn`: each `async fn` between the caller and the work
    /// would copy the future once more.
    pub(super) struct Calling<C, M, F, E> {
        // Before the call: a place is free when nobody is in it.
        #[pin]
        attempts: Attempts<M, F, E>,
        call: C,
    }
}

impl<C, M, F, E> Calling<C, M, F, E> {
    #[inline]
    pub(super) fn new(call: C, make: M) -> Self {
        let attempts = Attempts { requests: Requests::none(), make, stage: Stage::Between };
        Self { attempts, call }
    }
}

impl<M, F, T, E> Future for Calling<Call<'_, E>, M, F, E>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
    E: From<Rejected>,
{
    type Output = Result<T, E>;

    // Always, here and below: each call has a type of its own, so that there is one place to put it.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.attempts.poll(this.call, cx).map_err(Failure::into_error)
    }
}

impl<M, F, T, E> Future for Calling<&mut Call<'_, E>, M, F, E>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Failure<E>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.attempts.poll(this.call, cx)
    }
}

pin_project! {
    /// The loop that `#[resilient]` writes out in the annotated function: there is one timer for
    /// attempts and pauses, and a first attempt that is ready at once is polled in line.
    struct Attempts<M, F, E> {
        #[pin]
        requests: Requests<F, E>,
        make: M,
        stage: Stage,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before an attempt.
    Between,
    /// One request.
    Single,
    /// One that others may follow.
    Hedged,
    Pause(Duration),
    /// The result is given away.
    Over,
}

impl<M, F, T, E> Attempts<M, F, E>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
{
    #[inline(always)]
    fn poll(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Failure<E>>> {
        loop {
            if self.stage == Stage::Between && !call.may_hedge() {
                self.as_mut().begin(call, Stage::Single);
            }
            let this = self.as_mut().project();
            let mut aside = None;
            let value = match this.requests.single() {
                (Some(work), timer) if *this.stage == Stage::Single => {
                    ready!(call.poll_run_or_put_aside(timer, work, cx, &mut aside))
                }
                _ => match ready!(self.as_mut().poll_apart(call, cx)) {
                    Some(Ok(value)) => Some(value),
                    Some(Err(failure)) => {
                        aside = Some(failure);
                        None
                    }
                    None => continue,
                },
            };
            if let Some(value) = value {
                self.as_mut().end();
                call.succeed();
                return Poll::Ready(Ok(value));
            }
            if let Some(failure) = aside
                && let Some(end) = self.as_mut().judge(call, failure)
            {
                return Poll::Ready(Err(end));
            }
        }
    }

    /// All that is not one request alone: pauses, and attempts that may send several. Ready with the
    /// outcome of an attempt, or with nothing when the next one is to begin.
    #[inline(never)]
    fn poll_apart(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Failure<E>>>> {
        if self.stage == Stage::Between {
            self.as_mut().begin(call, Stage::Hedged);
        }
        let mut this = self.project();
        match *this.stage {
            Stage::Hedged => this.requests.poll(call, this.make, cx).map(Some),
            Stage::Pause(duration) => {
                let (_, mut timer) = this.requests.as_mut().single();
                ready!(poll_pause(duration, timer.as_mut(), cx));
                timer.disarm();
                *this.stage = Stage::Between;
                Poll::Ready(None)
            }
            // Its work is gone, and there will be none.
            Stage::Between | Stage::Single | Stage::Over => {
                panic!("a call that has ended was polled again")
            }
        }
    }

    /// Begins an attempt with its first request.
    #[inline(always)]
    fn begin(self: Pin<&mut Self>, call: &mut Call<'_, E>, stage: Stage) {
        let this = self.project();
        let first = call.make(&mut *this.make);
        call.begin_attempt();
        this.requests.begin(first);
        *this.stage = stage;
    }

    /// Ends the requests before the call gives back what it holds.
    #[inline(always)]
    fn end(self: Pin<&mut Self>) {
        let this = self.project();
        this.requests.clear();
        *this.stage = Stage::Over;
    }

    /// After an attempt that failed: the end of the call, or nothing if there is to be another one.
    #[cold]
    fn judge(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        failure: Failure<E>,
    ) -> Option<Failure<E>> {
        self.as_mut().end();
        match call.judge_failure(failure) {
            Ok(pause) => {
                *self.project().stage = Stage::Pause(pause.duration());
                None
            }
            Err(failure) => Some(failure),
        }
    }
}
