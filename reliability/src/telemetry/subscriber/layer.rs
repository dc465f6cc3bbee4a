use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use std::io::{self, Write as _};

use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::registry::LookupSpan;

use super::fields::Visited;
use crate::telemetry::log::{self, Format, Level, Record};
use crate::telemetry::quiet::is_quiet;
use crate::telemetry::trace::{self, Context, Here, Kind, OpenSpan};
use crate::telemetry::{Attribute, Value};
use crate::time::wall_clock;

/// A layer of `tracing_subscriber`: spans of other libraries go into the recorder, and events become
/// records of the log, each with the trace in which it was said.
///
/// A span of [`#[traced]`](crate::telemetry::traced) is recorded without it; here it is passed over, so
/// that nothing is there twice. An event of level `ERROR` makes rules for errors keep its trace.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::log::Format;
/// use reliability::telemetry::subscriber::Layer;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry().with(Layer::new().lines(Format::Json));
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info!(sku = "tea", "sold out");
/// });
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Layer {
    lines: Option<Format>,
}

impl Layer {
    /// A layer that hands records to the [sinks](crate::telemetry::log::add_sink), and writes
    /// nothing.
    pub const fn new() -> Self {
        Self { lines: None }
    }

    /// Writes each record on the standard error stream as well.
    #[must_use]
    pub const fn lines(mut self, format: Format) -> Self {
        self.lines = Some(format);
        self
    }
}

/// The field that `#[traced]` declares and never fills.
const TRACED: &str = "reliability.traced";

/// A span of `tracing` in the recorder.
struct Recorded(OpenSpan);

std::thread_local! {
    /// Spans that this thread has entered and not left, each with where it was before.
    static ENTERED: RefCell<Vec<(u64, Here)>> = const { RefCell::new(Vec::new()) };
}

impl<S> tracing_subscriber::Layer<S> for Layer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        if is_ours(attributes.metadata()) || is_quiet() {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let mut builder = trace::span(attributes.metadata().name());
        if attributes.is_root() {
            builder = builder.within(&Context::default());
        } else if let Some(parent) = attributes.parent().and_then(|parent| context.span(parent)) {
            let outer = parent.extensions().get::<Recorded>().map(|parent| parent.0.context());
            if let Some(outer) = outer {
                builder = builder.within(&outer);
            }
        }
        let mut visited = Visited::default();
        if builder.is_recorded() {
            attributes.record(&mut visited);
        }
        let (kind, name, rest) = conventions(visited.attributes);
        let open = builder.kind(kind).begin();
        if let Some(name) = name {
            open.rename(&name);
        }
        say(&open, rest);
        span.extensions_mut().insert(Recorded(open));
    }

    fn on_record(&self, id: &Id, values: &SpanRecord<'_>, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let extensions = span.extensions();
        let Some(Recorded(open)) = extensions.get::<Recorded>() else { return };
        if open.is_recorded() {
            let mut visited = Visited::default();
            values.record(&mut visited);
            let (_, name, rest) = conventions(visited.attributes);
            if let Some(name) = name {
                open.rename(&name);
            }
            say(open, rest);
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: LayerContext<'_, S>) {
        let (Some(span), Some(other)) = (context.span(id), context.span(follows)) else { return };
        // One after the other: the two may be one span.
        let other = other.extensions().get::<Recorded>().map(|other| other.0.context());
        let extensions = span.extensions();
        if let (Some(Recorded(open)), Some(other)) = (extensions.get::<Recorded>(), other) {
            open.add(|fields| {
                if let Some((trace, span)) = other.trace_id().zip(other.span_id()) {
                    fields.link(trace, span);
                }
            });
        }
    }

    fn on_enter(&self, id: &Id, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(Recorded(open)) = span.extensions().get::<Recorded>()
            && let Some(here) = open.here()
        {
            let outer = here.replace();
            let entered = (id.into_u64(), outer);
            // Not there while the thread ends: then nothing runs inside of the span either.
            let _ = ENTERED.try_with(|spans| spans.borrow_mut().push(entered));
        }
    }

    fn on_exit(&self, id: &Id, _context: LayerContext<'_, S>) {
        let _ = ENTERED.try_with(|spans| {
            let mut spans = spans.borrow_mut();
            let Some(at) = spans.iter().rposition(|(entered, _)| *entered == id.into_u64()) else {
                return;
            };
            let (_, outer) = spans.remove(at);
            match spans.get_mut(at) {
                // One that was entered later is still entered: it goes back further.
                Some((_, before)) => *before = outer,
                None => {
                    outer.replace();
                }
            }
        });
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let recorded = span.extensions_mut().remove::<Recorded>();
        drop(recorded);
    }

    fn on_event(&self, event: &Event<'_>, _context: LayerContext<'_, S>) {
        if is_quiet() {
            return;
        }
        let record = record(event);
        if record.level == Level::Error {
            trace::error_logged();
        }
        if let Some(format) = self.lines {
            let line = format.line(&record);
            // Whom could one tell?
            let _ = io::stderr().lock().write_all(line.as_bytes());
        }
        log::emit(&record);
    }
}

fn record(event: &Event<'_>) -> Record {
    let metadata = event.metadata();
    let mut visited = Visited::default();
    event.record(&mut visited);
    let mut record = Record::new(wall_clock(), level(*metadata.level()), visited.message);
    record.scope = metadata.target().into();
    record.attributes = visited.attributes;
    // Events that have a name of their own are found by it.
    if !metadata.name().starts_with("event ") {
        record.attributes.push(Attribute::new("event.name", metadata.name()));
    }
    if let Some(current) = trace::current() {
        record.trace_id = Some(current.trace_id());
        record.span_id = Some(current.span_id());
        record.sampled = current.is_sampled();
    }
    record
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

/// Whether it is the span that `#[traced]` makes for subscribers of other libraries.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field(TRACED).is_some()
}

/// What `otel.kind` and `otel.name` say, as in `tracing-opentelemetry`, and the other fields.
fn conventions(attributes: Vec<Attribute>) -> (Kind, Option<String>, Vec<Attribute>) {
    let (mut kind, mut name) = (Kind::Internal, None);
    let mut rest = attributes;
    rest.retain(|attribute| match (&*attribute.key, &attribute.value) {
        ("otel.kind", Value::Text(text)) => {
            kind = match text.to_lowercase().as_str() {
                "server" => Kind::Server,
                "client" => Kind::Client,
                "producer" => Kind::Producer,
                "consumer" => Kind::Consumer,
                _ => Kind::Internal,
            };
            false
        }
        ("otel.name", Value::Text(text)) => {
            name = Some(text.clone().into_owned());
            false
        }
        _ => true,
    });
    (kind, name, rest)
}

/// Writes down what is known of a span; an error makes it one that failed.
fn say(span: &OpenSpan, attributes: Vec<Attribute>) {
    for Attribute { key, value } in attributes {
        match (&*key, &value) {
            ("otel.status_code", Value::Text(text)) if text.eq_ignore_ascii_case("error") => {
                span.fail("");
            }
            ("otel.status_code", Value::Text(text)) if text.eq_ignore_ascii_case("ok") => {
                span.succeed();
            }
            ("otel.status_description" | "otel.status_message" | "error", _) => span.fail(&value),
            _ => {}
        }
        if let alloc::borrow::Cow::Borrowed(key) = key {
            span.set(key, value);
        }
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
