//! Requests that do not end with an answer, and answers that do not end.

use std::future::pending;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::routing::get;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use reliability::telemetry::trace::http::ClientLayer;
use reliability::telemetry::trace::{Kind, Status, current};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::{Layer, ServiceExt};

use super::{Wire, attribute, counted, hyper_client, layer, serve};

#[tokio::test]
async fn a_request_that_nobody_waits_for_ends_on_both_sides() {
    let wire = Wire::new();
    let begun = Arc::new(Notify::new());
    let handler = {
        let begun = begun.clone();
        move || async move {
            begun.notify_one();
            pending::<()>().await;
        }
    };
    let server = serve(Router::new().route("/dropped", get(handler)).layer(layer())).await;
    let request = reqwest::Client::new().get(format!("http://{server}/dropped"));
    wire.on_behalf(async {
        tokio::select! {
            _ = ClientLayer::new().send(request) => panic!("there is no answer"),
            () = begun.notified() => {}
        }
    })
    .await;

    let (asked, served) = wire.pair().await;
    assert_eq!(served.parent, Some(asked.id));
    for span in [asked, served] {
        assert_eq!(attribute(&span, "reliability.ended").as_deref(), Some("cancelled"));
        assert_eq!(attribute(&span, "error.type").as_deref(), Some("cancelled"));
        assert_eq!(attribute(&span, "http.response.status_code"), None);
        // Whoever dropped it did not want it any more.
        assert_eq!(span.status, Status::Unset);
    }
    let rows = counted("http.server.request.duration", "http.route=/dropped");
    let [(row, 1)] = &*rows else { panic!("{rows:?}") };
    assert!(row.starts_with("error.type=cancelled,"), "{row}");
}

#[tokio::test]
async fn no_answer_is_an_error_of_its_type() {
    let wire = Wire::new();
    // A port that was free a moment ago, of an address that nobody listens on.
    let listener = TcpListener::bind("127.0.1.4:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let request = reqwest::Client::new().get(format!("http://{nobody}/"));
    wire.on_behalf(ClientLayer::new().send(request)).await.unwrap_err();
    let spans = wire.spans(1).await;
    assert_eq!(spans[0].status, Status::Error("no answer".into()));
    assert_eq!(attribute(&spans[0], "error.type").as_deref(), Some("reqwest::error::Error"));
    assert_eq!(attribute(&spans[0], "http.response.status_code"), None);
}

#[tokio::test]
async fn a_panic_of_the_service_is_told() {
    let wire = Wire::new();
    let handler = || async {
        tokio::task::yield_now().await;
        if current().is_some() {
            panic!("in the handler");
        }
    };
    let server = serve(Router::new().route("/panics", get(handler)).layer(layer())).await;
    let request = reqwest::Client::new().get(format!("http://{server}/panics"));
    wire.on_behalf(ClientLayer::new().send(request)).await.unwrap_err();
    let (_, served) = wire.pair().await;
    assert_eq!(served.status, Status::Error("panicked".into()));
    assert_eq!(attribute(&served, "reliability.ended").as_deref(), Some("panicked"));
}

/// Says what was asked for in three parts, each with the span that it was made in.
async fn parts() -> Body {
    let parts = stream::iter(0..3).then(|part| async move {
        tokio::task::yield_now().await;
        let here = current().map_or_else(String::new, |here| here.span_id().to_string());
        Ok::<_, std::io::Error>(Bytes::from(format!("{part} {here}\n")))
    });
    Body::from_stream(parts)
}

#[tokio::test]
async fn what_is_streamed_is_inside_of_a_span_that_lasts_until_the_end() {
    let wire = Wire::new();
    let router = Router::new().route("/parts", get(parts));
    let server = serve(router.layer(layer().until_body_end())).await;
    let client = ClientLayer::new().until_body_end().layer(hyper_client());
    let request = Request::get(format!("http://{server}/parts")).body(Body::empty()).unwrap();
    let answer = wire.on_behalf(client.oneshot(request)).await.unwrap();
    // The head is there, and the span goes on.
    let open = wire.recording.traces_of(wire.caller.trace_id().unwrap());
    assert!(open.iter().all(|trace| trace.spans[0].kind == Kind::Server), "{open:#?}");
    let said = answer.into_body().collect().await.unwrap().to_bytes();
    let (asked, served) = wire.pair().await;
    let here = served.id;
    assert_eq!(said, format!("0 {here}\n1 {here}\n2 {here}\n"));
    for span in [asked, served] {
        assert_eq!(attribute(&span, "http.response.status_code").as_deref(), Some("200"));
        assert_eq!(attribute(&span, "error.type"), None);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let wire = Wire::new();
    let handler = || async {
        let parts = stream::iter(0..2).map(|part| match part {
            0 => Ok(Bytes::from_static(b"tea")),
            _ => Err(std::io::Error::other("the shelf fell down")),
        });
        Body::from_stream(parts)
    };
    let router = Router::new().route("/breaks", get(handler));
    let server = serve(router.layer(layer().until_body_end())).await;
    let client = ClientLayer::new().until_body_end().layer(hyper_client());
    let request = Request::get(format!("http://{server}/breaks")).body(Body::empty()).unwrap();
    let answer = wire.on_behalf(client.oneshot(request)).await;
    // Whether the head gets out before the connection is closed is up to hyper.
    if let Ok(answer) = answer {
        answer.into_body().collect().await.unwrap_err();
    }
    let (asked, served) = wire.pair().await;
    assert_eq!(served.status, Status::Error("the answer broke off".into()));
    assert_eq!(attribute(&served, "error.type").as_deref(), Some("axum_core::error::Error"));
    assert!(asked.status.is_error());
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_cancelled() {
    let wire = Wire::new();
    let handler = || async {
        let parts = stream::poll_fn(|_| Poll::<Option<Result<Bytes, std::io::Error>>>::Pending);
        Body::from_stream(stream::iter([Ok(Bytes::from_static(b"tea"))]).chain(parts))
    };
    let router = Router::new().route("/unread", get(handler));
    let server = serve(router.layer(layer().until_body_end())).await;
    let client = ClientLayer::new().until_body_end().layer(hyper_client());
    let request = Request::get(format!("http://{server}/unread")).body(Body::empty()).unwrap();
    let answer = wire.on_behalf(client.oneshot(request)).await.unwrap();
    drop(answer);
    let (asked, served) = wire.pair().await;
    for span in [asked, served] {
        assert_eq!(attribute(&span, "reliability.ended").as_deref(), Some("cancelled"));
        assert_eq!(span.status, Status::Unset);
    }
}

#[tokio::test]
async fn an_answer_is_complete_when_no_more_is_sent_of_it() {
    let announced = || async {
        let parts = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"tea"))]);
        // A stream that does not know that it has ended, until it is asked.
        ([(CONTENT_LENGTH, "3")], Body::from_stream(parts.chain(stream::pending())))
    };
    let router = Router::new().route("/full", get(parts)).route("/announced", get(announced));
    let server = serve(router.layer(layer().until_body_end())).await;
    for (method, path) in [("HEAD", "/full"), ("HEAD", "/announced"), ("GET", "/announced")] {
        let wire = Wire::new();
        let client = ClientLayer::new().until_body_end().layer(hyper_client());
        let request = Request::builder().method(method).uri(format!("http://{server}{path}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = wire.on_behalf(client.oneshot(request)).await.unwrap();
        answer.into_body().collect().await.unwrap();
        let (asked, served) = wire.pair().await;
        for span in [asked, served] {
            assert_eq!(attribute(&span, "reliability.ended"), None, "{method} {path}");
            assert_eq!(attribute(&span, "error.type"), None, "{method} {path}");
        }
    }
}
