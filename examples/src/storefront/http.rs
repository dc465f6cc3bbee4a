use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::serve::Listener;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

/// A client of one HTTP server: no timeout, no retry, nothing between it and the caller.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client<HttpConnector, Empty<Bytes>>,
    server: SocketAddr,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Http {
    /// A client of the server at that address.
    pub fn new(server: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, server }
    }

    /// Asks for `path`, which starts with a slash.
    ///
    /// # Errors
    ///
    /// When no whole answer came; an answer of any status is an [`Answer`].
    pub async fn get(&self, path: &str) -> Result<Answer, Unreachable> {
        let uri: Uri = format!("http://{}{path}", self.server).parse().map_err(Unreachable::new)?;
        let response = self.client.get(uri).await.map_err(Unreachable::new)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(Unreachable::new)?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// The server gave no whole answer.
#[derive(Debug)]
pub struct Unreachable(Box<dyn Error + Send + Sync>);

impl Unreachable {
    fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer: {}", self.0)
    }
}

impl Error for Unreachable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// A listener on a free port of the loopback interface.
pub(super) async fn listen() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Serves `routes` on that listener for as long as the process lives.
pub(super) fn serve<L>(listener: L, routes: Router)
where
    L: Listener,
    L::Addr: fmt::Debug,
{
    // It never ends by itself: axum answers errors of single connections by closing them.
    tokio::spawn(async { axum::serve(listener, routes).await });
}
