use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{DeadlineHeader, Request, write_idempotency_key};
use crate::time::{Deadline, Scope};

/// For servers: runs each request within the deadline that came with it.
///
/// The handler, and all policies inside, see it as [`Deadline::current`]. It is a policy that cuts
/// work off: put a [`PolicyLayer`](crate::resilience::tower::PolicyLayer) inside, and it refuses
/// with [`DeadlineExceeded`](crate::error::Reason::DeadlineExceeded) when the time is over.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use std::time::Duration;
/// use http::{Request, Response};
/// use reliability::resilience::http::DeadlineLayer;
/// use reliability::time::Deadline;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// let server = DeadlineLayer::new().max(Duration::from_secs(10)).layer(service_fn(
///     |_: Request<()>| async {
///         let left = Deadline::current().unwrap().remaining();
///         Ok::<_, Infallible>(Response::new(left))
///     },
/// ));
/// let request = Request::get("/tea").header("x-envoy-expected-rq-timeout-ms", "250").body(())?;
/// assert!(server.oneshot(request).await?.into_body() <= Duration::from_millis(250));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct DeadlineLayer {
    header: DeadlineHeader,
    max: Option<Duration>,
}

impl DeadlineLayer {
    /// Reads the header of [`DeadlineHeader::envoy`]; a request without it has no deadline.
    pub const fn new() -> Self {
        Self { header: DeadlineHeader::envoy(), max: None }
    }

    /// Reads that header instead.
    #[must_use]
    pub fn header(mut self, header: DeadlineHeader) -> Self {
        self.header = header;
        self
    }

    /// The longest that a request may take, whatever it says, and if it says nothing.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = Some(max);
        self
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        DeadlineService { inner, layer: self.clone() }
    }
}

/// A service that runs each request within its deadline; made by [`DeadlineLayer`].
///
/// # Examples
///
/// See [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub struct DeadlineService<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<R: Request, S: Service<R>> Service<R> for DeadlineService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = MaybeWithDeadline<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let asked = self.layer.header.read(request.headers());
        let limit = match (asked, self.layer.max) {
            (Some(asked), Some(max)) => Some(asked.min(max)),
            (asked, max) => asked.or(max),
        };
        let deadline = limit.map(Deadline::after);
        // Some services do their work, or a part of it, before they return a future.
        let _scope = deadline.map(|deadline| scope(deadline).enter());
        MaybeWithDeadline { future: self.inner.call(request), deadline }
    }
}

pin_project! {
    /// The answer of a [`DeadlineService`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future of the service inside, and nothing else.
    ///
    /// # Examples
    ///
    /// See [`DeadlineLayer`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct MaybeWithDeadline<F> {
        #[pin]
        future: F,
        deadline: Option<Deadline>,
    }
}

impl<F: Future> Future for MaybeWithDeadline<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _scope = this.deadline.map(|deadline| scope(deadline).enter());
        this.future.poll(cx)
    }
}

fn scope(deadline: Deadline) -> Scope {
    Scope::current().until(deadline.instant())
}

/// For clients: tells the other side how long the answer is of use, and the idempotency key of the
/// call, as [`propagate`](super::propagate) does.
///
/// It stands inside of the [`PolicyLayer`](crate::resilience::tower::PolicyLayer), so that every
/// attempt says how much is left for it. What is told is the deadline; a `timeout` of an attempt is
/// the caller's own business.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use http::{Request, Response};
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::http::PropagateLayer;
/// use reliability::resilience::tower::PolicyLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let policy = Policy::builder("price").deadline(Duration::from_secs(3)).build()?;
/// let client = ServiceBuilder::new()
///     .layer(PolicyLayer::new(policy))
///     .layer(PropagateLayer::new())
///     .service(service_fn(|request: Request<()>| async move {
///         let told = request.headers().contains_key("x-envoy-expected-rq-timeout-ms");
///         Ok::<_, Rejected>(Response::new(told))
///     }));
/// assert!(client.oneshot(Request::new(())).await?.into_body());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct PropagateLayer {
    header: DeadlineHeader,
}

impl PropagateLayer {
    /// Writes the header of [`DeadlineHeader::envoy`].
    pub const fn new() -> Self {
        Self { header: DeadlineHeader::envoy() }
    }

    /// Writes that header instead.
    #[must_use]
    pub fn header(mut self, header: DeadlineHeader) -> Self {
        self.header = header;
        self
    }
}

impl<S> Layer<S> for PropagateLayer {
    type Service = PropagateService<S>;

    fn layer(&self, inner: S) -> PropagateService<S> {
        PropagateService { inner, header: self.header.clone() }
    }
}

/// A service that tells the other side how long the answer is of use; made by [`PropagateLayer`].
///
/// # Examples
///
/// See [`PropagateLayer`].
#[derive(Debug, Clone)]
pub struct PropagateService<S> {
    inner: S,
    header: DeadlineHeader,
}

impl<R: Request, S: Service<R>> Service<R> for PropagateService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> S::Future {
        self.header.write(request.headers_mut());
        write_idempotency_key(&mut request);
        self.inner.call(request)
    }
}
