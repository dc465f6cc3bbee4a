use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::telemetry::Attribute;

/// Text that is often known when the program is built.
type Text = Cow<'static, str>;

/// What a panel shows at one moment.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Level, Number, Tile, View, Widget};
///
/// let tile = Tile::new("Open orders", Number::Count(12)).level(Level::Ok);
/// let view = View::new(Level::Ok, "12 orders are open").with(Widget::Tiles(vec![tile]));
/// assert_eq!(view.widgets.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct View {
    /// How it stands, all in all.
    pub level: Level,
    /// The same in a sentence, for who looks at nothing else.
    pub summary: Text,
    /// What is drawn, from top to bottom.
    pub widgets: Vec<Widget>,
}

impl View {
    /// A view with a sentence and nothing else.
    pub fn new(level: Level, summary: impl Into<Text>) -> Self {
        Self { level, summary: summary.into(), widgets: Vec::new() }
    }

    /// The same with that widget below the others.
    #[must_use]
    pub fn with(mut self, widget: Widget) -> Self {
        self.widgets.push(widget);
        self
    }
}

/// How something stands. Shown as colour, form and word, so that no eye is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Nothing is known, or there is nothing to judge.
    #[default]
    None,
    /// As it should be.
    Ok,
    /// Worth a look.
    Warn,
    /// Bad.
    Bad,
}

impl Level {
    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A number with what it counts, from which the page knows how to write it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// So many.
    Count(u64),
    /// So many per second.
    Rate(f64),
    /// A share: 0.5 is 50 %.
    Share(f64),
    /// So long.
    Duration(Duration),
    /// Any other number.
    Plain(f64),
}

/// What stands in a cell or a tile.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Nothing: a dash.
    Nothing,
    /// A number.
    Number(Number),
    /// Words.
    Text(Text),
}

impl From<Number> for Content {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl<N: Into<Content>> From<Option<N>> for Content {
    fn from(content: Option<N>) -> Self {
        content.map_or(Self::Nothing, Into::into)
    }
}

impl From<&'static str> for Content {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// One thing that a panel draws.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Widget {
    /// A few numbers, large.
    Tiles(Vec<Tile>),
    /// Rows.
    Table(Table),
    /// Lines over time.
    Chart(Chart),
    /// Traces, each of which unfolds.
    Traces(Vec<TraceView>),
    /// Who calls whom.
    Map(Map),
    /// A sentence.
    Note(Text),
}

/// One number, large.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tile {
    /// What it is.
    pub title: Text,
    /// The number.
    pub value: Content,
    /// How it stands.
    pub level: Level,
    /// What it means, small.
    pub hint: Option<Text>,
}

impl Tile {
    /// A number with its name.
    pub fn new(title: impl Into<Text>, value: impl Into<Content>) -> Self {
        Self { title: title.into(), value: value.into(), level: Level::None, hint: None }
    }

    /// The same, judged.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same with an explanation.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Text>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Rows, the worst of which should come first.
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
    pub facts: Vec<(Text, Text)>,
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
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cell {
    /// The number or word.
    pub content: Content,
    /// How it stands; anything but [`Level::None`] is shown as a badge.
    pub level: Level,
    /// How the number was of late, the latest last; drawn beside it.
    pub history: Vec<f64>,
}

impl Cell {
    /// A cell.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), level: Level::None, history: Vec::new() }
    }

    /// The same, judged.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
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
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// What [`Panel::act`](super::Panel::act) gets.
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

/// Lines over time, the latest point being now.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Chart {
    /// What it shows.
    pub title: Text,
    /// The same in a sentence with its numbers, for who does not see it.
    pub describe: Text,
    /// How the values are written.
    pub unit: Unit,
    /// The lines.
    pub series: Vec<Series>,
    /// Values that must not be passed, each with its name.
    pub limits: Vec<(Text, f64)>,
    /// What is said where there is no point.
    pub empty: Text,
}

impl Chart {
    /// A chart without lines.
    pub fn new(title: impl Into<Text>, describe: impl Into<Text>, unit: Unit) -> Self {
        Self {
            title: title.into(),
            describe: describe.into(),
            unit,
            series: Vec::new(),
            limits: Vec::new(),
            empty: Cow::Borrowed("No data yet."),
        }
    }
}

/// What the values of a chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Per second.
    Rate,
    /// A share: 0.5 is 50 %.
    Share,
    /// Seconds.
    Seconds,
    /// Anything else.
    Plain,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// Its name.
    pub title: Text,
    /// Seconds, counted from anywhere, and values; in order.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A line.
    pub fn new(title: impl Into<Text>, points: Vec<(f64, f64)>) -> Self {
        Self { title: title.into(), points }
    }
}

/// One trace, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TraceView {
    /// Its id.
    pub id: String,
    /// The name of its local root.
    pub title: Text,
    /// In a word, how it ended.
    pub state: Text,
    /// How it ended.
    pub level: Level,
    /// When it began, in seconds since 1970.
    pub at: f64,
    /// How long it took.
    pub duration: Duration,
    /// Which rule kept it.
    pub kept_by: Text,
    /// The spans, each after its parent.
    pub spans: Vec<SpanView>,
}

/// One span of a trace.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SpanView {
    /// Its name.
    pub title: Text,
    /// How deep it is: the local root is at 0.
    pub depth: u32,
    /// How long after the trace it began.
    pub start: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Whether it failed.
    pub failed: bool,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
}

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
