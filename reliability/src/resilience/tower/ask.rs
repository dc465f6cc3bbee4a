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
    pub(super) struct Ask<'r, S, Req, F, V, A> {
        #[pin]
        state: State<S, Req, F>,
        errors: &'r V,
        responses: &'r A,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Req, F> {
        Readying { service: S, request: Option<Req> },
        Responding { #[pin] response: F },
        Unsent,
    }
}

impl<'r, S: Service<Req>, Req, V, A> Ask<'r, S, Req, S::Future, V, A> {
    #[inline]
    pub(super) fn new(service: S, request: Req, errors: &'r V, responses: &'r A) -> Self {
        let state = State::Readying { service, request: Some(request) };
        Self { state, errors, responses }
    }

    /// A hedge of a request that could be copied once, and cannot any more: it never ends, and
    /// leaves the answer to the requests that are under way.
    #[cold]
    pub(super) fn unsent(errors: &'r V, responses: &'r A) -> Self {
        Self { state: State::Unsent, errors, responses }
    }
}

impl<S, Req, V, A> Future for Ask<'_, S, Req, S::Future, V, A>
where
    S: Service<Req>,
    V: ClassifyError<S::Error>,
    A: ClassifyResponse<S::Response>,
{
    type Output = Outcome<S::Response, S::Error, V::Verdict, A::Verdict>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut state = this.state;
        let ended = loop {
            let response = match state.as_mut().project() {
                StateProjection::Responding { response } => break ready!(response.poll(cx)),
                StateProjection::Readying { service, request } => {
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        break Err(error);
                    }
                    match request.take() {
                        Some(request) => service.call(request),
                        // Only who polls on after a panic of the service comes here.
                        None => return Poll::Pending,
                    }
                }
                StateProjection::Unsent => return Poll::Pending,
            };
            state.set(State::Responding { response });
        };
        Poll::Ready(match ended {
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
