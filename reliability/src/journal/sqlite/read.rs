//! What reads.

use alloc::string::String;
use alloc::vec::Vec;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::Outcome;
use crate::journal::values::{self, signed, unsigned};
use crate::journal::{
    Encoding, Epoch, Event, Head, Heads, Held, JournalError, Page, Position, Record, Sequence,
    Standing, StreamId,
};

/// The columns of a record, behind those of its stream's name.
const RECORD: &str = "kind, key, position, r.sequence, r.epoch, recorded_at, name, version, \
     encoding, payload FROM journal_records r JOIN journal_streams s ON s.id = r.stream";

const HEAD: &str = "SELECT kind, key, sequence, epoch, status, priority, due_at, owner, \
     held_since, held_until, created_at, changed_at FROM journal_heads";

pub(super) fn records(
    connection: &Connection,
    stream: &StreamId,
    after: Sequence,
    most: usize,
) -> Outcome<Vec<Record>> {
    let sql = alloc::format!(
        "SELECT {RECORD} WHERE s.kind = ?1 AND s.key = ?2 AND r.sequence > ?3
         ORDER BY r.sequence LIMIT ?4"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let from = params![stream.kind(), stream.key(), signed(after.get()), most as i64];
    gathered(select.query_map(from, record)?, most)
}

pub(super) fn all_records(
    connection: &Connection,
    after: Position,
    most: usize,
) -> Outcome<Vec<Record>> {
    let sql = alloc::format!("SELECT {RECORD} WHERE position > ?1 ORDER BY position LIMIT ?2");
    let mut select = connection.prepare_cached(&sql)?;
    // All of ours begin with a zero.
    let behind = match after.parts() {
        (0, minor) => signed(minor),
        _ => i64::MAX,
    };
    gathered(select.query_map(params![behind, most as i64], record)?, most)
}

pub(super) fn end(connection: &Connection) -> Outcome<Option<Position>> {
    let sql = "SELECT coalesce(max(position), 0) FROM journal_records";
    let last: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(Ok(Some(Position::from_parts(0, unsigned(last)))))
}

pub(super) fn head(connection: &Connection, stream: &StreamId) -> Outcome<Option<Head>> {
    let sql = alloc::format!("{HEAD} WHERE kind = ?1 AND key = ?2");
    let mut select = connection.prepare_cached(&sql)?;
    let found = select.query_row([stream.kind(), stream.key()], one_head).optional()?;
    Ok(found.transpose())
}

pub(super) fn standing(connection: &Connection) -> Outcome<Standing> {
    let mut select = connection.prepare_cached("SELECT sealed, epoch FROM journal_claims")?;
    let standing =
        |row: &Row<'_>| Ok(Standing::new(row.get(0)?, Epoch::new(unsigned(row.get(1)?))));
    select.query_row([], standing).map(Ok)
}

pub(super) fn heads(connection: &Connection, heads: &Heads) -> Outcome<Vec<Head>> {
    let sql = alloc::format!(
        "{HEAD} WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR status = ?2)
           AND (kind, key) > (?3, ?4)
         ORDER BY kind, key LIMIT ?5"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let (kind, key) = heads.behind().map_or(("", ""), |behind| (behind.kind(), behind.key()));
    let wanted = params![heads.kind(), heads.status(), kind, key, heads.limit() as i64];
    let rows = select.query_map(wanted, one_head)?;
    collected(rows)
}

fn gathered(rows: impl Iterator<Item = Outcome<Record>>, most: usize) -> Outcome<Vec<Record>> {
    let mut page = Page::of(most);
    for row in rows {
        match row? {
            Ok(record) => {
                if !page.push(record) {
                    break;
                }
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(page.into_records()))
}

fn collected<T>(rows: impl Iterator<Item = Outcome<T>>) -> Outcome<Vec<T>> {
    let mut all = Vec::new();
    for row in rows {
        match row? {
            Ok(row) => all.push(row),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(all))
}

fn record(row: &Row<'_>) -> Outcome<Record> {
    let position = unsigned(row.get(2)?);
    let stream = match stream_id(row)? {
        Ok(stream) => stream,
        Err(error) => return Ok(Err(error)),
    };
    let encoding: String = row.get(8)?;
    let Some(encoding) = Encoding::from_name(&encoding) else {
        let what = alloc::format!(
            "the record at position {position} is written as `{encoding}`, which this program does \
             not know: run the program that wrote it, or a newer one"
        );
        return Ok(Err(JournalError::Unreadable { what, source: None }));
    };
    // A person may have written a text with the `sqlite3` tool.
    let payload = match row.get_ref(9)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    };
    let event = Event::from_parts(row.get::<_, String>(6)?, row.get(7)?, encoding, payload);
    Ok(Ok(Record::new(
        stream,
        Sequence::new(unsigned(row.get(3)?)),
        Position::from_parts(0, position),
        Epoch::new(unsigned(row.get(4)?)),
        values::time(row.get(5)?),
        event,
    )))
}

fn one_head(row: &Row<'_>) -> Outcome<Head> {
    let owner: Option<String> = row.get(7)?;
    let held = match (owner, row.get(8)?, row.get(9)?) {
        (Some(owner), Some(since), Some(until)) => {
            Some(Held { owner, since: values::time(since), until: values::time(until) })
        }
        _ => None,
    };
    let stream = match stream_id(row)? {
        Ok(stream) => stream,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(Head {
        stream,
        sequence: Sequence::new(unsigned(row.get(2)?)),
        epoch: Epoch::new(unsigned(row.get(3)?)),
        status: row.get(4)?,
        priority: row.get(5)?,
        due_at: row.get::<_, Option<i64>>(6)?.map(values::time),
        held,
        created_at: values::time(row.get(10)?),
        changed_at: values::time(row.get(11)?),
    }))
}

/// The first two columns.
fn stream_id(row: &Row<'_>) -> Outcome<StreamId> {
    let (kind, key) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
    Ok(StreamId::new(&kind, &key).map_err(|source| JournalError::Unreadable {
        what: "a stream has a name that no journal gives".into(),
        source: Some(source.into()),
    }))
}
