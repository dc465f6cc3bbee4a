use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Standing, Text};
use crate::telemetry::Attribute;

/// One trace, ready to be drawn.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{Standing, View, Widget};
///
/// // What a panel of one's own makes of those it is shown: the slow ones alone.
/// fn slow(view: View) -> View {
///     let mut slow = View::new(Standing::Warn, "calls of more than a second");
///     for widget in view.widgets {
///         if let Widget::Traces(mut traces) = widget {
///             traces.retain(|trace| trace.duration.as_secs() >= 1);
///             slow = slow.with(Widget::Traces(traces));
///         }
///     }
///     slow
/// }
/// assert!(slow(View::new(Standing::Ok, "no trace yet")).widgets.is_empty());
/// ```
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
    pub standing: Standing,
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
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{SpanView, TraceView};
///
/// fn failed(trace: &TraceView) -> Option<&SpanView> {
///     trace.spans.iter().filter(|span| span.failed).max_by_key(|span| span.depth)
/// }
/// # let _ = failed;
/// ```
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
    /// What happened in it, in order.
    pub events: Vec<EventView>,
}

/// What happened at one moment of a span.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::dashboard::{EventView, SpanView};
///
/// fn first_refusal(span: &SpanView) -> Option<&EventView> {
///     span.events.iter().find(|event| event.title.contains("rejected"))
/// }
/// # let _ = first_refusal;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventView {
    /// How long after the trace began.
    pub at: Duration,
    /// What happened, in words.
    pub title: Text,
}
