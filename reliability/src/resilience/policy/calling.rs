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
    /// One call from its first attempt to its last: the loop that `#[resilient]` writes out in the
    /// annotated function.
    ///
    /// A future with a name and not an `async fn`: there is one timer for attempts and pauses, and a
    /// first attempt that is ready at once is polled in line.
    pub(super) struct Calling<'a, M, F, E> {
        // Before the call: a place is free when nobody is in it.
        #[pin]
        requests: Requests<F, E>,
        make: M,
        stage: Stage,
        call: Call<'a, E>,
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

impl<'a, M, F, E> Calling<'a, M, F, E> {
    #[inline]
    pub(super) fn new(call: Call<'a, E>, make: M) -> Self {
        Self { requests: Requests::none(), make, stage: Stage::Between, call }
    }
}

impl<M, F, T, E> Future for Calling<'_, M, F, E>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
    E: From<Rejected>,
{
    type Output = Result<T, E>;

    // Always: each call has a type of its own, so that there is one place to put it.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut this = self.as_mut().project();
            if *this.stage == Stage::Between && !this.call.may_hedge() {
                let work = this.call.make(&mut *this.make);
                this.call.begin_attempt();
                this.requests.as_mut().begin(work);
                *this.stage = Stage::Single;
            }
            let outcome = match this.requests.as_mut().single() {
                (Some(work), timer) if *this.stage == Stage::Single => {
                    ready!(this.call.poll_run(timer, work, cx))
                }
                _ => match ready!(self.as_mut().poll_apart(cx)) {
                    Some(outcome) => outcome,
                    None => continue,
                },
            };
            match outcome {
                Ok(value) => {
                    self.as_mut().end();
                    return Poll::Ready(Ok(value));
                }
                Err(failure) => {
                    if let Some(end) = self.as_mut().judge(failure) {
                        return Poll::Ready(Err(end));
                    }
                }
            }
        }
    }
}

impl<M, F, T, E> Calling<'_, M, F, E>
where
    M: FnMut() -> F,
    F: Future<Output = Result<T, E>>,
    E: From<Rejected>,
{
    /// All that is not one request alone: pauses, and attempts that may send several. Ready with the
    /// outcome of an attempt, or with nothing when the next one is to begin.
    #[inline(never)]
    fn poll_apart(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Failure<E>>>> {
        let mut this = self.project();
        if *this.stage == Stage::Between {
            this.call.begin_attempt();
            let first = this.call.make(&mut *this.make);
            this.requests.as_mut().begin(first);
            *this.stage = Stage::Hedged;
        }
        match *this.stage {
            Stage::Hedged => this.requests.poll(this.call, this.make, cx).map(Some),
            Stage::Pause(duration) => {
                let (_, mut timer) = this.requests.single();
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

    #[inline(always)]
    fn end(self: Pin<&mut Self>) {
        let this = self.project();
        this.requests.clear();
        *this.stage = Stage::Over;
        this.call.succeed();
    }

    /// After an attempt that failed: the end of the call, or nothing if there is to be another one.
    #[cold]
    fn judge(self: Pin<&mut Self>, failure: Failure<E>) -> Option<E> {
        let this = self.project();
        this.requests.clear();
        *this.stage = Stage::Over;
        match this.call.judge_failure(failure) {
            Ok(pause) => {
                *this.stage = Stage::Pause(pause.duration());
                None
            }
            Err(failure) => Some(failure.into_error()),
        }
    }
}
