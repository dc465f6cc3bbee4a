use core::marker::PhantomData;
use core::task::{Context as TaskContext, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::describe::{self, Redacted};
use super::exchange::{About, Exchange, Side};
use super::{Answered, Outgoing, Until, UntilBodyEnd, UntilHead, grpc, inject};

/// For clients: makes a span of kind `client` around each request, tells the other side, in its
/// headers, that it is part of that, and counts how long it takes.
///
/// What the span and the metric are called, and what is an error, is in the table [above](super).
/// It goes around the client of hyper-util, the `Client` of reqwest, or the `Channel` of tonic, which
/// better is seen to the [end](Self::until_body_end) of its answers; a channel's requests name no
/// server, unless the client was made with its `with_origin`. Inside of a
/// [`PolicyLayer`](crate::resilience::tower::PolicyLayer) each attempt has a span of its own.
/// Redirects that the client inside follows by itself are parts of one span. Where the client is none
/// of tower's, call [`inject`].
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
#[derive(Debug, Clone, Copy)]
pub struct ClientLayer<M = UntilHead> {
    is_counted: bool,
    until: PhantomData<fn() -> M>,
}

impl ClientLayer {
    /// The layer; its spans end when the head of the answer is there.
    pub const fn new() -> Self {
        Self { is_counted: true, until: PhantomData }
    }

    /// Sends a request of reqwest: for a client that is not wrapped into the layer.
    ///
    /// # Errors
    ///
    /// What `reqwest` says. A status is no error of it.
    ///
    /// # Cancel safety
    ///
    /// As [`Answered`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn stock(client: &reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::telemetry::trace::http::ClientLayer;
    ///
    /// let answer = ClientLayer::new().send(client.get("http://stock.internal/tea")).await?;
    /// # drop(answer);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "reqwest")]
    pub async fn send(
        self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let (client, request) = request.build_split();
        self.layer(client).call(request?).await
    }
}

impl Default for ClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> ClientLayer<M> {
    /// Makes spans only: the durations are counted elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::http::ClientLayer;
    ///
    /// const SPANS_ONLY: ClientLayer = ClientLayer::new().without_metrics();
    /// # let _ = SPANS_ONLY;
    /// ```
    #[must_use]
    pub const fn without_metrics(mut self) -> Self {
        self.is_counted = false;
        self
    }

    /// Spans go on until the body of the answer has ended, and what gRPC says in its trailers is
    /// known. The body is an [`AnsweredBody`](super::AnsweredBody) then. An answer that is not read
    /// to its end counts as cancelled.
    #[must_use]
    pub const fn until_body_end(self) -> ClientLayer<UntilBodyEnd> {
        ClientLayer { is_counted: self.is_counted, until: PhantomData }
    }
}

impl<S, M> Layer<S> for ClientLayer<M> {
    type Service = ClientService<S, M>;

    fn layer(&self, inner: S) -> ClientService<S, M> {
        ClientService { inner, is_counted: self.is_counted, until: PhantomData }
    }
}

/// A service that tells the other side which trace it is in; made by [`ClientLayer`].
///
/// # Examples
///
/// See [`ClientLayer`].
#[derive(Debug, Clone)]
pub struct ClientService<S, M = UntilHead> {
    inner: S,
    is_counted: bool,
    until: PhantomData<fn() -> M>,
}

impl<S, Q, M> Service<Q> for ClientService<S, M>
where
    Q: Outgoing,
    S: Service<Q>,
    M: Until<S::Response>,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = Answered<S::Future, M>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Q) -> Self::Future {
        let exchange = begin(&request, self.is_counted);
        inject(exchange.context(), request.headers_mut());
        Answered::begin(exchange, || self.inner.call(request))
    }
}

fn begin<Q: Outgoing>(request: &Q, is_counted: bool) -> Exchange {
    let is_call = grpc::is_call(request.headers());
    let uri = request.uri();
    let about = About {
        side: Side::Client,
        method: describe::known_method(request.method()),
        uri: uri.clone(),
        route: None,
        version: None,
        is_call,
        is_counted,
    };
    Exchange::begin(about, request.method(), |fields| {
        if let (false, Some(uri)) = (is_call, &uri) {
            fields.formatted("url.full", format_args!("{}", Redacted(uri)));
        }
    })
}
