use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Text;

/// Lines over time, the latest point being now.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Chart, Series, Standing, Unit, View, Widget};
///
/// let mut chart = Chart::new("Orders", "from 3 to 5 orders per second", Unit::Rate);
/// chart.series.push(Series::new("orders", vec![(0.0, 3.0), (1.0, 4.0), (2.0, 5.0)]));
/// chart.limits.push(("what the warehouse bears".into(), 8.0));
/// chart.empty = "no order yet".into();
/// let view = View::new(Standing::Ok, "5 orders per second").with(Widget::Chart(chart));
/// assert_eq!(view.widgets.len(), 1);
/// ```
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
///
/// # Examples
///
/// See [`Chart`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Per second.
    Rate,
    /// A share: 0.5 is 50 %.
    Share,
    /// Seconds.
    Seconds,
    /// So many times as much or as fast.
    Times,
    /// Anything else.
    Plain,
}

/// One line of a chart.
///
/// # Examples
///
/// See [`Chart`].
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
