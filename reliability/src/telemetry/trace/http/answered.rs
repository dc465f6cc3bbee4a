use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context as TaskContext, Poll, ready};

use pin_project_lite::pin_project;

use super::super::{InContext, in_context};
use super::exchange::Exchange;
use super::{Until, UntilHead};

pin_project! {
    /// The answer to a request, in its span; made by [`ServerService`](super::ServerService) and
    /// [`ClientService`](super::ClientService).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future of the service inside, in its context, and ends the span, as
    /// cancelled.
    ///
    /// # Examples
    ///
    /// See [`ServerLayer`](super::ServerLayer).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Answered<F, M = UntilHead> {
        // Fields are dropped in this order: the span ends after what was done in it.
        #[pin]
        future: InContext<F>,
        exchange: Option<Exchange>,
        until: PhantomData<fn() -> M>,
    }
}

impl<F, M> Answered<F, M> {
    /// Some services do their work, or a part of it, before they return a future.
    pub(super) fn begin(exchange: Exchange, call: impl FnOnce() -> F) -> Self
    where
        F: Future,
    {
        let context = exchange.context().clone();
        let future = context.in_scope(call);
        let future = in_context(context, future);
        Self { future, exchange: Some(exchange), until: PhantomData }
    }
}

impl<F, R, E, M> Future for Answered<F, M>
where
    F: Future<Output = Result<R, E>>,
    M: Until<R>,
{
    type Output = Result<M::Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.future.poll(cx));
        // A future that is polled again after its end has panicked before this.
        let Some(mut exchange) = this.exchange.take() else { return Poll::Pending };
        Poll::Ready(match answer {
            Ok(answer) => Ok(M::answered(answer, exchange)),
            Err(error) => {
                exchange.broke::<E>();
                Err(error)
            }
        })
    }
}
