use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

mod chart;
mod map;
mod table;
mod traces;

pub use chart::{Chart, Series, Unit};
pub use map::{Edge, Map, Node};
pub use table::{Action, Cell, Column, Row, Table};
pub use traces::{EventView, SpanView, TraceView};

/// Text that is often known when the program is built.
type Text = Cow<'static, str>;

/// What a panel shows at one moment.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Number, Standing, Tile, View, Widget};
///
/// let tile = Tile::new("Open orders", Number::Count(12)).standing(Standing::Ok);
/// let view = View::new(Standing::Ok, "12 orders are open").with(Widget::Tiles(vec![tile]));
/// assert_eq!(view.widgets.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct View {
    /// How it stands, all in all.
    pub standing: Standing,
    /// The same in a sentence, for who looks at nothing else.
    pub summary: Text,
    /// What is drawn, from top to bottom.
    pub widgets: Vec<Widget>,
}

impl View {
    /// A view with a sentence and nothing else.
    pub fn new(standing: Standing, summary: impl Into<Text>) -> Self {
        Self { standing, summary: summary.into(), widgets: Vec::new() }
    }

    /// The same with that widget below the others.
    #[must_use]
    pub fn with(mut self, widget: Widget) -> Self {
        self.widgets.push(widget);
        self
    }
}

/// How something stands. Shown as colour, form and word, so that no eye is left out.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::Standing;
///
/// // The worst of all is what stands above them.
/// let parts = [Standing::Ok, Standing::Bad, Standing::Warn];
/// assert_eq!(parts.into_iter().max(), Some(Standing::Bad));
/// assert_eq!(Standing::Bad.as_str(), "bad");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Standing {
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

impl Standing {
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
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::dashboard::{Content, Number, Tile};
///
/// let tiles = [
///     Tile::new("Orders", Number::Rate(4.2)),
///     Tile::new("Kept", Number::Share(0.999)),
///     Tile::new("p99", Number::Duration(Duration::from_millis(120))),
/// ];
/// assert_eq!(tiles[1].value, Content::Number(Number::Share(0.999)));
/// ```
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
    /// So many times as much or as fast: 2 is twice.
    Times(f64),
    /// Any other number.
    Plain(f64),
}

/// What stands in a cell or a tile.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Content, Number};
///
/// assert_eq!(Content::from("closed"), Content::Text("closed".into()));
/// assert_eq!(Content::from(Number::Count(7)), Content::Number(Number::Count(7)));
/// // What is not known is a dash.
/// assert_eq!(Content::from(None::<Number>), Content::Nothing);
/// ```
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

impl From<Text> for Content {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// One thing that a panel draws.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Number, Standing, Tile, View, Widget};
///
/// let view = View::new(Standing::Ok, "12 orders are open")
///     .with(Widget::Tiles(vec![Tile::new("Open", Number::Count(12))]))
///     .with(Widget::Note("closed ones are in the archive".into()));
/// assert_eq!(view.widgets.len(), 2);
/// ```
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
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Number, Standing, Tile};
///
/// let tile = Tile::new("Waiting", Number::Count(340))
///     .standing(Standing::Warn)
///     .hint("orders that nobody has packed yet");
/// assert_eq!(tile.standing, Standing::Warn);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tile {
    /// What it is.
    pub title: Text,
    /// The number.
    pub value: Content,
    /// How it stands.
    pub standing: Standing,
    /// What it means, small.
    pub hint: Option<Text>,
}

impl Tile {
    /// A number with its name.
    pub fn new(title: impl Into<Text>, value: impl Into<Content>) -> Self {
        Self { title: title.into(), value: value.into(), standing: Standing::None, hint: None }
    }

    /// The same, judged.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    /// The same with an explanation.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Text>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
