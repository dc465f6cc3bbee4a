use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::classify::{ClassifyError, ClassifyResponse};
use super::failed::{Judged, Outcome};

pin_project! {
    /// One request: waits until the service is ready, and calls that very service, for what it has
    /// reserved belongs to it and not to a clone.
    #[project = AskingProjection]
    pub(super) enum Asking<S, Req, F> {
        Readying { service: S, request: Option<Req> },
        Responding { #[pin] response: F },
        // It never ends.
        Nothing,
    }
}

impl<S: Service<Req>, Req> Asking<S, Req, S::Future> {
    #[inline]
    pub(super) fn new(service: S, request: Req) -> Self {
        Asking::Readying { service, request: Some(request) }
    }

    /// What is to be asked, before it is.
    #[inline]
    pub(super) fn unasked(&self) -> Option<(&S, &Req)> {
        match self {
            Asking::Readying { service, request: Some(request) } => Some((service, request)),
            _ => None,
        }
    }
}

impl<S: Service<Req>, Req> Future for Asking<S, Req, S::Future> {
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let response = match self.as_mut().project() {
                AskingProjection::Responding { response } => return response.poll(cx),
                AskingProjection::Readying { service, request } => {
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        return Poll::Ready(Err(error));
                    }
                    match request.take() {
                        Some(request) => service.call(request),
                        // Only who polls on after a panic of the service comes here.
                        None => return Poll::Pending,
                    }
                }
                AskingProjection::Nothing => return Poll::Pending,
            };
            self.set(Asking::Responding { response });
        }
    }
}

pin_project! {
    /// A request, and what is said of its answer.
    pub(super) struct Ask<'r, G, V, A> {
        #[pin]
        asking: G,
        errors: &'r V,
        responses: &'r A,
    }
}

impl<'r, G, V, A> Ask<'r, G, V, A> {
    #[inline]
    pub(super) fn new(asking: G, errors: &'r V, responses: &'r A) -> Self {
        Self { asking, errors, responses }
    }
}

impl<G, Res, E, V, A> Future for Ask<'_, G, V, A>
where
    G: Future<Output = Result<Res, E>>,
    V: ClassifyError<E>,
    A: ClassifyResponse<Res>,
{
    type Output = Outcome<Res, E, V::Verdict, A::Verdict>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(match ready!(this.asking.poll(cx)) {
            Ok(response) => match this.responses.judge(&response) {
                None => Ok(response),
                Some(verdict) => Err(Judged::Response(response, verdict)),
            },
            Err(error) => {
                let verdict = this.errors.judge(&error);
                Err(Judged::Error(error, verdict))
            }
        })
    }
}
