use alloc::string::String;
use alloc::vec::Vec;

use super::{Standing, Text};

/// Who calls whom.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Edge, Map, Node, Standing, View, Widget};
///
/// let mut map = Map::default();
/// map.describe = "the shop calls the stock, which is slow".into();
/// map.nodes.push(Node::new("shop", "this service", Standing::Ok));
/// map.nodes.push(Node::new("stock", "p99 900 ms", Standing::Warn));
/// map.edges.push(Edge::new("shop", "stock", "40/s", Standing::Warn));
/// let view = View::new(Standing::Warn, "the stock is slow").with(Widget::Map(map));
/// assert_eq!(view.widgets.len(), 1);
/// ```
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
///
/// # Examples
///
/// See [`Map`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Its name, which tells it from the others.
    pub id: String,
    /// What is said of it, small.
    pub subtitle: Text,
    /// How it stands.
    pub standing: Standing,
}

impl Node {
    /// A node.
    pub fn new(id: impl Into<String>, subtitle: impl Into<Text>, standing: Standing) -> Self {
        Self { id: id.into(), subtitle: subtitle.into(), standing }
    }
}

/// Calls from one node to another.
///
/// # Examples
///
/// See [`Map`].
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
    pub standing: Standing,
}

impl Edge {
    /// Calls from `from` to `to`.
    pub fn new(
        from: impl Into<String>,
        to: impl Into<String>,
        title: impl Into<Text>,
        standing: Standing,
    ) -> Self {
        Self { from: from.into(), to: to.into(), title: title.into(), standing }
    }
}
