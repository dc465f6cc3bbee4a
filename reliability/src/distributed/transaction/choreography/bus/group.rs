use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::error::Invalid;

/// A group of subscribers that share what comes to a topic: all processes of one participant.
///
/// Each group gets every envelope of its topic; one of its members gets it.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::bus::Group;
///
/// let stock = Group::of("place_order", "stock")?.with_most_unsettled(16)?;
/// assert_eq!((stock.topic(), stock.name()), ("place_order", "stock"));
/// assert!(Group::of("place_order", "The Stock").is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    topic: Arc<str>,
    name: Arc<str>,
    most_unsettled: usize,
}

impl Group {
    /// The longest name of a topic or a group, in bytes.
    pub const LONGEST_NAME: usize = 64;
    /// The most that a member may hold without settling it.
    pub const MOST_UNSETTLED: usize = 10_000;

    /// The group of that name that listens to that topic.
    ///
    /// # Errors
    ///
    /// Both must be 1 to 64 of `a-z`, `0-9`, `_`, `-` and `.`.
    pub fn of(topic: &str, name: &str) -> Result<Self, Invalid> {
        check_name("topic", topic)?;
        check_name("group", name)?;
        Ok(Self { topic: topic.into(), name: name.into(), most_unsettled: 64 })
    }

    /// So many may a member hold that it has settled with neither `ack` nor `nack`, 1 to 10,000; 64 by
    /// default. Others are given to others.
    ///
    /// # Errors
    ///
    /// When it is none or more than that.
    pub fn with_most_unsettled(mut self, most: usize) -> Result<Self, Invalid> {
        if !(1..=Self::MOST_UNSETTLED).contains(&most) {
            return Err(Invalid::new("bus", "most_unsettled", "1 to 10000", most));
        }
        self.most_unsettled = most;
        Ok(self)
    }

    /// What it listens to.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Its own name, beside those of other groups of the topic.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many a member may hold without settling them.
    pub const fn most_unsettled(&self) -> usize {
        self.most_unsettled
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.name)
    }
}

pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), Invalid> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    if (1..=Group::LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    let expected = "1 to 64 of `a-z`, `0-9`, `_`, `-` and `.`";
    Err(Invalid::new("bus", what, expected, shortened(name)))
}

/// As it is told in a message.
pub(super) fn shortened(text: &str) -> String {
    let start: String = text.chars().take(80).collect();
    alloc::format!("{start:?}{}", if start.len() < text.len() { ".." } else { "" })
}
