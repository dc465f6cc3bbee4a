//! Money from cards.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::MethodFilter;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::{Reply, Service, route};

/// The card that has no money on it.
pub(crate) const EMPTY_CARD: &str = "4000 0000 0000 0002";

pub(super) fn routes(database: &Connection) -> rusqlite::Result<Router<Arc<Service>>> {
    let charges = "CREATE TABLE charges (key TEXT PRIMARY KEY, order_number TEXT, cents INTEGER);";
    database.execute_batch(charges)?;
    Ok(route("/charges", MethodFilter::POST, "charge", charge).merge(route(
        "/charges",
        MethodFilter::GET,
        "find",
        find,
    )))
}

fn charge(database: &Transaction<'_>, key: &str, body: &Value) -> Reply {
    if body["card"] == EMPTY_CARD {
        return Ok((StatusCode::PAYMENT_REQUIRED, Value::Null));
    }
    // Asked again, it is the same charge.
    database.execute(
        "INSERT INTO charges VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![key, body["order"].as_str(), body["cents"].as_i64()],
    )?;
    find(database, key, body)
}

fn find(database: &Transaction<'_>, key: &str, _: &Value) -> Reply {
    let cents = "SELECT cents FROM charges WHERE key = ?1";
    let cents: Option<u32> = database.query_row(cents, [key], |row| row.get(0)).optional()?;
    Ok(match cents {
        Some(cents) => (StatusCode::OK, json!({ "cents": cents })),
        None => (StatusCode::NOT_FOUND, Value::Null),
    })
}
