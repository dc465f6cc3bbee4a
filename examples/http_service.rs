//! An axum server and its clients, of reqwest and of hyper, with policies on both sides that talk
//! to each other through headers, and with traces that go through both.
//!
//! ```sh
//! cargo run --example http_service --features reqwest
//! ```
//!
//! The warehouse that is asked is in `src/warehouse.rs`; what protects it, and those who ask, is
//! all here.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::MatchedPath;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use http_body_util::Full;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use reliability::error::{Class, Failure};
use reliability::resilience::breaker::Window;
use reliability::resilience::http::{self, DeadlineLayer, PropagateLayer};
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Backoff, Breaker, Bulkhead, IdempotencyKey, Invalid, Policy, Retry};
use reliability::telemetry::trace::http::{ClientLayer, ServerLayer};
use reliability::telemetry::trace::{self, Kind, Recorder, Sink, Span, Trace, TraceId};
use reliability_examples::warehouse::{self, Warehouse};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// The server: no request outlives its caller, and no more look into shelves than there is room.
fn server(warehouse: &Warehouse) -> Result<Router, Invalid> {
    let breaker =
        Breaker::builder("stock").window(Window::consecutive(3)).open_for(SECOND).probes(1);
    let stock = Policy::builder("stock")
        .breaker(breaker.build()?)
        .bulkhead(Bulkhead::builder("stock").concurrent(4).queue(4).build()?)
        .build()?;
    let report = Policy::builder("report").timeout(10 * SECOND).build()?;
    let stock = PolicyLayer::new(stock)
        .classify_response(http::bad_status::<axum::response::Response>)
        .map_rejected(http::refuse::<axum::body::Body>);
    let report = PolicyLayer::new(report).map_rejected(http::refuse::<axum::body::Body>);
    Ok(Router::new()
        .route("/stock/{article}", get(warehouse::stock).route_layer(stock))
        .route("/report", get(warehouse::report).route_layer(report))
        .route("/orders", post(warehouse::order))
        .layer(DeadlineLayer::new().max(30 * SECOND))
        .layer(ServerLayer::new().route(|of| of.get().map(MatchedPath::as_str)))
        .with_state(warehouse.clone()))
}

/// A client of reqwest: it is a service already.
fn by_reqwest(
    policy: Policy,
) -> impl Service<
    reqwest::Request,
    Response = reqwest::Response,
    Error = Failure<reqwest::Error>,
    Future: Send,
> + Clone
+ Send {
    ServiceBuilder::new()
        .layer(
            PolicyLayer::new(policy)
                .idempotent_with(|request: &reqwest::Request| {
                    // A body that is streamed cannot be sent twice; then this gives `None`.
                    http::is_idempotent(request).then(|| request.try_clone()).flatten()
                })
                .classify_response(http::bad_status::<reqwest::Response>)
                .failures(),
        )
        .layer(PropagateLayer::new())
        .layer(ClientLayer::new())
        .service(reqwest::Client::new())
}

/// A client of hyper. Its requests can be cloned with their bodies; its errors say nothing.
fn by_hyper(
    policy: Policy,
    key: impl Fn(&Request<Full<Bytes>>) -> Option<IdempotencyKey> + Clone + Send + Sync + 'static,
) -> impl Service<Request<Full<Bytes>>, Response = Response<impl Sized>, Error = BoxError> + Clone {
    ServiceBuilder::new()
        .layer(
            PolicyLayer::new(policy)
                .idempotency_key(key)
                .classify_response(http::bad_status)
                .classify_error(|error: &legacy::Error| match error.is_connect() {
                    true => Class::Transient,
                    false => Class::Permanent,
                })
                .boxed_errors(),
        )
        .layer(PropagateLayer::new())
        .layer(ClientLayer::new())
        .service(Client::builder(TokioExecutor::new()).build_http())
}

fn patient(name: &'static str) -> Result<Policy, Invalid> {
    let backoff = Backoff::exponential(20 * MILLISECOND).max(200 * MILLISECOND);
    Policy::builder(name).deadline(10 * SECOND).retry(Retry::attempts(20).backoff(backoff)).build()
}

fn get_of(server: SocketAddr, path: &str) -> Result<reqwest::Request, BoxError> {
    let url = reqwest::Url::parse(&format!("http://{server}{path}"))?;
    Ok(reqwest::Request::new(reqwest::Method::GET, url))
}

/// A caller that has 400 ms asks for something that takes two seconds.
async fn deadline(server: SocketAddr, warehouse: &Warehouse) -> Result<bool, BoxError> {
    let policy = Policy::builder("short of time").deadline(400 * MILLISECOND).build()?;
    let answer = by_reqwest(policy).oneshot(get_of(server, "/report")?).await;
    let gave_up = !answer.is_ok_and(|answer| answer.status().is_success());
    tokio::time::sleep(200 * MILLISECOND).await;
    let seen = warehouse.seen();
    println!(
        "deadline     the server learned that {:.0?} were left, and gave up after {:.0?}",
        seen.left, seen.given_up
    );
    let in_time = |times: &[Duration]| matches!(times, [time] if *time < 600 * MILLISECOND);
    Ok(gave_up && in_time(&seen.left) && in_time(&seen.given_up) && seen.finished == 0)
}

/// Forty callers at once, where there is room for four and a queue of four.
async fn limits(server: SocketAddr, warehouse: &Warehouse) -> Result<bool, BoxError> {
    let policy = patient("crowd")?;
    let client = by_reqwest(policy.clone());
    let requests: Result<Vec<_>, _> = (0..40).map(|_| get_of(server, "/stock/tea")).collect();
    let calls = requests?.into_iter().map(|request| client.clone().oneshot(request));
    let answers = warehouse::at_once(calls).await;
    let served = answers.iter().flatten().filter(|answer| answer.status().is_success()).count();
    let (most, again) = (warehouse.seen().most_at_once, policy.totals().retries());
    println!(
        "limits       {served} of 40 served, {most} at once at most; {again} were asked to come again"
    );
    Ok(served == 40 && most <= 4 && again > 0)
}

/// The warehouse burns, the server's breaker opens, and says for how long.
async fn retry_after(server: SocketAddr, warehouse: &Warehouse) -> Result<bool, BoxError> {
    let plain = reqwest::Client::new();
    let request = || get_of(server, "/stock/coffee");
    warehouse.burn(true);
    for _ in 0..3 {
        plain.execute(request()?).await?;
    }
    warehouse.burn(false);
    let refusal = http::ok(plain.execute(request()?).await?);
    let asked = warehouse.seen().asked;
    let begin = Instant::now();
    let answer = by_reqwest(patient("customer")?).oneshot(request()?).await?;
    let (took, more) = (begin.elapsed(), warehouse.seen().asked - asked);
    if let Err(refusal) = &refusal {
        println!(
            "retry-after  \"{refusal}\"; a client that listens was served after {took:.0?}, by {more} request"
        );
    }
    Ok(refusal.is_err() && answer.status().is_success() && took >= SECOND && more == 1)
}

/// Orders are made once, unless the server can tell that one is made again.
async fn orders(server: SocketAddr, warehouse: &Warehouse) -> Result<bool, BoxError> {
    let order = || Request::post(format!("http://{server}/orders")).body(Full::from("tea"));
    let without = by_hyper(patient("order")?, |_| None);
    let lost = without.oneshot(order()?).await?;
    let with = by_hyper(patient("order, keyed")?, |_| Some(IdempotencyKey::new("order-17")));
    let made = with.oneshot(order()?).await?;
    let keys = warehouse.seen().orders;
    println!(
        "orders       {} without a key, {} with one; the server saw {keys:?}",
        lost.status(),
        made.status()
    );
    let key = Some("order-17".to_owned());
    let expected = [None, key.clone(), key.clone(), key];
    Ok(lost.status() == StatusCode::SERVICE_UNAVAILABLE
        && made.status() == StatusCode::CREATED
        && keys == expected)
}

/// All traces that were kept.
#[derive(Default)]
struct Kept(Mutex<Vec<Trace>>);

impl Sink for Kept {
    fn keep(&self, trace: Trace) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(trace);
    }
}

impl Kept {
    fn spans(&self, id: TraceId) -> Vec<Span> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let traces = kept.iter().filter(|trace| trace.id == id);
        let mut spans: Vec<_> = traces.flat_map(|trace| trace.spans.iter().cloned()).collect();
        spans.sort_by_key(|span| span.start);
        spans
    }
}

/// Each attempt is a span, and what it causes in the server is a part of it.
async fn traced(server: SocketAddr, kept: &Kept) -> Result<bool, BoxError> {
    let span = trace::span("buy").begin();
    let order = Request::post(format!("http://{server}/orders")).body(Full::from("coffee"));
    let client = by_hyper(patient("buy")?, |_| Some(IdempotencyKey::new("order-18")));
    span.around(client.oneshot(order?)).await?;
    let id = span.context().trace_id().ok_or("it is in no trace")?;
    span.end();
    let spans = kept.spans(id);
    let attempts: Vec<_> = spans.iter().filter(|span| span.kind == Kind::Client).collect();
    let caused = |attempt: &Span| spans.iter().find(|span| span.parent == Some(attempt.id));
    let served: Vec<_> = attempts.iter().filter_map(|attempt| caused(attempt)).collect();
    let names: Vec<_> = served.iter().map(|span| &*span.name).collect();
    println!("trace        {id} has {} attempts, served as {names:?}", attempts.len());
    Ok(attempts.len() == 3 && names == ["POST /orders"; 3])
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let kept = Arc::new(Kept::default());
    trace::add_sink(kept.clone()).forget();
    Recorder::builder().start()?;
    let warehouse = Warehouse::default();
    let server = warehouse::open(server(&warehouse)?).await?;
    let as_it_should = [
        deadline(server, &warehouse).await?,
        limits(server, &warehouse).await?,
        retry_after(server, &warehouse).await?,
        orders(server, &warehouse).await?,
        traced(server, &kept).await?,
    ];
    let good = as_it_should.iter().filter(|good| **good).count();
    println!("\n{good} of {} went as they should", as_it_should.len());
    Ok(if good == as_it_should.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
