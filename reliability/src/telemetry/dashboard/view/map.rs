use alloc::string::String;
use alloc::vec::Vec;

use super::{Level, Text};

/// Who calls whom.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Map {
    /// The same in a sentence, for who does not see it.
    pub describe: Text,
    /// Who there is.
    pub nodes: Vec<Node>,
    /// The calls.
    pub edges: Vec<Edge>,
}

/// One that calls or is called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Its name, which tells it from the others.
    pub id: String,
    /// What is said of it, small.
    pub subtitle: Text,
    /// How it stands.
    pub level: Level,
}

impl Node {
    /// A node.
    pub fn new(id: impl Into<String>, subtitle: impl Into<Text>, level: Level) -> Self {
        Self { id: id.into(), subtitle: subtitle.into(), level }
    }
}

/// Calls from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edge {
    /// The id of who calls.
    pub from: String,
    /// The id of who is called.
    pub to: String,
    /// What is said of the calls.
    pub title: Text,
    /// How they stand.
    pub level: Level,
}

impl Edge {
    /// Calls from `from` to `to`.
    pub fn new(
        from: impl Into<String>,
        to: impl Into<String>,
        title: impl Into<Text>,
        level: Level,
    ) -> Self {
        Self { from: from.into(), to: to.into(), title: title.into(), level }
    }
}
