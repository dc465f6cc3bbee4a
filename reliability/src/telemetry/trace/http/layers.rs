use core::future::Future;
use core::pin::Pin;
use core::task::{Context as TaskContext, Poll};

use http::{Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::super::{InContext, Kind, OpenSpan, in_context, span};
use super::{extract, inject};

/// For servers: runs each request in the context that came with it, inside of a span of kind
/// `server`.
///
/// The span is called as the method is, and has `http.request.method`, `url.path` and
/// `http.response.status_code`; a status from 500 on is an error. Spans of the handler are parts of
/// it, also where this process records nothing but passes the trace on. For axum it is a layer like
/// any other: `Router::new().layer(ServerLayer::new())`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use reliability::telemetry::trace::{self, http::ServerLayer};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// let server = ServerLayer::new().layer(service_fn(|_: Request<()>| async {
///     let trace = trace::current().map(|here| here.trace_id().to_string());
///     Ok::<_, Infallible>(Response::new(trace))
/// }));
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let request = Request::get("/tea").header("traceparent", caller).body(())?;
/// let trace = server.oneshot(request).await?.into_body();
/// assert_eq!(trace.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerLayer(());

impl ServerLayer {
    /// The layer.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = ServerService<S>;

    fn layer(&self, inner: S) -> ServerService<S> {
        ServerService { inner }
    }
}

/// A service that runs each request in the context that came with it; made by [`ServerLayer`].
#[derive(Debug, Clone)]
pub struct ServerService<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ServerService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Answered<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let method = name(request.method());
        let (span, context) = extract(request.headers()).in_scope(|| {
            let span = span(method).kind(Kind::Server).fields(|fields| {
                fields.text("http.request.method", request.method().as_str());
                fields.text("url.path", request.uri().path());
            });
            let span = span.begin();
            let context = span.context();
            (span, context)
        });
        // Some services do their work, or a part of it, before they return a future.
        let future = context.in_scope(|| self.inner.call(request));
        Answered { future: in_context(context, future), span, side: Side::Server }
    }
}

/// For clients: makes a span of kind `client` around each request, and tells the other side, in its
/// headers, that it is part of that.
///
/// The span is called as the method is, and has `http.request.method`, `server.address` and
/// `http.response.status_code`; a status from 400 on is an error, as is no answer. Inside of a
/// [`PolicyLayer`](crate::resilience::tower::PolicyLayer) each attempt has a span of its own.
/// Where the client is none of tower's, call [`inject`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use reliability::telemetry::trace::{Context, http::ClientLayer, in_context};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// let client = ClientLayer::new().layer(service_fn(|request: Request<()>| async move {
///     Ok::<_, Infallible>(Response::new(request.headers().get("traceparent").cloned()))
/// }));
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = Context::from_traceparent(caller)?;
/// let told = in_context(context, client.oneshot(Request::new(()))).await?.into_body();
/// assert!(told.ok_or("a header")?.to_str()?.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientLayer(());

impl ClientLayer {
    /// The layer.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> ClientService<S> {
        ClientService { inner }
    }
}

/// A service that tells the other side which trace it is in; made by [`ClientLayer`].
#[derive(Debug, Clone)]
pub struct ClientService<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for ClientService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Answered<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let span = span(name(request.method())).kind(Kind::Client).fields(|fields| {
            fields.text("http.request.method", request.method().as_str());
            if let Some(host) = request.uri().host() {
                fields.text("server.address", host);
            }
        });
        let span = span.begin();
        let context = span.context();
        inject(&context, request.headers_mut());
        let future = context.in_scope(|| self.inner.call(request));
        Answered { future: in_context(context, future), span, side: Side::Client }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Server,
    Client,
}

pin_project! {
    /// The answer to a request, in its span; made by [`ServerService`] and [`ClientService`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future of the service inside, in its context, and ends the span.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Answered<F> {
        #[pin]
        future: InContext<F>,
        span: OpenSpan,
        side: Side,
    }
}

impl<F, R, E> Future for Answered<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = core::task::ready!(this.future.poll(cx));
        match &answer {
            Ok(answer) => tell(this.span, *this.side, answer.status()),
            Err(_) => this.span.fail("no answer"),
        }
        // The span ends with the answer, not when somebody lets go of the future.
        this.span.finish();
        Poll::Ready(answer)
    }
}

/// Semantic conventions for HTTP spans, "Status": a client's error is none of the server.
fn tell(span: &OpenSpan, side: Side, status: StatusCode) {
    span.set("http.response.status_code", status.as_u16());
    let failed = match side {
        Side::Server => status.is_server_error(),
        Side::Client => status.is_client_error() || status.is_server_error(),
    };
    if failed {
        span.fail(status);
    }
}

/// A name has few different values: methods that nobody knows are one.
fn name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("HTTP")
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests")]

    use core::convert::Infallible;

    use tower::{ServiceExt, service_fn};

    use super::super::super::{Baggage, Context, current};
    use super::*;

    /// A server behind a client: what the one sends is where the other runs.
    #[tokio::test]
    async fn a_trace_goes_from_the_client_to_the_handler() {
        let server = ServerLayer::new().layer(service_fn(|_: Request<()>| async {
            tokio::task::yield_now().await;
            let tenant =
                Context::current().baggage().get("tenant").map(alloc::string::String::from);
            Ok::<_, Infallible>(Response::new((current(), tenant)))
        }));
        let client = ClientLayer::new().layer(server);
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        let context = Context::from_traceparent(parent).unwrap();
        let context = context.with_baggage(Baggage::new().with("tenant", "acme"));
        let answer = in_context(context.clone(), client.oneshot(Request::new(()))).await.unwrap();
        let (seen, tenant) = answer.into_body();
        assert_eq!(seen.map(|seen| seen.trace_id()), context.trace_id());
        assert_eq!(tenant.as_deref(), Some("acme"));
        assert_eq!(current(), None);
    }

    #[test]
    fn an_unknown_method_is_no_name() {
        assert_eq!(name(&Method::PATCH), "PATCH");
        assert_eq!(name(&Method::from_bytes(b"BREW-4711").unwrap()), "HTTP");
    }
}
