//! Letters to customers.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::MethodFilter;
use rusqlite::{Connection, Transaction, params};
use serde_json::Value;

use super::{Reply, Service, route};

pub(super) fn routes(database: &Connection) -> rusqlite::Result<Router<Arc<Service>>> {
    let letters = "CREATE TABLE letters (key TEXT PRIMARY KEY, order_number TEXT, cents INTEGER);";
    database.execute_batch(letters)?;
    Ok(route("/letters", MethodFilter::POST, "send", send))
}

fn send(database: &Transaction<'_>, key: &str, body: &Value) -> Reply {
    // Asked again, it has been sent.
    database.execute(
        "INSERT INTO letters VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![key, body["order"].as_str(), body["cents"].as_i64()],
    )?;
    Ok((StatusCode::ACCEPTED, Value::Null))
}
