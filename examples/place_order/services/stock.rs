//! What is on the shelf, what is put aside, and what it costs.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::MethodFilter;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::{Reply, Service, route};

pub(super) fn routes(database: &Connection) -> rusqlite::Result<Router<Arc<Service>>> {
    database.execute_batch(
        "CREATE TABLE shelf (article TEXT PRIMARY KEY, cents INTEGER, pieces INTEGER);
         INSERT INTO shelf VALUES
             ('tea', 299, 100000), ('coffee', 499, 100000), ('cocoa', 399, 60),
             ('absinthe', NULL, 100);
         CREATE TABLE reservations (key TEXT PRIMARY KEY, order_number TEXT, article TEXT,
             pieces INTEGER, released INTEGER NOT NULL DEFAULT 0);
         CREATE TABLE before_all AS SELECT article, pieces FROM shelf;",
    )?;
    Ok(route("/reservations", MethodFilter::POST, "reserve", reserve)
        .merge(route("/reservations", MethodFilter::DELETE, "release", release))
        .merge(route("/quotes", MethodFilter::POST, "quote", quote)))
}

fn reserve(database: &Transaction<'_>, key: &str, body: &Value) -> Reply {
    let (article, pieces) = (body["article"].as_str(), body["pieces"].as_i64());
    let before = "SELECT released FROM reservations WHERE key = ?1";
    let before: Option<bool> = database.query_row(before, [key], |row| row.get(0)).optional()?;
    match before {
        Some(false) => return Ok((StatusCode::OK, json!({ "pieces": pieces }))),
        // It has come later than the request that takes it back.
        Some(true) => return Ok((StatusCode::GONE, Value::Null)),
        None => {}
    }
    let take = "UPDATE shelf SET pieces = pieces - ?2 WHERE article = ?1 AND pieces >= ?2";
    if database.execute(take, params![article, pieces])? == 0 {
        return Ok((StatusCode::CONFLICT, Value::Null));
    }
    database.execute(
        "INSERT INTO reservations (key, order_number, article, pieces) VALUES (?1, ?2, ?3, ?4)",
        params![key, body["order"].as_str(), article, pieces],
    )?;
    Ok((StatusCode::CREATED, json!({ "pieces": pieces })))
}

/// Takes it back, also what was not put aside yet: that request may be on its way still.
fn release(database: &Transaction<'_>, key: &str, body: &Value) -> Reply {
    database.execute(
        "UPDATE shelf SET pieces = shelf.pieces + reservations.pieces FROM reservations
         WHERE reservations.article = shelf.article AND key = ?1 AND NOT released",
        [key],
    )?;
    database.execute(
        "INSERT INTO reservations (key, order_number, pieces, released) VALUES (?1, ?2, 0, 1)
         ON CONFLICT (key) DO UPDATE SET released = 1",
        params![key, body["order"].as_str()],
    )?;
    Ok((StatusCode::OK, Value::Null))
}

fn quote(database: &Transaction<'_>, _: &str, body: &Value) -> Reply {
    let cents = "SELECT cents * ?2 FROM shelf WHERE article = ?1 AND cents IS NOT NULL";
    let of = params![body["article"].as_str(), body["pieces"].as_i64()];
    let cents: Option<u32> = database.query_row(cents, of, |row| row.get(0)).optional()?;
    Ok(match cents {
        Some(cents) => (StatusCode::OK, json!({ "cents": cents })),
        None => (StatusCode::NOT_FOUND, Value::Null),
    })
}
