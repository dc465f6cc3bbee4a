//! Stock, payments and mail: HTTP services that others run, each in a process of its own with a
//! database of its own. They are honest, and they are not reliable.

mod mail;
mod payments;
mod stock;

use std::net::Ipv4Addr;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
pub(crate) use payments::EMPTY_CARD;
use rusqlite::{Connection, Transaction, params};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::BoxError;

/// What they are called; each keeps its database in the file of that name.
pub(crate) const NAMES: [&str; 3] = ["stock", "payments", "mail"];
/// More than any caller waits for.
pub(crate) const LATE: Duration = Duration::from_millis(600);

/// How a service takes one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// It says 503, and does nothing.
    Busy,
    /// It does what it is asked for, and hangs up before it has answered.
    Lost,
    /// It does what it is asked for when nobody waits for the answer any more.
    Late,
}

#[derive(Debug)]
struct Service {
    database: Mutex<Connection>,
    random: Mutex<fastrand::Rng>,
}

type Reply = rusqlite::Result<(StatusCode, Value)>;
/// What a request does to the database, by its idempotency key and its body.
type Does = fn(&Transaction<'_>, &str, &Value) -> Reply;

/// Serves for as long as the process lives, and says where.
pub(crate) async fn serve(name: &str, folder: &Path, seed: u64) -> Result<(), BoxError> {
    let database = Connection::open(folder.join(name).with_extension("db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         CREATE TABLE requests (key TEXT, what TEXT, mood TEXT);",
    )?;
    let routes = match name {
        "stock" => stock::routes(&database)?,
        "payments" => payments::routes(&database)?,
        _ => mail::routes(&database)?,
    };
    // Each has moods of its own.
    let seed = name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31) ^ u64::from(byte));
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    let service = Arc::new(Service { database: Mutex::new(database), random });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes.with_state(service)).await?)
}

fn route(path: &str, method: MethodFilter, what: &'static str, does: Does) -> Router<Arc<Service>> {
    let route: MethodRouter<Arc<Service>> =
        on(method, move |State(service), head: HeaderMap, body: String| {
            answer(service, what, does, head, body)
        });
    Router::new().route(path, route)
}

/// One request, done in one transaction of the database.
async fn answer(
    service: Arc<Service>,
    what: &'static str,
    does: Does,
    head: HeaderMap,
    body: String,
) -> Response {
    let key = head.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let (Some(key), Ok(body)) = (key, serde_json::from_str(&body)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mood = service.mood();
    let done = tokio::spawn(async move {
        if mood == Mood::Late {
            sleep(LATE).await;
        }
        service.work(mood, what, does, &key, &body)
    });
    // A caller who hangs up does not stop what he has asked for: it is a task of its own.
    match done.await {
        // That ends the connection without a word.
        Ok(Ok(_)) if mood == Mood::Lost => resume_unwind(Box::new("hung up")),
        Ok(Ok((status, value))) => (status, value.to_string()).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl Service {
    fn mood(&self) -> Mood {
        match self.random.lock().unwrap_or_else(PoisonError::into_inner).u32(..100) {
            0..10 => Mood::Busy,
            10..20 => Mood::Lost,
            20..24 => Mood::Late,
            _ => Mood::Well,
        }
    }

    fn work(&self, mood: Mood, what: &str, does: Does, key: &str, body: &Value) -> Reply {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = database.transaction()?;
        let request = params![key, what, format!("{mood:?}")];
        transaction.execute("INSERT INTO requests VALUES (?1, ?2, ?3)", request)?;
        let done = match mood {
            Mood::Busy => (StatusCode::SERVICE_UNAVAILABLE, Value::Null),
            _ => does(&transaction, key, body)?,
        };
        transaction.commit()?;
        Ok(done)
    }
}
