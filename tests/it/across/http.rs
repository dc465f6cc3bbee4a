//! axum, reqwest and hyper: what arrives, and what both sides say of it.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use reliability::telemetry::trace::http::ClientLayer;
use reliability::telemetry::trace::{Context, Kind, Sampler, Status, current};
use tower::{Layer, ServiceExt};

use super::{CALLER, Wire, attribute, counted, hyper_client, layer, serve, serve_at, sorted};

/// Says where it runs.
async fn stock() -> ([(&'static str, String); 1], String) {
    let context = Context::current();
    let trace = context.trace_id().map_or_else(String::new, |id| id.to_string());
    let tenant = context.baggage().get("tenant").unwrap_or("nobody").to_owned();
    let here = current().map_or_else(String::new, |here| here.span_id().to_string());
    ([("x-trace", trace)], format!("{here} {} {tenant}", context.is_sampled()))
}

fn shop() -> Router {
    Router::new()
        .route("/stock/{sku}", get(stock))
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .layer(layer())
}

#[tokio::test]
async fn reqwest_asks_axum() {
    let wire = Wire::new();
    let server = serve(shop()).await;
    let client = reqwest::Client::builder().user_agent("tea/1").build().unwrap();
    let request = client.get(format!("http://me:secret@{server}/stock/tea?fresh=1&key=secret"));
    let answer = wire.on_behalf(ClientLayer::new().send(request)).await.unwrap();
    assert_eq!(answer.headers()["x-trace"], wire.caller.trace_id().unwrap().to_string());
    assert!(!answer.headers().contains_key("traceparent"));
    let said = answer.text().await.unwrap();

    let (asked, served) = wire.pair().await;
    assert_eq!(said, format!("{} true acme", served.id));
    assert_eq!(asked.parent.map(|id| id.get()), Some(CALLER));
    assert_eq!(served.parent, Some(asked.id));
    assert!(served.parent_is_remote);
    assert_eq!((&*asked.name, &*served.name), ("GET", "GET /stock/{sku}"));
    assert_eq!((asked.status.clone(), served.status.clone()), (Status::Unset, Status::Unset));
    let port = server.port();
    assert_eq!(
        sorted(&asked),
        [
            "http.request.method=GET".into(),
            "http.response.status_code=200".into(),
            "network.protocol.version=1.1".into(),
            "server.address=127.0.0.1".into(),
            format!("server.port={port}"),
            // The password reqwest has put into a header, which is not told.
            format!("url.full=http://{server}/stock/tea?fresh=REDACTED&key=REDACTED"),
        ]
    );
    assert_eq!(
        sorted(&served),
        [
            "http.request.method=GET".into(),
            "http.response.status_code=200".into(),
            "http.route=/stock/{sku}".into(),
            "network.protocol.version=1.1".into(),
            "server.address=127.0.0.1".into(),
            format!("server.port={port}"),
            "url.path=/stock/tea".into(),
            "url.query=fresh=REDACTED&key=REDACTED".into(),
            "url.scheme=http".into(),
            "user_agent.original=tea/1".into(),
        ]
    );
}

#[tokio::test]
async fn hyper_asks_axum() {
    let wire = Wire::new();
    let server = serve(shop()).await;
    let client = ClientLayer::new().layer(hyper_client());
    let request = Request::get(format!("http://{server}/stock/tea")).body(Body::empty()).unwrap();
    let answer = wire.on_behalf(client.oneshot(request)).await.unwrap();
    let said = answer.into_body().collect().await.unwrap().to_bytes();

    let (asked, served) = wire.pair().await;
    assert_eq!(said, format!("{} true acme", served.id));
    assert_eq!(served.parent, Some(asked.id));
    assert_eq!(attribute(&asked, "url.full"), Some(format!("http://{server}/stock/tea")));
}

#[tokio::test]
async fn a_caller_that_keeps_nothing_is_told_on_and_nothing_is_recorded() {
    let wire = Wire::with(Sampler::always_on().parent_based(), false);
    let server = serve(shop()).await;
    let request = reqwest::Client::new().get(format!("http://{server}/stock/tea"));
    let answer = wire.on_behalf(ClientLayer::new().send(request)).await.unwrap();
    assert_eq!(answer.headers()["x-trace"], wire.caller.trace_id().unwrap().to_string());
    let said = answer.text().await.unwrap();
    assert!(said.ends_with(" false acme"), "{said}");
    wire.spans(0).await;
}

#[tokio::test]
async fn what_is_an_error_depends_on_the_side() {
    let server = serve(shop()).await;
    let table = [
        ("/stock/tea", "200", None, None),
        ("/nowhere", "404", Some("404"), None),
        ("/broken", "500", Some("500"), Some("500")),
    ];
    for (path, status, of_client, of_server) in table {
        let wire = Wire::new();
        let request = reqwest::Client::new().get(format!("http://{server}{path}"));
        wire.on_behalf(ClientLayer::new().send(request)).await.unwrap();
        let (asked, served) = wire.pair().await;
        for (span, error) in [(asked, of_client), (served, of_server)] {
            let of = |key| attribute(&span, key);
            assert_eq!(of("http.response.status_code").as_deref(), Some(status));
            assert_eq!(of("error.type").as_deref(), error, "{path} {:?}", span.kind);
            // What the attribute says is not said again.
            let expected = error.map_or(Status::Unset, |_| Status::Error("".into()));
            assert_eq!(span.status, expected, "{path} {:?}", span.kind);
        }
    }
}

#[tokio::test]
async fn an_unknown_method_is_one_of_many() {
    let wire = Wire::new();
    let server = serve(shop()).await;
    let request = Request::builder().method("BREW").uri(format!("http://{server}/stock/tea"));
    let client = ClientLayer::new().layer(hyper_client());
    wire.on_behalf(client.oneshot(request.body(Body::empty()).unwrap())).await.unwrap();
    let (asked, served) = wire.pair().await;
    assert_eq!((&*asked.name, &*served.name), ("HTTP", "HTTP /stock/{sku}"));
    for span in [asked, served] {
        assert_eq!(attribute(&span, "http.request.method").as_deref(), Some("_OTHER"));
        assert_eq!(attribute(&span, "http.request.method_original").as_deref(), Some("BREW"));
    }
}

#[tokio::test]
async fn durations_are_counted_by_route_and_by_server() {
    let router = Router::new().route("/counted/{sku}", get(stock));
    let server = serve_at([127, 0, 1, 1].into(), router.route_layer(layer())).await;
    let client = ClientLayer::new().layer(reqwest::Client::new());
    for path in ["/counted/1", "/counted/2", "/nowhere"] {
        let request = reqwest::Request::new(
            reqwest::Method::GET,
            format!("http://{server}{path}").parse().unwrap(),
        );
        client.clone().oneshot(request).await.unwrap();
    }
    let row = "http.request.method=GET,http.response.status_code=200,http.route=/counted/{sku},\
               network.protocol.version=1.1,url.scheme=http";
    assert_eq!(
        counted("http.server.request.duration", "http.route=/counted/{sku}"),
        [(row.to_owned(), 2)]
    );
    let to = "server.address=127.0.1.1";
    let row = |status| {
        let end = format!("network.protocol.version=1.1,{to},server.port={}", server.port());
        format!("http.request.method=GET,http.response.status_code={status},{end}")
    };
    assert_eq!(
        counted("http.client.request.duration", to),
        [(format!("error.type=404,{}", row(404)), 1), (row(200), 2)]
    );
}

#[tokio::test]
async fn who_wants_no_durations_has_none() {
    let router = Router::new().route("/uncounted", get(stock));
    let server = serve_at([127, 0, 1, 2].into(), router.layer(layer().without_metrics())).await;
    let request = reqwest::Client::new().get(format!("http://{server}/uncounted"));
    ClientLayer::new().without_metrics().send(request).await.unwrap();
    assert_eq!(counted("http.server.request.duration", "http.route=/uncounted"), []);
    assert_eq!(counted("http.client.request.duration", "server.address=127.0.1.2"), []);
}

#[tokio::test]
async fn a_handler_that_asks_on_is_in_between() {
    let wire = Wire::new();
    let last = serve(shop()).await;
    let ask_on = move || async move {
        let request = reqwest::Client::new().get(format!("http://{last}/stock/tea"));
        ClientLayer::new().send(request).await.unwrap().text().await.unwrap()
    };
    let first = serve(Router::new().route("/", get(ask_on)).layer(layer())).await;
    let request = reqwest::Client::new().get(format!("http://{first}/"));
    let answer = wire.on_behalf(ClientLayer::new().send(request)).await.unwrap();
    let said = answer.text().await.unwrap();

    // From the one who has no child up to the caller.
    let spans = wire.spans(4).await;
    let mut id = spans.iter().find(|span| said.starts_with(&span.id.to_string())).unwrap().id;
    let mut kinds = Vec::new();
    while let Some(span) = spans.iter().find(|span| span.id == id) {
        kinds.push(span.kind);
        id = span.parent.unwrap();
    }
    assert_eq!(kinds, [Kind::Server, Kind::Client, Kind::Server, Kind::Client]);
    assert_eq!(id.get(), CALLER);
    assert!(said.ends_with(" true acme"), "{said}");
}
