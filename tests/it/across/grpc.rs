//! tonic, as a server and as a client. Its services are usually generated; this one is written by
//! hand, and its messages are bytes.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use axum::body::Bytes;
use axum::http::uri::PathAndQuery;
use axum::http::{Request as HttpRequest, Response as HttpResponse, Uri};
use futures_util::{StreamExt, stream};
use reliability::telemetry::trace::http::{ClientLayer, ServerLayer};
use reliability::telemetry::trace::{Context, Status as SpanStatus, current};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Response, Status};
use tower::{Layer, Service, service_fn};

use super::{CALLER, Wire, attribute, counted, sorted};

#[derive(Clone, Copy, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(into, &item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = bytes::Buf::remaining(from);
        Ok(Some(bytes::Buf::copy_to_bytes(from, length)))
    }
}

/// Says where it runs; what the message is decides how it ends.
async fn take(request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
    let here = current().map_or_else(String::new, |here| here.span_id().to_string());
    let tenant = Context::current().baggage().get("tenant").unwrap_or("nobody").to_owned();
    match &**request.get_ref() {
        b"missing" => Err(Status::not_found("no such order")),
        b"broken" => Err(Status::internal("the shelf fell down")),
        _ => Ok(Response::new(Bytes::from(format!("{here} {tenant}")))),
    }
}

type Parts = Pin<Box<dyn futures_util::Stream<Item = Result<Bytes, Status>> + Send>>;

/// Fails after it has said something, which only trailers can tell.
async fn list(_: Request<Bytes>) -> Result<Response<Parts>, Status> {
    let parts = stream::iter([Ok(Bytes::from_static(b"one")), Err(Status::data_loss("two"))]);
    Ok(Response::new(parts.boxed()))
}

#[derive(Clone)]
struct Orders;

impl NamedService for Orders {
    const NAME: &'static str = "shop.Orders";
}

impl Service<HttpRequest<Body>> for Orders {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Plain);
            Ok(match request.uri().path() {
                "/shop.Orders/Take" => grpc.unary(service_fn(take), request).await,
                "/shop.Orders/List" => grpc.server_streaming(service_fn(list), request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

async fn open() -> SocketAddr {
    open_at(Ipv4Addr::LOCALHOST).await
}

async fn open_at(address: Ipv4Addr) -> SocketAddr {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = stream::unfold(listener, |listener| async move {
        let connection = listener.accept().await.map(|(connection, _)| connection);
        Some((connection, listener))
    });
    let layer = ServerLayer::new().until_body_end();
    let server = Server::builder().layer(layer).add_service(Orders);
    tokio::spawn(server.serve_with_incoming(connections));
    address
}

/// A client as the generated ones are inside.
macro_rules! client {
    ($server:expr, $layer:expr) => {{
        let origin: Uri = format!("http://{}", $server).parse().unwrap();
        let channel = Channel::builder(origin.clone()).connect_lazy();
        let mut client = Grpc::with_origin($layer.layer(channel), origin);
        client.ready().await.unwrap();
        client
    }};
}

fn path(of: &'static str) -> PathAndQuery {
    PathAndQuery::from_static(of)
}

fn message(text: &'static str) -> Request<Bytes> {
    Request::new(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn tonic_calls_tonic() {
    let wire = Wire::new();
    let server = open().await;
    let mut client = client!(server, ClientLayer::new().until_body_end());
    let call = client.unary(message("tea"), path("/shop.Orders/Take"), Plain);
    let said = wire.on_behalf(call).await.unwrap().into_inner();

    let (asked, served) = wire.pair().await;
    assert_eq!(said, format!("{} acme", served.id));
    assert_eq!(asked.parent.map(|id| id.get()), Some(CALLER));
    assert_eq!(served.parent, Some(asked.id));
    let port = format!("server.port={}", server.port());
    for span in [asked, served] {
        assert_eq!(span.name, "shop.Orders/Take");
        assert_eq!(span.status, SpanStatus::Unset);
        let expected = [
            "network.protocol.version=2",
            "rpc.method=shop.Orders/Take",
            "rpc.response.status_code=OK",
            "rpc.system.name=grpc",
            "server.address=127.0.0.1",
            &port,
        ];
        assert_eq!(sorted(&span), expected, "{:?}", span.kind);
    }
}

#[tokio::test]
async fn what_is_an_error_depends_on_the_side() {
    let server = open().await;
    let table = [
        ("missing", Code::NotFound, "NOT_FOUND", None),
        ("broken", Code::Internal, "INTERNAL", Some("INTERNAL")),
    ];
    for (order, code, name, of_server) in table {
        let wire = Wire::new();
        let mut client = client!(server, ClientLayer::new().until_body_end());
        let call = client.unary(message(order), path("/shop.Orders/Take"), Plain);
        let error = wire.on_behalf(call).await.unwrap_err();
        assert_eq!(error.code(), code);
        let (asked, served) = wire.pair().await;
        for (span, error) in [(asked, Some(name)), (served, of_server)] {
            let of = |key| attribute(&span, key);
            assert_eq!(of("rpc.response.status_code").as_deref(), Some(name));
            assert_eq!(of("error.type").as_deref(), error, "{:?}", span.kind);
            assert_eq!(span.status.is_error(), error.is_some(), "{:?}", span.kind);
        }
    }
}

#[tokio::test]
async fn trailers_tell_how_a_stream_ended() {
    let wire = Wire::new();
    let server = open().await;
    let mut client = client!(server, ClientLayer::new().until_body_end());
    let call = client.server_streaming(message(""), path("/shop.Orders/List"), Plain);
    let mut parts = wire.on_behalf(call).await.unwrap().into_inner();
    assert_eq!(parts.message().await.unwrap().unwrap(), "one");
    assert_eq!(parts.message().await.unwrap_err().code(), Code::DataLoss);

    let (asked, served) = wire.pair().await;
    for span in [asked, served] {
        assert_eq!(attribute(&span, "rpc.response.status_code").as_deref(), Some("DATA_LOSS"));
        assert!(span.status.is_error(), "{:?}", span.kind);
    }
}

/// Who announces a length announces that of the messages: how the call went comes after them.
#[tokio::test]
async fn trailers_are_waited_for_whatever_length_was_announced() {
    use http_body_util::{BodyExt, Full};

    for (method, status, name) in [("/len/Good", "0", "OK"), ("/len/Lost", "15", "DATA_LOSS")] {
        let answer = service_fn(move |_: HttpRequest<()>| async move {
            let trailers = axum::http::HeaderMap::from_iter([(
                axum::http::HeaderName::from_static("grpc-status"),
                axum::http::HeaderValue::from_static(status),
            )]);
            let body = Full::new(Bytes::from_static(b"tea"));
            let body = body.with_trailers(async { Some(Ok(trailers)) });
            Ok::<_, Infallible>(
                HttpResponse::builder().header("content-length", "3").body(body).unwrap(),
            )
        });
        let mut client = ClientLayer::new().until_body_end().layer(answer);
        let request = HttpRequest::post(method).header("content-type", "application/grpc");
        let answer = client.call(request.body(()).unwrap()).await.unwrap();
        answer.into_body().collect().await.unwrap();
        let rows = counted("rpc.client.call.duration", &format!("rpc.method={}", &method[1..]));
        let [(row, 1)] = &*rows else { panic!("{rows:?}") };
        assert!(row.contains(&format!("rpc.response.status_code={name},")), "{row}");
        assert_eq!(row.contains("error.type"), status != "0", "{row}");
    }
}

#[tokio::test]
async fn who_sees_heads_only_knows_calls_that_failed_at_once() {
    let server = open().await;
    for (order, code) in [("tea", None), ("missing", Some("NOT_FOUND"))] {
        let wire = Wire::new();
        let mut client = client!(server, ClientLayer::new());
        let call = client.unary(message(order), path("/shop.Orders/Take"), Plain);
        assert_eq!(wire.on_behalf(call).await.is_ok(), code.is_none());
        let (asked, _) = wire.pair().await;
        assert_eq!(attribute(&asked, "rpc.response.status_code").as_deref(), code);
        assert_eq!(attribute(&asked, "error.type").as_deref(), code);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_cancelled() {
    let wire = Wire::new();
    let server = open().await;
    let mut client = client!(server, ClientLayer::new().until_body_end());
    let call = client.server_streaming(message(""), path("/shop.Orders/List"), Plain);
    let parts = wire.on_behalf(call).await.unwrap();
    drop(parts);
    let (asked, _) = wire.pair().await;
    assert_eq!(attribute(&asked, "reliability.ended").as_deref(), Some("cancelled"));
    assert_eq!(attribute(&asked, "rpc.response.status_code").as_deref(), Some("CANCELLED"));
    assert_eq!(asked.status, SpanStatus::Unset);
}

#[tokio::test]
async fn durations_are_counted_by_method() {
    let server = open_at([127, 0, 1, 3].into()).await;
    let mut client = client!(server, ClientLayer::new().until_body_end());
    let no_method = [path("/shop.Orders/Guessed"), path("/shop.Orders/Again")];
    for guess in no_method {
        client.ready().await.unwrap();
        client.unary(message(""), guess, Plain).await.unwrap_err();
    }
    let to = "server.address=127.0.1.3";
    let row = |method| {
        format!(
            "error.type=UNIMPLEMENTED,rpc.method={method},\
             rpc.response.status_code=UNIMPLEMENTED,rpc.system.name=grpc"
        )
    };
    let of_client = |method| format!("{},{to},server.port={}", row(method), server.port());
    assert_eq!(
        counted("rpc.client.call.duration", to),
        [(of_client("shop.Orders/Again"), 1), (of_client("shop.Orders/Guessed"), 1)]
    );
    // What callers think of is one series of the server.
    let rows = counted("rpc.server.call.duration", "rpc.method=_OTHER");
    let [(told, count)] = &*rows else { panic!("{rows:?}") };
    assert_eq!(*told, row("_OTHER"));
    assert!(*count >= 2, "{count}");
}
