use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::classify::{ClassifyError, ClassifyResponse};
use super::failed::{Failed, Judged, Outcome};

pin_project! {
    /// The work of one attempt: waits until the service is ready, and calls that very service, for
    /// what it has reserved belongs to it and not to a clone.
    #[project = AskProjection]
    pub(super) enum Ask<S, Req, F> {
        Readying { service: S, request: Option<Req> },
        Responding { #[pin] response: F },
    }
}

impl<S: Service<Req>, Req> Ask<S, Req, S::Future> {
    pub(super) fn new(service: S, request: Req) -> Self {
        Ask::Readying { service, request: Some(request) }
    }

    /// As `poll`, with the outcome as the driver wants it.
    #[inline]
    pub(super) fn poll_judged<V, A>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        errors: &V,
        responses: &A,
    ) -> Poll<Outcome<S::Response, S::Error>>
    where
        V: ClassifyError<S::Error>,
        A: ClassifyResponse<S::Response>,
    {
        let outcome = loop {
            let response = match self.as_mut().project() {
                AskProjection::Responding { response } => break ready!(response.poll(cx)),
                AskProjection::Readying { service, request } => {
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        break Err(error);
                    }
                    match request.take() {
                        Some(request) => service.call(request),
                        // Only who polls on after a panic of the service comes here.
                        None => return Poll::Pending,
                    }
                }
            };
            self.set(Ask::Responding { response });
        };
        Poll::Ready(match outcome {
            Ok(response) => match responses.judge(&response) {
                None => Ok(response),
                Some(verdict) => Err(Judged::new(Failed::Response(response), verdict)),
            },
            Err(error) => {
                let verdict = errors.judge(&error);
                Err(Judged::new(Failed::Error(error), verdict))
            }
        })
    }
}
