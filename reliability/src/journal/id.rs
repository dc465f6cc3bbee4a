//! The names and numbers by which records are found.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::fmt;

use crate::error::Invalid;

/// The name of a stream: what kind of thing it tells about, and which one of them.
///
/// The kind is what workers [claim](super::Journal::claim) by: all orders, all decisions. The key
/// tells one from the other and is the user's own: an order number, an address, a UUID.
///
/// # Examples
///
/// ```
/// use reliability::journal::StreamId;
///
/// let order = StreamId::new("order", "4711")?;
/// assert_eq!(order.to_string(), "order/4711");
/// assert!(StreamId::new("An Order", "4711").is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    kind: Arc<str>,
    key: Arc<str>,
}

impl StreamId {
    /// The longest kind, in bytes.
    pub const LONGEST_KIND: usize = 64;
    /// The longest key, in bytes.
    pub const LONGEST_KEY: usize = 255;

    /// The name of a stream.
    ///
    /// # Errors
    ///
    /// The kind must be 1 to 64 of `a-z`, `0-9`, `_`, `-` and `.`; the key 1 to 255 bytes without
    /// control characters.
    pub fn new(kind: &str, key: &str) -> Result<Self, Invalid> {
        check_kind(kind)?;
        if !(1..=Self::LONGEST_KEY).contains(&key.len()) || key.chars().any(char::is_control) {
            let expected = "1 to 255 bytes without control characters";
            return Err(Invalid::new("journal", "key", expected, shortened(key))
                .with_advice("take a number or a digest of what is longer"));
        }
        Ok(Self { kind: kind.into(), key: key.into() })
    }

    /// What kind of thing it tells about.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Which one of that kind.
    pub fn key(&self) -> &str {
        &self.key
    }
}

pub(super) fn check_kind(kind: &str) -> Result<(), Invalid> {
    let of_kind =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    if (1..=StreamId::LONGEST_KIND).contains(&kind.len()) && kind.bytes().all(of_kind) {
        return Ok(());
    }
    let expected = "1 to 64 of `a-z`, `0-9`, `_`, `-` and `.`";
    Err(Invalid::new("journal", "kind", expected, shortened(kind)))
}

/// As it is told in a message: in quotes, so that one sees what is empty or no letter.
pub(super) fn shortened(text: &str) -> alloc::string::String {
    let start: alloc::string::String = text.chars().take(80).collect();
    alloc::format!("{start:?}{}", if start.len() < text.len() { ".." } else { "" })
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.key)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

/// The number of a record in its stream: the first is 1, and none is left out.
///
/// # Examples
///
/// ```
/// use reliability::journal::Sequence;
///
/// assert_eq!(Sequence::START.next(), Sequence::new(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Sequence(u64);

impl Sequence {
    /// Before the first record: the sequence of an empty stream.
    pub const START: Self = Self(0);

    /// The sequence of that number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of a claim, higher than those of all claims before: a fencing token, which a worker
/// shows with every append. Numbers go up to 2^63 - 1; when they are used up, nothing can be claimed any
/// more, and none is given twice.
///
/// # Examples
///
/// ```
/// use reliability::journal::Epoch;
///
/// assert!(Epoch::new(2) > Epoch::NEVER);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch of a stream that nobody has claimed yet.
    pub const NEVER: Self = Self(0);

    /// The epoch of that number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A place in the order of all records of a journal. Places grow; there may be gaps between them.
///
/// Its two numbers mean what its store wants them to mean: keep them, and give them back.
///
/// # Examples
///
/// ```
/// use reliability::journal::Position;
///
/// let kept: (u64, u64) = Position::START.parts();
/// assert_eq!(Position::from_parts(kept.0, kept.1), Position::START);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(u64, u64);

impl Position {
    /// Before the first record.
    pub const START: Self = Self(0, 0);

    /// The position of two numbers, the first of which counts for more.
    pub const fn from_parts(major: u64, minor: u64) -> Self {
        Self(major, minor)
    }

    /// Its two numbers.
    pub const fn parts(self) -> (u64, u64) {
        (self.0, self.1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(0, minor) => fmt::Display::fmt(&minor, f),
            Self(major, minor) => write!(f, "{major}.{minor}"),
        }
    }
}
