//! No more connections than were allowed, whoever opens them and however slow they are.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::net::SocketAddr;

use axum::serve::Listener;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Number, Part, Standing, Tile, View, Widget};
use crate::sync::atomic::{AtomicU64, Ordering};

/// Who follows a page of this process now, how many may, and how often somebody was turned away.
static LOOKING: AtomicU64 = AtomicU64::new(0);
static PLACES: AtomicU64 = AtomicU64::new(0);
static TURNED_AWAY: AtomicU64 = AtomicU64::new(0);

/// The places of one page for those who follow it.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    all: usize,
}

impl Places {
    pub(super) fn new(all: usize) -> Self {
        PLACES.fetch_add(all as u64, Ordering::Relaxed);
        Self { free: Arc::new(Semaphore::new(all)), all }
    }

    /// A place, if there is one.
    pub(super) fn take(&self) -> Option<Place> {
        let Ok(place) = self.free.clone().try_acquire_owned() else {
            TURNED_AWAY.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        LOOKING.fetch_add(1, Ordering::Relaxed);
        Some(Place { _place: place })
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        PLACES.fetch_sub(self.all as u64, Ordering::Relaxed);
    }
}

/// Somebody who follows.
#[derive(Debug)]
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        LOOKING.fetch_sub(1, Ordering::Relaxed);
    }
}

inventory::submit! {
    Part { place: 90, view }
}

/// What the page says of itself.
fn view() -> View {
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (looking, turned_away) = (read(&LOOKING), read(&TURNED_AWAY));
    let standing = if turned_away == 0 { Standing::Ok } else { Standing::Warn };
    let hint = format!("of at most {}; {turned_away} turned away", read(&PLACES));
    let tile =
        Tile::new("Viewers of this page", Number::Count(looking)).standing(standing).hint(hint);
    View::new(Standing::None, "").with(Widget::Tiles(Vec::from([tile])))
}

/// A listener that accepts while there is a place. Who comes later waits in the system's queue.
#[derive(Debug)]
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener, connections: usize) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(connections)) }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Nobody closes the semaphore, so a place always comes.
        let place = self.places.clone().acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Connection { stream, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

pin_project! {
    /// A connection with its place.
    #[derive(Debug)]
    pub(super) struct Connection {
        #[pin]
        stream: TcpStream,
        _place: Option<OwnedSemaphorePermit>,
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().stream.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
}
