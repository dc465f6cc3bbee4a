use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use super::http;

/// How the inventory treats those who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It answers within milliseconds.
    Healthy,
    /// It answers, after most of a second.
    Slow,
    /// It answers with status 500, at once.
    Failing,
    /// It accepts the request, and never answers.
    Hanging,
    /// It resets the connection when a request arrives.
    Resetting,
}

impl Mood {
    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mood::Healthy => "healthy",
            Mood::Slow => "slow",
            Mood::Failing => "failing",
            Mood::Hanging => "hanging",
            Mood::Resetting => "resetting",
        }
    }
}

/// The service the shop depends on: `GET /price/{sku}` gives a price in cents.
#[derive(Debug)]
pub(super) struct Inventory {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
}

impl Inventory {
    /// Starts it, healthy, on a free port of the loopback interface.
    pub(super) async fn open() -> io::Result<Self> {
        let (mood, seen) = watch::channel(Mood::Healthy);
        let listener = http::listen().await?;
        let address = listener.local_addr()?;
        let routes = Router::new().route("/price/{sku}", get(price)).with_state(seen.clone());
        let listener = MoodyListener { inner: listener, mood: seen };
        http::serve(listener, routes);
        Ok(Self { address, mood })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it treats requests that way.
    pub(super) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }
}

/// What it takes to look a price up when all is well.
const HEALTHY: Duration = Duration::from_millis(3);
const SLOW: Duration = Duration::from_millis(800);

async fn price(
    State(mood): State<watch::Receiver<Mood>>,
    Path(sku): Path<u32>,
) -> (StatusCode, String) {
    let mood = *mood.borrow();
    match mood {
        Mood::Healthy | Mood::Resetting => sleep(HEALTHY).await,
        Mood::Slow => sleep(SLOW).await,
        Mood::Failing => return (StatusCode::INTERNAL_SERVER_ERROR, "out of order".into()),
        Mood::Hanging => pending().await,
    }
    (StatusCode::OK, (1_000 + sku * 7).to_string())
}

/// Hands out connections that can be reset.
struct MoodyListener {
    inner: TcpListener,
    mood: watch::Receiver<Mood>,
}

impl Listener for MoodyListener {
    type Io = MoodyStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (MoodyStream, SocketAddr) {
        let (inner, peer) = Listener::accept(&mut self.inner).await;
        let mood = self.mood.clone();
        (MoodyStream { inner, mood }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that is reset, with a real RST, when a request arrives in the mood for it.
struct MoodyStream {
    inner: TcpStream,
    mood: watch::Receiver<Mood>,
}

impl AsyncRead for MoodyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        let arrived = buf.filled().len() > before;
        if arrived && *self.mood.borrow() == Mood::Resetting {
            // Without lingering, closing the socket sends RST where it would send FIN.
            self.inner.set_zero_linger()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        read
    }
}

impl AsyncWrite for MoodyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
