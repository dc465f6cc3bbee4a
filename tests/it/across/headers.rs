//! Headers that are wrong cannot do harm.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use axum::routing::get;
use http_body_util::BodyExt;
use reliability::telemetry::trace::Context;
use tower::ServiceExt;

use super::{Wire, hyper_client, layer, serve};

async fn told() -> String {
    let context = Context::current();
    let trace = context.trace_id().map_or_else(String::new, |id| id.to_string());
    let tenant = context.baggage().get("tenant").unwrap_or("nobody").to_owned();
    format!("{trace} {} {tenant}", context.state().as_str())
}

#[tokio::test]
async fn what_is_no_context_begins_a_trace() {
    let _wire = Wire::new();
    let server = serve(Router::new().route("/", get(told)).layer(layer())).await;
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let long = format!("{good}-{}", "a".repeat(20_000));
    let bad: [&[&[u8]]; 9] = [
        &[b"00-4bf92f3577b34da6a3ce929d0e0e4736"],
        &[b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
        &[b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
        &[b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        &[b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"],
        &[b"\xff\xfe"],
        &[b""],
        &[good.as_bytes(), good.as_bytes()],
        &[long.as_bytes()],
    ];
    for parents in bad {
        let mut request =
            Request::get(format!("http://{server}/")).header("tracestate", "vendor=1");
        for parent in parents {
            request = request.header("traceparent", HeaderValue::from_bytes(parent).unwrap());
        }
        let request = request.header("baggage", "%zz,=,tenant=acme,;;").body(Body::empty());
        let answer = hyper_client().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        let said = answer.into_body().collect().await.unwrap().to_bytes();
        let said = core::str::from_utf8(&said).unwrap();
        let (trace, rest) = said.split_once(' ').unwrap();
        assert_eq!(trace.len(), 32, "{parents:?} begins a trace of its own");
        assert_ne!(trace, "4bf92f3577b34da6a3ce929d0e0e4736");
        // What vendors say of a context that is none is not passed on; what is packed, is.
        assert_eq!(rest, " acme");
    }
}

#[tokio::test]
async fn what_vendors_say_arrives() {
    let _wire = Wire::new();
    let server = serve(Router::new().route("/", get(told)).layer(layer())).await;
    let request = Request::get(format!("http://{server}/"))
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .header("tracestate", "vendor=1")
        .header("tracestate", "other=2");
    let answer = hyper_client().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let said = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(said, "4bf92f3577b34da6a3ce929d0e0e4736 vendor=1,other=2 nobody");
}
