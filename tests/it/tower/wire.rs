//! Deadlines, keys and refusals on their way from a client to a server and back.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use reliability::error::{Reason, Rejected};
use reliability::resilience::http::{
    DeadlineHeader, DeadlineLayer, PropagateLayer, bad_status, idempotency_key, is_idempotent,
    refuse, retry_after,
};
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{IdempotencyKey, Policy};
use reliability::time::Deadline;
use tokio::time::Instant;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{SECOND, after, at_once, opens_at, policy};

fn left() -> Option<Duration> {
    Deadline::current().map(Deadline::remaining)
}

#[tokio::test(start_paused = true)]
async fn each_attempt_tells_the_server_what_is_left() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let server = {
        let seen = Arc::clone(&seen);
        ServiceBuilder::new().layer(DeadlineLayer::new()).service(service_fn(
            move |request: Request<()>| {
                let seen = Arc::clone(&seen);
                async move {
                    seen.lock().unwrap().push((left(), idempotency_key(&request)));
                    Ok::<_, BoxError>(Response::builder().status(503).body(())?)
                }
            },
        ))
    };
    let policy = policy(|to| to.deadline(10 * SECOND).retry(after(SECOND, 3)));
    let client = ServiceBuilder::new()
        .layer(
            PolicyLayer::new(policy)
                .idempotency_key(|_: &Request<()>| Some(IdempotencyKey::new("order-17")))
                .classify_response(bad_status::<Response<()>>),
        )
        .layer(PropagateLayer::new())
        .service(server);
    let response = client.oneshot(Request::post("/").body(()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let key = Some(IdempotencyKey::new("order-17"));
    let expected = [10, 9, 8].map(|left| (Some(left * SECOND), key.clone()));
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_server_stops_when_its_caller_has_left_and_says_so() {
    let policy = policy(|to| to.timeout(60 * SECOND));
    let server = |header: DeadlineHeader| {
        ServiceBuilder::new()
            .layer(DeadlineLayer::new().header(header).max(30 * SECOND))
            .layer(PolicyLayer::new(policy.clone()).map_rejected(refuse::<String>))
            .service(service_fn(|_: Request<()>| {
                std::future::pending::<Result<Response<String>, Infallible>>()
            }))
    };
    let table = [
        (DeadlineHeader::envoy(), "250", Duration::from_millis(250)),
        (DeadlineHeader::envoy(), "86400000", 30 * SECOND),
        (DeadlineHeader::envoy(), "0", 30 * SECOND),
        (DeadlineHeader::envoy(), "soon", 30 * SECOND),
        (DeadlineHeader::grpc(), "3S", 3 * SECOND),
        (DeadlineHeader::grpc(), "99999999H", 30 * SECOND),
    ];
    for (header, value, expected) in table {
        let request = Request::get("/").header(header.name(), value).body(()).unwrap();
        let begin = Instant::now();
        let response = server(header).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(begin.elapsed(), expected, "{value}");
    }
    assert_eq!(policy.totals().rejected(Reason::DeadlineExceeded), 6);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_tells_the_next_server_what_it_was_told() {
    let header = DeadlineHeader::envoy();
    let next = {
        let header = header.clone();
        service_fn(move |request: Request<()>| {
            // Before there is a future.
            let (told, left) = (header.read(request.headers()), left());
            async move { Ok::<_, Infallible>((told, left)) }
        })
    };
    let gateway = ServiceBuilder::new()
        .layer(DeadlineLayer::new().max(SECOND))
        .layer(PropagateLayer::new())
        .service(next);
    assert_eq!(gateway.clone().oneshot(Request::new(())).await, Ok((Some(SECOND), Some(SECOND))));
    let told = Request::get("/").header(header.name(), "250").body(()).unwrap();
    let quarter = Some(Duration::from_millis(250));
    assert_eq!(gateway.oneshot(told).await, Ok((quarter, quarter)));
}

#[tokio::test(start_paused = true)]
async fn without_a_header_and_a_maximum_there_is_no_deadline() {
    let mut server = ServiceBuilder::new()
        .layer(DeadlineLayer::new())
        .service(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(left()) }));
    assert_eq!(server.ready().await.unwrap().call(Request::new(())).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_the_client_when_to_come_back() {
    let guarded = policy(|to| to.breaker(opens_at(1)));
    let failing = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::builder().status(500).body(String::new()).unwrap())
    });
    let server = ServiceBuilder::new()
        .layer(
            PolicyLayer::new(guarded)
                .classify_response(bad_status::<Response<String>>)
                .map_rejected(refuse::<String>),
        )
        .service(failing);
    let first = server.clone().oneshot(Request::new(())).await.unwrap();
    assert_eq!(first.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let second = server.clone().oneshot(Request::new(())).await.unwrap();
    assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
    let asked = retry_after(second.headers()).unwrap();
    assert!(asked >= SECOND, "{asked:?}");

    // A client that reads it waits at least as long, for a request that may be repeated.
    let outside = policy(|to| to.retry(at_once(2)));
    let client = ServiceBuilder::new()
        .layer(
            PolicyLayer::new(outside)
                .idempotent_when(is_idempotent::<Request<()>>)
                .classify_response(bad_status::<Response<String>>),
        )
        .map_err(|never: Infallible| -> Rejected { match never {} })
        .service(server);
    let begin = Instant::now();
    client.clone().oneshot(Request::post("/").body(()).unwrap()).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    client.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
    assert!(begin.elapsed() >= asked, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn layers_infer_their_requests_and_responses() {
    let policy: Policy = policy(|to| to.retry(at_once(2)).timeout(SECOND));
    let service = ServiceBuilder::new()
        .layer(
            PolicyLayer::new(policy)
                .idempotent_when(is_idempotent)
                .classify_response(bad_status)
                .map_rejected(refuse),
        )
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(String::from("tea")))
        }));
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.into_body(), "tea");
}
