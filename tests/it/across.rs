//! A trace goes from one process into the next: servers and clients of the usual libraries, over
//! sockets, with our layers on both sides.

mod ends;
mod grpc;
mod headers;
mod http;
mod repeated;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::MatchedPath;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reliability::telemetry::metrics::{self, Data};
use reliability::telemetry::trace::http::ServerLayer;
use reliability::telemetry::trace::{
    Baggage, Context, Kind, Sampler, Span, SpanId, TraceId, in_context,
};
use tokio::net::TcpListener;

use crate::recorded::{Recording, attributes};

/// A caller further up, and what is recorded of its trace in this process.
struct Wire {
    recording: Recording,
    caller: Context,
}

const CALLER: u64 = 0x00f0_67aa_0ba9_02b7;

impl Wire {
    fn new() -> Self {
        Self::with(Sampler::always_on().parent_based(), true)
    }

    fn with(sampler: Sampler, sampled: bool) -> Self {
        static TRACES: AtomicU64 = AtomicU64::new(1);
        let trace =
            TraceId::new((0x00ac_c055 << 64) | u128::from(TRACES.fetch_add(1, Ordering::Relaxed)));
        let caller = Context::new(trace.unwrap(), SpanId::new(CALLER).unwrap(), sampled);
        let caller = caller.with_baggage(Baggage::new().with("tenant", "acme"));
        Self { recording: Recording::with(sampler, None), caller }
    }

    /// Does something on behalf of the caller.
    async fn on_behalf<F: Future>(&self, work: F) -> F::Output {
        in_context(self.caller.clone(), work).await
    }

    /// All spans of the trace, as soon as there are so many: those of the server may end after its
    /// client has what it wants.
    async fn spans(&self, count: usize) -> Vec<Span> {
        let id = self.caller.trace_id().unwrap();
        let enough = async {
            loop {
                let traces = self.recording.traces_of(id);
                let spans: Vec<_> = traces.into_iter().flat_map(|trace| trace.spans).collect();
                if spans.len() >= count {
                    return spans;
                }
                tokio::task::yield_now().await;
            }
        };
        let limit = Duration::from_secs(20);
        let spans = tokio::time::timeout(limit, enough).await.unwrap_or_else(|_| {
            panic!("not {count} spans: {:#?}", self.recording.traces_of(id));
        });
        assert_eq!(spans.len(), count, "{spans:#?}");
        spans
    }

    /// The span of the client and that of the server, of one request.
    async fn pair(&self) -> (Span, Span) {
        let spans = self.spans(2).await;
        let of = |kind| spans.iter().find(|span| span.kind == kind).unwrap().clone();
        (of(Kind::Client), of(Kind::Server))
    }
}

/// Serves until the test is over.
async fn serve(router: Router) -> SocketAddr {
    serve_at(Ipv4Addr::LOCALHOST, router).await
}

/// As `serve`, at an address that no other test has: a port may be that of an earlier test.
async fn serve_at(address: Ipv4Addr, router: Router) -> SocketAddr {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn layer() -> ServerLayer {
    ServerLayer::new().route(|of| of.get().map(MatchedPath::as_str))
}

fn hyper_client() -> Client<HttpConnector, axum::body::Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let mut found = span.attributes.iter().filter(|attribute| attribute.key == key);
    let value = found.next().map(|attribute| attribute.value.to_string());
    assert!(found.next().is_none(), "{key} is there twice: {span:#?}");
    value
}

/// All that is said of a span, in the order of the names.
fn sorted(span: &Span) -> Vec<String> {
    let mut all = attributes(span);
    all.sort();
    all
}

/// How many requests a metric has counted where one of the attributes is that, by all of them.
fn counted(metric: &str, attribute: &str) -> Vec<(String, u64)> {
    let metrics = metrics::collect();
    let found = metrics.iter().find(|it| it.name == metric);
    let Some(Data::Histogram(points)) = found.map(|it| &it.data) else { return Vec::new() };
    let told = points.iter().filter_map(|point| {
        let mut all: Vec<_> = point.attributes.iter().map(ToString::to_string).collect();
        all.sort();
        all.iter().any(|it| it == attribute).then(|| (all.join(","), point.count()))
    });
    let mut rows: Vec<_> = told.collect();
    rows.sort();
    rows
}
