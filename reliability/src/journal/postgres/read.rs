//! Rows as what they tell.

use alloc::string::String;
use alloc::vec::Vec;

use tokio_postgres::Row;

use super::error::unreadable;
use crate::journal::values::{self, unsigned};
use crate::journal::{
    Encoding, Epoch, Event, Head, Held, JournalError, Lease, Page, Position, Record, Sequence,
    StreamId,
};

pub(super) fn all<T>(
    rows: &[Row],
    one: impl Fn(&Row) -> Result<T, JournalError>,
) -> Result<Vec<T>, JournalError> {
    rows.iter().map(one).collect()
}

pub(super) fn page(rows: &[Row], most: usize) -> Result<Vec<Record>, JournalError> {
    let mut page = Page::of(most);
    for row in rows {
        if !page.push(record(row)?) {
            break;
        }
    }
    Ok(page.into_records())
}

fn record(row: &Row) -> Result<Record, JournalError> {
    let position = Position::from_parts(number(row, 2)?, number(row, 3)?);
    let encoding: &str = row.try_get(9).map_err(|error| unreadable(&error))?;
    let Some(encoding) = Encoding::from_name(encoding) else {
        let what = alloc::format!(
            "the record at position {position} is written as `{encoding}`, which this program does \
             not know: run the program that wrote it, or a newer one"
        );
        return Err(JournalError::Unreadable { what, source: None });
    };
    let version = u32::try_from(signed(row, 8)?).map_err(|_| JournalError::Unreadable {
        what: alloc::format!("the record at position {position} has no version; mend it by hand"),
        source: None,
    })?;
    let name: String = row.try_get(7).map_err(|error| unreadable(&error))?;
    let payload: Vec<u8> = row.try_get(10).map_err(|error| unreadable(&error))?;
    Ok(Record::new(
        stream_id(row)?,
        Sequence::new(number(row, 4)?),
        position,
        Epoch::new(number(row, 5)?),
        values::time(signed(row, 6)?),
        Event::from_parts(name, version, encoding, payload),
    ))
}

pub(super) fn head(row: &Row) -> Result<Head, JournalError> {
    let time = |at| row.try_get::<_, Option<i64>>(at).map_err(|error| unreadable(&error));
    let owner: Option<String> = row.try_get(7).map_err(|error| unreadable(&error))?;
    let held = match (owner, time(8)?, time(9)?) {
        (Some(owner), Some(since), Some(until)) => {
            Some(Held { owner, since: values::time(since), until: values::time(until) })
        }
        _ => None,
    };
    Ok(Head {
        stream: stream_id(row)?,
        sequence: Sequence::new(number(row, 2)?),
        epoch: Epoch::new(number(row, 3)?),
        status: row.try_get(4).map_err(|error| unreadable(&error))?,
        priority: row.try_get(5).map_err(|error| unreadable(&error))?,
        due_at: time(6)?.map(values::time),
        held,
        created_at: values::time(signed(row, 10)?),
        changed_at: values::time(signed(row, 11)?),
    })
}

pub(super) fn lease(row: &Row) -> Result<Lease, JournalError> {
    let (epoch, sequence) = (Epoch::new(number(row, 2)?), Sequence::new(number(row, 3)?));
    Ok(Lease::new(stream_id(row)?, epoch, sequence))
}

/// The first two columns.
pub(super) fn stream_id(row: &Row) -> Result<StreamId, JournalError> {
    let text = |at| row.try_get::<_, &str>(at).map_err(|error| unreadable(&error));
    StreamId::new(text(0)?, text(1)?).map_err(|source| JournalError::Unreadable {
        what: "a stream has a name that no journal gives".into(),
        source: Some(source.into()),
    })
}

pub(super) fn signed(row: &Row, at: usize) -> Result<i64, JournalError> {
    row.try_get(at).map_err(|error| unreadable(&error))
}

pub(super) fn number(row: &Row, at: usize) -> Result<u64, JournalError> {
    signed(row, at).map(unsigned)
}
