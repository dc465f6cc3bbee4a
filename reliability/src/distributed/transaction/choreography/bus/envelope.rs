use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde_json::{Map, Value};

use super::BusError;
use super::group::{check_name, shortened};
use crate::distributed::transaction::saga::push_printable;
use crate::error::Invalid;
use crate::journal::{Encoding, Event};

/// An event on its way, with all that its receivers need to know of it.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::bus::{Envelope, TransactionId};
/// use reliability::journal::Event;
///
/// let order = TransactionId::new(0xf00);
/// let placed = Envelope::new("place_order", order, "order-1", Event::json("Placed", 1, &"tea")?)?;
/// let reserved = Event::json("Reserved", 1, &3)?;
/// let reserved = Envelope::new("place_order", order, "order-1", reserved)?
///     .caused_by(placed.id())
///     .with_effect("00000000000000000000000000000f00-Reserved")?;
/// assert_eq!(reserved.id().as_str(), "00000000000000000000000000000f00-Reserved");
///
/// // As a broker carries it, and as it is read again by whoever has it open:
/// let written = reserved.write();
/// assert!(written.ends_with(b"\n3"));
/// assert_eq!(Envelope::read(&written)?, reserved);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    topic: Arc<str>,
    id: EventId,
    transaction: TransactionId,
    key: Arc<str>,
    event: Event,
    cause: Option<EventId>,
    effect: Option<Arc<str>>,
    traceparent: Option<Arc<str>>,
}

/// The name of one event in the world, the same however often it is published: what repetitions are
/// told by. Printable ASCII, at most 200 bytes.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::bus::EventId;
///
/// assert_eq!(EventId::new("order-1-Placed")?.to_string(), "order-1-Placed");
/// assert!(EventId::new("two\nlines").is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(Arc<str>);

/// Which transaction an event belongs to: one number for all that follows from one start.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::bus::TransactionId;
///
/// let order = TransactionId::new(0xf00);
/// assert_eq!(order.to_string(), "00000000000000000000000000000f00");
/// assert_eq!(order.to_string().parse(), Ok(order));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(u128);

impl Envelope {
    /// The longest payload, in bytes: what brokers carry without being set up for more.
    pub const LONGEST_PAYLOAD: usize = 512 << 10;

    /// An event of a transaction that was started with that key. Its [id](Self::id) is made of the
    /// transaction and the event's name: an event happens once in a transaction.
    ///
    /// # Errors
    ///
    /// The topic must be 1 to 64 of `a-z`, `0-9`, `_`, `-` and `.`, the key 1 to 255 bytes without
    /// control characters, the event's name 1 to 128 of those, and its payload at most 512 KiB.
    pub fn new(
        topic: &str,
        transaction: TransactionId,
        key: &str,
        event: Event,
    ) -> Result<Self, Invalid> {
        check_name("topic", topic)?;
        check_text("key", key, 255)?;
        check_text("event name", event.name(), Event::LONGEST_NAME)?;
        if event.payload().len() > Self::LONGEST_PAYLOAD {
            let got = format!("{} bytes of `{}`", event.payload().len(), event.name());
            return Err(Invalid::new("bus", "payload", "at most 512 KiB", got)
                .with_advice("keep what is larger elsewhere, and say where it is"));
        }
        let mut id = format!("{transaction}-");
        push_printable(&mut id, event.name());
        let id = EventId(id.into());
        let (topic, key) = (topic.into(), key.into());
        let (cause, effect, traceparent) = (None, None, None);
        Ok(Self { topic, id, transaction, key, event, cause, effect, traceparent })
    }

    /// Another id, for an event that may happen more than once in a transaction.
    #[must_use]
    pub fn with_id(mut self, id: EventId) -> Self {
        self.id = id;
        self
    }

    /// The event that this one follows from.
    #[must_use]
    pub fn caused_by(mut self, cause: &EventId) -> Self {
        self.cause = Some(cause.clone());
        self
    }

    /// The effect in the world that it tells of.
    ///
    /// # Errors
    ///
    /// When it is not 1 to 200 bytes of printable ASCII.
    pub fn with_effect(mut self, effect: &str) -> Result<Self, Invalid> {
        check_ascii("effect", effect)?;
        self.effect = Some(effect.into());
        Ok(self)
    }

    /// The trace that it belongs to, as the W3C's `traceparent`.
    ///
    /// # Errors
    ///
    /// When it is not 1 to 200 bytes of printable ASCII.
    pub fn with_traceparent(mut self, traceparent: &str) -> Result<Self, Invalid> {
        check_ascii("traceparent", traceparent)?;
        self.traceparent = Some(traceparent.into());
        Ok(self)
    }

    /// What is listened to: the name of the choreography.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The name of the event itself, by which repetitions are told.
    pub const fn id(&self) -> &EventId {
        &self.id
    }

    /// The transaction that it belongs to.
    pub const fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// The key that the transaction was started with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What has happened, with the name and version of its form.
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// The event that it follows from.
    pub const fn cause(&self) -> Option<&EventId> {
        self.cause.as_ref()
    }

    /// The effect in the world that it tells of.
    pub fn effect(&self) -> Option<&str> {
        self.effect.as_deref()
    }

    /// The trace that it belongs to, as the W3C's `traceparent`.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// As it is carried: one line of JSON that says all but the payload, and behind it the payload as
    /// it is.
    pub fn write(&self) -> Vec<u8> {
        let texts = [
            ("topic", Some(self.topic.to_string())),
            ("id", Some(self.id.to_string())),
            ("transaction", Some(self.transaction.to_string())),
            ("key", Some(self.key.to_string())),
            ("event", Some(self.event.name().to_string())),
            ("encoding", Some(self.event.encoding().as_str().to_string())),
            ("cause", self.cause.as_ref().map(ToString::to_string)),
            ("effect", self.effect().map(ToString::to_string)),
            ("traceparent", self.traceparent().map(ToString::to_string)),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
        let mut line: Map<String, Value> =
            texts.map(|(name, text)| (name.to_string(), Value::from(text))).collect();
        line.insert("version".into(), self.event.version().into());
        let mut written = Value::from(line).to_string().into_bytes();
        written.push(b'\n');
        written.extend_from_slice(self.event.payload());
        written
    }

    /// What [`write`](Self::write) has written.
    ///
    /// # Errors
    ///
    /// [`BusError::Unreadable`] when it is something else.
    pub fn read(written: &[u8]) -> Result<Self, BusError> {
        let end = written.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| unreadable("it has no first line"))?;
        let line: Value =
            serde_json::from_slice(&written[..end]).map_err(|it| unreadable(&it.to_string()))?;
        let missing = |name: &str| unreadable(&format!("its first line has no `{name}`"));
        let text = |name: &str| line[name].as_str();
        let wanted = |name: &str| text(name).ok_or_else(|| missing(name));
        let invalid = |it: Invalid| unreadable(&it.to_string());

        let encoding = Encoding::from_name(wanted("encoding")?);
        let encoding = encoding.ok_or_else(|| unreadable("its encoding is none that is known"))?;
        let version = line["version"].as_u64().and_then(|it| u32::try_from(it).ok());
        let version = version.ok_or_else(|| missing("version"))?;
        let (name, payload) = (wanted("event")?.to_string(), written[end + 1..].to_vec());
        let event = Event::from_parts(name, version, encoding, payload);
        let transaction = wanted("transaction")?.parse().map_err(invalid)?;
        let read = Self::new(wanted("topic")?, transaction, wanted("key")?, event);
        let mut read = read.map_err(invalid)?;
        read.id = EventId::new(wanted("id")?).map_err(invalid)?;
        read.cause = text("cause").map(EventId::new).transpose().map_err(invalid)?;
        if let Some(effect) = text("effect") {
            read = read.with_effect(effect).map_err(invalid)?;
        }
        if let Some(traceparent) = text("traceparent") {
            read = read.with_traceparent(traceparent).map_err(invalid)?;
        }
        Ok(read)
    }
}

fn unreadable(why: &str) -> BusError {
    BusError::Unreadable { what: format!("what came is no envelope: {why}") }
}

impl EventId {
    /// The longest, in bytes.
    pub const LONGEST: usize = 200;

    /// That name.
    ///
    /// # Errors
    ///
    /// When it is not 1 to 200 bytes of printable ASCII.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        check_ascii("event id", name)?;
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TransactionId {
    /// That number.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u128 {
        self.0
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl core::str::FromStr for TransactionId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or_else(|| {
            Invalid::new("bus", "transaction", "32 hexadecimal digits", shortened(text))
        })
    }
}

fn check_text(what: &'static str, text: &str, longest: usize) -> Result<(), Invalid> {
    if (1..=longest).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let expected = format!("1 to {longest} bytes without control characters");
    Err(Invalid::new("bus", what, expected, shortened(text)))
}

fn check_ascii(what: &'static str, text: &str) -> Result<(), Invalid> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if (1..=EventId::LONGEST).contains(&text.len()) && printable {
        return Ok(());
    }
    let expected = "1 to 200 bytes of printable ASCII";
    Err(Invalid::new("bus", what, expected, shortened(text)))
}
