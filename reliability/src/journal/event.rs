//! What is written, and what is read.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::id::shortened;
use super::{Epoch, JournalError, Position, Sequence, StreamId};
use crate::error::Invalid;

/// What a record says, with the name and version of its form, so that who does not have the type
/// can still read it: an operator's tool, a newer program, a person with `sqlite3`.
///
/// # Examples
///
/// ```
/// use reliability::journal::Event;
///
/// let event = Event::json("Reserved", 2, &("tea", 3))?;
/// assert_eq!(event.payload(), br#"["tea",3]"#);
/// let (article, count): (String, u32) = event.read_json()?;
/// assert_eq!((article.as_str(), count), ("tea", 3));
///
/// // What a store does with it:
/// let kept = Event::from_parts("Reserved", 2, event.encoding(), event.payload().to_vec());
/// assert_eq!(kept, event);
/// # Ok::<(), reliability::journal::JournalError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    name: Cow<'static, str>,
    version: u32,
    encoding: Encoding,
    payload: Vec<u8>,
}

/// How the payload of an event is written.
///
/// # Examples
///
/// ```
/// use reliability::journal::Encoding;
///
/// assert_eq!(Encoding::Json.as_str(), "json");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// A JSON text in UTF-8.
    Json,
    /// Whatever the one who wrote it knows how to read.
    Bytes,
}

impl Encoding {
    /// Its name in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Bytes => "bytes",
        }
    }

    /// The encoding of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Json, Self::Bytes].into_iter().find(|encoding| encoding.as_str() == name)
    }
}

impl Event {
    /// The longest payload, in bytes: 16 MiB.
    pub const LONGEST_PAYLOAD: usize = 16 << 20;
    /// The longest name, in bytes.
    pub const LONGEST_NAME: usize = 128;

    /// An event whose payload is that value as JSON.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unreadable`] when the value cannot be written as JSON: a map whose keys are
    /// no strings, or its own `Serialize` fails.
    pub fn json(
        name: impl Into<Cow<'static, str>>,
        version: u32,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, JournalError> {
        let name = name.into();
        let payload = serde_json::to_vec(value).map_err(|source| JournalError::Unreadable {
            what: alloc::format!("`{name}` cannot be written as JSON"),
            source: Some(source.into()),
        })?;
        Ok(Self { name, version, encoding: Encoding::Json, payload })
    }

    /// An event whose payload the journal does not look at.
    pub fn bytes(
        name: impl Into<Cow<'static, str>>,
        version: u32,
        payload: impl Into<Vec<u8>>,
    ) -> Self {
        let (name, payload) = (name.into(), payload.into());
        Self { name, version, encoding: Encoding::Bytes, payload }
    }

    /// An event as a store has kept it.
    pub fn from_parts(
        name: impl Into<Cow<'static, str>>,
        version: u32,
        encoding: Encoding,
        payload: Vec<u8>,
    ) -> Self {
        Self { name: name.into(), version, encoding, payload }
    }

    /// The name of its form.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of its form.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// How its payload is written.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Its payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The value that its payload is as JSON.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unreadable`] when it is no JSON, or of another form.
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<T, JournalError> {
        if self.encoding != Encoding::Json {
            let (name, encoding) = (&self.name, self.encoding.as_str());
            let what = alloc::format!("the payload of `{name}` is `{encoding}`, not `json`");
            return Err(JournalError::Unreadable { what, source: None });
        }
        serde_json::from_slice(&self.payload).map_err(|source| JournalError::Unreadable {
            what: alloc::format!(
                "version {} of `{}` is of another form than expected",
                self.version,
                self.name
            ),
            source: Some(source.into()),
        })
    }

    /// What the largest takes.
    pub(super) const LARGEST: usize = 64 + Self::LONGEST_NAME + Self::LONGEST_PAYLOAD;

    /// About how many bytes it takes, in memory and in a store.
    pub(super) fn size(&self) -> usize {
        64 + self.name.len() + self.payload.len()
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        let length = self.name.len();
        if !(1..=Self::LONGEST_NAME).contains(&length) || self.name.chars().any(char::is_control) {
            let expected = "1 to 128 bytes without control characters";
            return Err(Invalid::new("journal", "event name", expected, shortened(&self.name)));
        }
        if self.payload.len() > Self::LONGEST_PAYLOAD {
            let got = alloc::format!("{} bytes of `{}`", self.payload.len(), self.name);
            return Err(Invalid::new("journal", "payload", "at most 16 MiB", got)
                .with_advice("keep what is larger elsewhere, and write where it is"));
        }
        Ok(())
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Event");
        shown.field("name", &self.name).field("version", &self.version);
        match self.encoding {
            Encoding::Json => shown.field("payload", &String::from_utf8_lossy(&self.payload)),
            Encoding::Bytes => shown.field("payload", &format_args!("{} B", self.payload.len())),
        };
        shown.finish()
    }
}

/// An event in its place.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Event, Journal, Sequence, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let (journal, order) = (Journal::in_memory(), StreamId::new("order", "4711")?);
/// journal.append(Append::to(&order).event(Event::json("Placed", 1, &3)?)).await?;
/// let records = journal.read(&order, Sequence::START, 10).await?;
/// assert_eq!((records[0].sequence.get(), records[0].event.name()), (1, "Placed"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The stream that it belongs to.
    pub stream: StreamId,
    /// Its number there.
    pub sequence: Sequence,
    /// Its place among the records of all streams.
    pub position: Position,
    /// The epoch in which it was written.
    pub epoch: Epoch,
    /// When it was written, by the clock of the store.
    pub at: SystemTime,
    /// What it says.
    pub event: Event,
}

impl Record {
    /// A record as a store has kept it.
    pub fn new(
        stream: StreamId,
        sequence: Sequence,
        position: Position,
        epoch: Epoch,
        at: SystemTime,
        event: Event,
    ) -> Self {
        Self { stream, sequence, position, epoch, at, event }
    }
}
