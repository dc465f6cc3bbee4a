//! Requests that are sent more than once.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::response::Redirect;
use axum::routing::get;
use hyper_util::client::legacy;
use reliability::error::Class;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Backoff, Policy, Retry, http};
use reliability::telemetry::trace::http::ClientLayer;
use reliability::telemetry::trace::{self, Kind, Span};
use tower::{ServiceBuilder, ServiceExt};

use super::{CALLER, Wire, attribute, hyper_client, layer, serve};

fn of(spans: &[Span], kind: Kind) -> Vec<&Span> {
    let mut found: Vec<_> = spans.iter().filter(|span| span.kind == kind).collect();
    found.sort_by_key(|span| span.start);
    found
}

#[tokio::test]
async fn each_attempt_has_a_span_and_is_the_parent_of_what_it_caused() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let wire = Wire::new();
    let busy = || async {
        match ASKED.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        }
    };
    let server = serve(Router::new().route("/busy", get(busy)).layer(layer())).await;
    let retry = Retry::attempts(3).backoff(Backoff::none());
    let policy = Policy::builder("across, retried").retry(retry).build().unwrap();
    let client = ServiceBuilder::new()
        .layer(
            PolicyLayer::new(policy)
                .idempotent_with(|request: &Request<Body>| {
                    let mut again = Request::new(Body::empty());
                    (*again.uri_mut(), *again.headers_mut()) =
                        (request.uri().clone(), request.headers().clone());
                    Some(again)
                })
                .classify_response(http::bad_status)
                .classify_error(|_: &legacy::Error| Class::Permanent)
                .boxed_errors(),
        )
        .layer(ClientLayer::new())
        .service(hyper_client());
    let request = Request::get(format!("http://{server}/busy")).body(Body::empty()).unwrap();
    let span = wire.caller.in_scope(|| trace::span("ask").begin());
    let answer = span.around(client.oneshot(request)).await.unwrap();
    assert_eq!(answer.status(), 200);
    span.end();

    let spans = wire.spans(7).await;
    let all = of(&spans, Kind::Internal);
    let [ask] = *all else { panic!("{all:#?}") };
    let (asked, served) = (of(&spans, Kind::Client), of(&spans, Kind::Server));
    assert_eq!((asked.len(), served.len()), (3, 3));
    for (asked, served) in asked.iter().zip(&served) {
        assert_eq!(asked.parent, Some(ask.id));
        assert_eq!(served.parent, Some(asked.id));
    }
    let errors: Vec<_> = asked.iter().map(|span| attribute(span, "error.type")).collect();
    assert_eq!(errors, [Some("503".to_owned()), Some("503".to_owned()), None]);
}

#[tokio::test]
async fn a_redirect_that_the_client_follows_is_part_of_its_span() {
    let wire = Wire::new();
    let router = Router::new()
        .route("/old", get(|| async { Redirect::permanent("/new") }))
        .route("/new", get(|| async { Bytes::from_static(b"tea") }));
    let server = serve(router.layer(layer())).await;
    let request = reqwest::Client::new().get(format!("http://{server}/old"));
    let answer = wire.on_behalf(ClientLayer::new().send(request)).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "tea");

    let spans = wire.spans(3).await;
    let all = of(&spans, Kind::Client);
    let [asked] = *all else { panic!("{all:#?}") };
    assert_eq!(asked.parent.map(|id| id.get()), Some(CALLER));
    assert_eq!(attribute(asked, "url.full"), Some(format!("http://{server}/old")));
    assert_eq!(attribute(asked, "http.response.status_code").as_deref(), Some("200"));
    let served = of(&spans, Kind::Server);
    let names: Vec<_> = served.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["GET /old", "GET /new"]);
    assert!(served.iter().all(|span| span.parent == Some(asked.id)));
}
