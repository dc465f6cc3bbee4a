use core::pin::Pin;
use core::task::{Context as TaskContext, Poll, ready};

use bytes::Buf as _;
use http::Response;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Incoming;
use super::exchange::Exchange;

/// How long the span of a request goes on, and what that makes of the answer `R`.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::http::{ServerLayer, UntilBodyEnd, UntilHead};
///
/// let short: ServerLayer<UntilHead> = ServerLayer::new();
/// // Where answers are streamed, the span is to tell how long that took.
/// let streaming: ServerLayer<UntilBodyEnd> = ServerLayer::new().until_body_end();
/// # let _ = (short, streaming);
/// ```
#[diagnostic::on_unimplemented(
    message = "the end of `{R}` cannot be seen",
    note = "it is an `http::Response` whose body implements `http_body::Body`; for all others leave out `until_body_end()`"
)]
pub trait Until<R> {
    /// What is made of it.
    type Response;

    #[doc(hidden)]
    fn answered(answer: R, exchange: Exchange) -> Self::Response;
}

/// The span ends when the head of the answer is there: its status, and its headers.
///
/// What gRPC has in its trailers is not seen. Calls that fail before they have said anything have
/// their status in the head, which is most of those that fail.
///
/// # Examples
///
/// See [`Until`].
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct UntilHead;

/// The span ends when the body of the answer has, and knows what gRPC says in its trailers.
///
/// # Examples
///
/// See [`Until`].
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct UntilBodyEnd;

impl<R: Incoming> Until<R> for UntilHead {
    type Response = R;

    fn answered(answer: R, mut exchange: Exchange) -> R {
        exchange.head(answer.status(), answer.version(), answer.headers());
        exchange.ended_at_head();
        answer
    }
}

impl<B: Body> Until<Response<B>> for UntilBodyEnd {
    type Response = Response<AnsweredBody<B>>;

    fn answered(answer: Response<B>, mut exchange: Exchange) -> Self::Response {
        exchange.head(answer.status(), answer.version(), answer.headers());
        let left = length(answer.headers()).filter(|_| !exchange.waits_for_trailers());
        if answer.body().is_end_stream() || left == Some(0) || !exchange.has_body() {
            exchange.ended();
        }
        answer.map(|body| AnsweredBody { body, exchange, left })
    }
}

pin_project! {
    /// The body of an answer, in the span of its request, which ends with it; made by services of
    /// [`ServerLayer`](super::ServerLayer) and [`ClientLayer`](super::ClientLayer) with
    /// `until_body_end`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it before its end ends the span, as cancelled.
    ///
    /// # Examples
    ///
    /// See [`ServerLayer::until_body_end`](super::ServerLayer::until_body_end).
    #[derive(Debug)]
    pub struct AnsweredBody<B> {
        #[pin]
        body: B,
        exchange: Exchange,
        left: Option<u64>,
    }
}

/// Who has sent as much as was announced does not ask whether there is more.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl<B: Body> Body for AnsweredBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        // A server's stream may do its work here.
        let frame = this.exchange.context().in_scope(|| this.body.as_mut().poll_frame(cx));
        let frame = ready!(frame);
        match &frame {
            None => this.exchange.ended(),
            Some(Err(_)) => this.exchange.broke::<B::Error>(),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                *this.left = this.left.map(|left| left.saturating_sub(length));
                match frame.trailers_ref() {
                    Some(trailers) => this.exchange.trailers(trailers),
                    // Who sees this as well does not ask again.
                    None if this.body.is_end_stream() => this.exchange.ended(),
                    None if *this.left == Some(0) => this.exchange.ended(),
                    None => {}
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
