use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;

/// Tells messages that came before from new ones, by the stream that they come from and their
/// number there.
///
/// It relies on what an [`Outbox`](super::Outbox) does: those of a stream come in order, the last
/// ones perhaps again. So the last number of each stream is all that is kept. Keep it in the
/// transaction that does what the message asks for; this one is part of a model in memory, and
/// [`accept_in_sqlite`](super::accept_in_sqlite) is the same in a table.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::Inbox;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut inbox = Inbox::holding(1_000);
/// assert!(inbox.accept("order/1", 1)?);
/// assert!(inbox.accept("order/1", 2)?);
/// assert!(!inbox.accept("order/1", 1)?);
/// assert!(inbox.accept("order/2", 1)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    last: BTreeMap<String, u64>,
    most: usize,
}

/// An inbox knows as many streams as it may.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::{Inbox, InboxFull};
///
/// let mut inbox = Inbox::holding(1);
/// assert_eq!(inbox.accept("order/1", 1), Ok(true));
/// assert_eq!(inbox.accept("order/2", 1), Err(InboxFull { most: 1 }));
/// // What will send no more makes room.
/// inbox.forget("order/1");
/// assert_eq!(inbox.accept("order/2", 1), Ok(true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxFull {
    /// How many it may know.
    pub most: usize,
}

impl Inbox {
    /// One that knows at most so many streams.
    pub const fn holding(most: usize) -> Self {
        Self { last: BTreeMap::new(), most }
    }

    /// Whether the message is new. From now on it is not.
    ///
    /// # Errors
    ///
    /// When it is of a stream that is not known, and there is no room for another one.
    pub fn accept(&mut self, stream: &str, sequence: u64) -> Result<bool, InboxFull> {
        if let Some(last) = self.last.get_mut(stream) {
            let is_new = sequence > *last;
            *last = sequence.max(*last);
            return Ok(is_new);
        }
        if self.last.len() >= self.most {
            return Err(InboxFull { most: self.most });
        }
        self.last.insert(stream.to_string(), sequence);
        Ok(true)
    }

    /// Forgets a stream from which nothing comes any more.
    pub fn forget(&mut self, stream: &str) {
        self.last.remove(stream);
    }
}

impl Default for Inbox {
    /// One that knows at most 100,000 streams.
    fn default() -> Self {
        Self::holding(100_000)
    }
}

impl fmt::Display for InboxFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the inbox knows {} streams already: forget those that have ended", self.most)
    }
}

impl Error for InboxFull {}

/// Whether the message is new, by a table in that database: in the transaction that does what it
/// asks for, so that both are there or neither.
///
/// `inbox` tells the receivers apart that share a database.
///
/// # Errors
///
/// What the database can meet with.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::accept_in_sqlite;
///
/// # fn main() -> Result<(), rusqlite::Error> {
/// let mut database = rusqlite::Connection::open_in_memory()?;
/// let lost = database.transaction()?;
/// assert!(accept_in_sqlite(&lost, "mails", "order/1", 1)?);
/// lost.rollback()?;
/// let kept = database.transaction()?;
/// assert!(accept_in_sqlite(&kept, "mails", "order/1", 1)?);
/// kept.commit()?;
/// assert!(!accept_in_sqlite(&database, "mails", "order/1", 1)?);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "sqlite")]
pub fn accept_in_sqlite(
    connection: &rusqlite::Connection,
    inbox: &str,
    stream: &str,
    sequence: u64,
) -> Result<bool, rusqlite::Error> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS inbox_messages (
             inbox    TEXT NOT NULL,
             stream   TEXT NOT NULL,
             sequence INTEGER NOT NULL,
             PRIMARY KEY (inbox, stream)
         )",
    )?;
    let mut upsert = connection.prepare_cached(
        "INSERT INTO inbox_messages VALUES (?1, ?2, ?3) ON CONFLICT (inbox, stream)
         DO UPDATE SET sequence = ?3 WHERE sequence < ?3",
    )?;
    Ok(upsert.execute(rusqlite::params![inbox, stream, sequence.cast_signed()])? > 0)
}
