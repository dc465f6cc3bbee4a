//! A warehouse that is asked over HTTP, and remembers how.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use reliability::time::Deadline;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What it takes to look into a shelf, and to count them all.
const LOOK: Duration = Duration::from_millis(20);
const COUNT: Duration = Duration::from_secs(2);

/// The service: its handlers are the functions beside it.
#[derive(Debug, Clone, Default)]
pub struct Warehouse {
    seen: Arc<Mutex<Seen>>,
}

/// What the warehouse has seen.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How often somebody asked for an article, when the warehouse was let do anything.
    pub asked: usize,
    /// How many looked into shelves at once, at most.
    pub most_at_once: usize,
    /// The time that each caller of a report had left.
    pub left: Vec<Duration>,
    /// After what time each report was given up.
    pub given_up: Vec<Duration>,
    /// How many reports were finished.
    pub finished: usize,
    /// The idempotency keys of all orders, none where there was none.
    pub orders: Vec<Option<String>>,
    at_once: usize,
    burning: bool,
}

impl Warehouse {
    /// What it has seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// From now on it answers with status 500, or again as it should.
    pub fn burn(&self, burning: bool) {
        self.lock().burning = burning;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /stock/{article}`: how many there are.
pub async fn stock(
    State(warehouse): State<Warehouse>,
    Path(article): Path<String>,
) -> Result<String, StatusCode> {
    let _inside = Inside::enter(&warehouse);
    sleep(LOOK).await;
    if warehouse.lock().burning {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    Ok(article.len().to_string())
}

/// `GET /report`: what there is of everything, which takes a while.
pub async fn report(State(warehouse): State<Warehouse>) -> String {
    let left = Deadline::current().map_or(Duration::MAX, Deadline::remaining);
    warehouse.lock().left.push(left);
    let mut counting = Counting { warehouse: &warehouse, since: Instant::now(), done: false };
    sleep(COUNT).await;
    counting.done = true;
    "all of it".to_owned()
}

/// `POST /orders`: overloaded for the first two attempts with every key, and all without one.
pub async fn order(State(warehouse): State<Warehouse>, headers: HeaderMap) -> StatusCode {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let mut seen = warehouse.lock();
    seen.orders.push(key.clone());
    let attempts = seen.orders.iter().filter(|order| **order == key).count();
    if key.is_some() && attempts > 2 {
        StatusCode::CREATED
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Serves the routes on a free port of the loopback interface, for as long as the process lives.
///
/// # Errors
///
/// When there is no free port.
pub async fn open(routes: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async { axum::serve(listener, routes).await });
    Ok(address)
}

/// Makes all these calls at once, and gives their answers.
///
/// # Panics
///
/// When one of them does.
pub async fn at_once<F>(calls: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    calls.collect::<JoinSet<_>>().join_all().await
}

/// Somebody who looks into shelves.
struct Inside<'a>(&'a Warehouse);

impl<'a> Inside<'a> {
    fn enter(warehouse: &'a Warehouse) -> Self {
        let mut seen = warehouse.lock();
        seen.asked += 1;
        seen.at_once += 1;
        seen.most_at_once = seen.most_at_once.max(seen.at_once);
        Self(warehouse)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.lock().at_once -= 1;
    }
}

/// A report under way; dropped half-way it is one that was given up.
struct Counting<'a> {
    warehouse: &'a Warehouse,
    since: Instant,
    done: bool,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let mut seen = self.warehouse.lock();
        if self.done {
            seen.finished += 1;
        } else {
            seen.given_up.push(self.since.elapsed());
        }
    }
}
