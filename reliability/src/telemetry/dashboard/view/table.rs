use alloc::string::String;
use alloc::vec::Vec;

use super::{Content, Standing, Text};

/// Rows, the worst of which should come first.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{
///     Action, Cell, Column, Number, Row, Standing, Table, View, Widget,
/// };
///
/// let columns = vec![Column::text("State"), Column::number("Waiting")];
/// let mut table = Table::new("Warehouse", columns, "no warehouse is known");
///
/// let state = Cell::new("slow").standing(Standing::Warn);
/// let waiting = Cell::new(Number::Count(340)).history(vec![120.0, 260.0, 340.0]);
/// let mut row = Row::new("berlin", "Berlin", vec![state, waiting]);
/// row.facts.push(("opened".into(), "at 8:00".into()));
/// row.actions.push(Action::new("close", "Close", "Berlin packs nothing until it is opened again."));
/// table.rows.push(row);
///
/// let view = View::new(Standing::Warn, "Berlin is slow").with(Widget::Table(table));
/// assert_eq!(view.widgets.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// What the rows are.
    pub head: Text,
    /// The other columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What is said where there is no row.
    pub empty: Text,
}

impl Table {
    /// A table without rows.
    pub fn new(head: impl Into<Text>, columns: Vec<Column>, empty: impl Into<Text>) -> Self {
        Self { head: head.into(), columns, rows: Vec::new(), empty: empty.into() }
    }
}

/// A column.
///
/// # Examples
///
/// See [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// What stands above it.
    pub title: Text,
    /// Whether its cells are numbers, which stand at the right.
    pub numeric: bool,
}

impl Column {
    /// A column of words.
    pub fn text(title: impl Into<Text>) -> Self {
        Self { title: title.into(), numeric: false }
    }

    /// A column of numbers.
    pub fn number(title: impl Into<Text>) -> Self {
        Self { title: title.into(), numeric: true }
    }
}

/// A row.
///
/// # Examples
///
/// See [`Table`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// What tells it from the others of its table, for as long as it lives.
    pub id: String,
    /// What stands first.
    pub title: Text,
    /// What stands below that, small.
    pub subtitle: Option<Text>,
    /// One for each column.
    pub cells: Vec<Cell>,
    /// What shows when it is unfolded: names and values.
    pub facts: Vec<(Text, Content)>,
    /// What an operator may do to it, where operators may do things.
    pub actions: Vec<Action>,
}

impl Row {
    /// A row that does not unfold.
    pub fn new(id: impl Into<String>, title: impl Into<Text>, cells: Vec<Cell>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            subtitle: None,
            cells,
            facts: Vec::new(),
            actions: Vec::new(),
        }
    }
}

/// What stands where a row and a column meet.
///
/// # Examples
///
/// See [`Table`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cell {
    /// The number or word.
    pub content: Content,
    /// How it stands; anything but [`Standing::None`] is shown as a badge.
    pub standing: Standing,
    /// How the number was of late, the latest last; drawn beside it.
    pub history: Vec<f64>,
}

impl Cell {
    /// A cell.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), standing: Standing::None, history: Vec::new() }
    }

    /// The same, judged.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    /// The same with how it was of late.
    #[must_use]
    pub fn history(mut self, history: Vec<f64>) -> Self {
        self.history = history;
        self
    }
}

/// What an operator may do.
///
/// # Examples
///
/// See [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// What [`Panel::act`](crate::telemetry::dashboard::Panel::act) gets.
    pub id: Text,
    /// What stands on the button.
    pub title: Text,
    /// What will happen, in a sentence that asks to be confirmed.
    pub describe: Text,
}

impl Action {
    /// An action.
    pub fn new(id: impl Into<Text>, title: impl Into<Text>, describe: impl Into<Text>) -> Self {
        Self { id: id.into(), title: title.into(), describe: describe.into() }
    }
}
