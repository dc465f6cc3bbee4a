use core::marker::PhantomData;
use core::task::{Context as TaskContext, Poll};

use http::header::{HeaderMap, USER_AGENT};
use http::{Extensions, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::super::Fields;
use super::describe::{self, RedactedQuery};
use super::exchange::{About, Exchange, Side};
use super::{Answered, Until, UntilBodyEnd, UntilHead, extract, grpc};

/// For servers: runs each request in the context that came with it, inside of a span of kind
/// `server`, and counts how long it takes.
///
/// Spans of the handler are parts of it, also where this process records nothing but passes the
/// trace on. What the span and the metric are called, and what is an error, is in the table
/// [above](super). For axum it is a layer like any other, which is told where axum puts its route;
/// for tonic it is a layer of the server, and better sees bodies to their
/// [end](Self::until_body_end).
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
#[derive(Debug, Clone, Copy)]
pub struct ServerLayer<M = UntilHead> {
    settings: Settings,
    until: PhantomData<fn() -> M>,
}

/// Where a framework has put the route that it found.
type Route = fn(&Extensions) -> Option<&str>;

#[derive(Debug, Clone, Copy)]
struct Settings {
    route: Route,
    is_counted: bool,
}

impl ServerLayer {
    /// The layer; its spans end when the head of the answer is there.
    pub const fn new() -> Self {
        let settings = Settings { route: |_| None, is_counted: true };
        Self { settings, until: PhantomData }
    }
}

impl Default for ServerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> ServerLayer<M> {
    /// Looks the route up, such as `/orders/{id}`, where the framework has left it: among the
    /// extensions of the request.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, extract::MatchedPath, routing::get};
    /// use reliability::telemetry::trace::http::ServerLayer;
    ///
    /// let traced = ServerLayer::new().route(|of| of.get().map(MatchedPath::as_str));
    /// let server: Router = Router::new().route("/orders/{id}", get(|| async { "tea" })).layer(traced);
    /// # drop(server);
    /// ```
    #[must_use]
    pub const fn route(mut self, route: fn(&Extensions) -> Option<&str>) -> Self {
        self.settings.route = route;
        self
    }

    /// Makes spans only: the durations are counted elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::http::ServerLayer;
    ///
    /// const SPANS_ONLY: ServerLayer = ServerLayer::new().without_metrics();
    /// # let _ = SPANS_ONLY;
    /// ```
    #[must_use]
    pub const fn without_metrics(mut self) -> Self {
        self.settings.is_counted = false;
        self
    }

    /// Spans go on until the body of the answer has ended: what is streamed belongs to them, and
    /// what gRPC says in its trailers is known. The body is an [`AnsweredBody`](super::AnsweredBody)
    /// then, which axum puts into a box.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::http::ServerLayer;
    ///
    /// // For tonic: `Server::builder().layer(CALLS)`
    /// const CALLS: ServerLayer<reliability::telemetry::trace::http::UntilBodyEnd> =
    ///     ServerLayer::new().until_body_end();
    /// # let _ = CALLS;
    /// ```
    #[must_use]
    pub const fn until_body_end(self) -> ServerLayer<UntilBodyEnd> {
        ServerLayer { settings: self.settings, until: PhantomData }
    }
}

impl<S, M> Layer<S> for ServerLayer<M> {
    type Service = ServerService<S, M>;

    fn layer(&self, inner: S) -> ServerService<S, M> {
        ServerService { inner, settings: self.settings, until: PhantomData }
    }
}

/// A service that runs each request in the context that came with it; made by [`ServerLayer`].
///
/// # Examples
///
/// See [`ServerLayer`].
#[derive(Debug, Clone)]
pub struct ServerService<S, M = UntilHead> {
    inner: S,
    settings: Settings,
    until: PhantomData<fn() -> M>,
}

impl<S, B, R, M> Service<Request<B>> for ServerService<S, M>
where
    S: Service<Request<B>, Response = Response<R>>,
    M: Until<Response<R>>,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = Answered<S::Future, M>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let exchange = extract(request.headers()).in_scope(|| self.settings.begin(&request));
        Answered::begin(exchange, || self.inner.call(request))
    }
}

impl Settings {
    fn begin<B>(self, request: &Request<B>) -> Exchange {
        let is_call = grpc::is_call(request.headers());
        let route = if is_call { None } else { (self.route)(request.extensions()) };
        let about = About {
            side: Side::Server,
            method: describe::known_method(request.method()),
            uri: Some(request.uri().clone()),
            route: route.map(Into::into),
            version: describe::version(request.version()),
            is_call,
            is_counted: self.is_counted,
        };
        Exchange::begin(about, request.method(), |fields| {
            describe_host(request, fields);
            if !is_call {
                describe_url(request, fields);
            }
        })
    }
}

fn describe_url<B>(request: &Request<B>, fields: &mut Fields) {
    let uri = request.uri();
    fields.add("url.scheme", describe::scheme(uri));
    fields.text("url.path", uri.path());
    if let Some(query) = uri.query() {
        fields.formatted("url.query", format_args!("{}", RedactedQuery(query)));
    }
    if let Some(agent) = text(request.headers()) {
        fields.text("user_agent.original", agent);
    }
}

fn text(headers: &HeaderMap) -> Option<&str> {
    headers.get(USER_AGENT)?.to_str().ok()
}

/// Before version 2 of HTTP the host that was asked for is not a part of the URI.
fn describe_host<B>(request: &Request<B>, fields: &mut Fields) {
    let uri = request.uri();
    if uri.host().is_some() {
        return;
    }
    let Some(host) = describe::host_header(request.headers()) else { return };
    fields.text("server.address", describe::bare(host.host()));
    if let Some(port) = host.port_u16().or_else(|| describe::usual_port(uri)) {
        fields.add("server.port", port);
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use core::convert::Infallible;

    use tower::{ServiceExt, service_fn};

    use super::super::super::{Baggage, Context, current, in_context};
    use super::super::ClientLayer;
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
}
