use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt::{self, Write as _};

use super::super::{SpanId, TraceId};
use super::note::{Note, Small, Sort, Text, link_to_bytes};
use crate::telemetry::Value;

/// What is to be written down of a span, before it is.
///
/// Values are formatted by code of the user, which may do anything, also make spans of its own. So
/// they come here first, into memory that the thread uses again and again, and then all at once to
/// the trace, for which a lock is held as short as can be.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::span;
///
/// let (sku, amount) = ("tea", 3);
/// // Looked at and formatted only if the span is recorded.
/// let order = span("order").fields(|fields| {
///     fields.text("sku", sku);
///     fields.add("amount", amount);
///     fields.value("express", &true);
///     fields.formatted("summary", format_args!("{amount} of {sku}"));
/// });
/// order.begin().end();
/// ```
#[derive(Debug, Default)]
pub struct Fields {
    pub(super) notes: Vec<Note>,
    pub(super) text: Vec<u8>,
    pub(super) dropped: u32,
    sort: Option<Sort>,
}

/// Attributes, events and links of one span that are taken at once; the default of OpenTelemetry.
const NOTES_MAX: usize = 128;
/// Longer texts are cut.
const TEXT_MAX: usize = 4096;
/// What a thread keeps for the next span.
const KEPT_MAX: usize = 16 * 1024;

std::thread_local! {
    static SCRATCH: Cell<Option<Fields>> = const { Cell::new(None) };
}

impl Fields {
    pub(crate) fn take() -> Self {
        SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default()
    }

    /// Leaves the memory to the thread.
    pub(crate) fn done(mut self) {
        self.notes.clear();
        self.text.clear();
        (self.dropped, self.sort) = (0, None);
        if self.text.capacity() <= KEPT_MAX {
            let _ = SCRATCH.try_with(|scratch| scratch.set(Some(self)));
        }
    }

    /// An attribute.
    pub fn add(&mut self, key: &'static str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::Boolean(value) => Small::Boolean(value),
            Value::Integer(value) => Small::Integer(value),
            Value::Float(value) => Small::Float(value),
            Value::Text(alloc::borrow::Cow::Borrowed(word)) => Small::Word(word),
            Value::Text(alloc::borrow::Cow::Owned(text)) => return self.text(key, &text),
        };
        self.note(key, value);
    }

    /// An attribute that is text.
    pub fn text(&mut self, key: &'static str, text: &str) {
        self.formatted(key, format_args!("{text}"));
    }

    /// An attribute that is whatever `tracing` takes as a value.
    pub fn value(&mut self, key: &'static str, value: &dyn tracing::Value) {
        if let Some(any) = any_field() {
            value.record(&any, &mut FieldOf { fields: self, key });
        }
    }

    /// An attribute that is text, made only here.
    pub fn formatted(&mut self, key: &'static str, text: fmt::Arguments<'_>) {
        let written = self.write(text);
        self.note(key, Small::Text(written));
    }

    /// The bytes of a text, cut where it is too long.
    pub(super) fn write(&mut self, text: fmt::Arguments<'_>) -> Text {
        let start = self.text.len();
        // Only one's own `Display` fails, and then what it wrote before is what there is; or the
        // text is too long.
        let _ = Cut { text: &mut self.text, end: start + TEXT_MAX }.write_fmt(text);
        Text { start: start as u32, length: (self.text.len() - start) as u32 }
    }

    pub(crate) fn link(&mut self, trace: TraceId, span: SpanId) {
        let start = self.text.len() as u32;
        let bytes = link_to_bytes(trace, span);
        self.text.extend_from_slice(&bytes);
        let length = bytes.len() as u32;
        self.push(Sort::Link, "", Small::Text(Text { start, length }));
    }

    /// What follows is of an event.
    pub(super) fn event(&mut self, name: &'static str, at: u64) {
        self.push(Sort::Event, name, Small::Integer(at as i64));
        self.sort = Some(Sort::OfEvent);
    }

    fn note(&mut self, key: &'static str, value: Small) {
        self.push(self.sort.unwrap_or(Sort::Attribute), key, value);
    }

    pub(super) fn push(&mut self, sort: Sort, key: &'static str, value: Small) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(Note { span: 0, sort, key, value });
        } else {
            self.dropped += 1;
        }
    }
}

/// Takes text up to an end.
struct Cut<'a> {
    text: &'a mut Vec<u8>,
    end: usize,
}

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.end.saturating_sub(self.text.len());
        if more.len() <= room {
            self.text.extend_from_slice(more.as_bytes());
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| more.is_char_boundary(*end)).unwrap_or(0);
        self.text.extend_from_slice(&more.as_bytes()[..end]);
        self.end = self.text.len();
        Err(fmt::Error)
    }
}

/// A value of `tracing`, whatever its type.
impl tracing::field::Visit for FieldOf<'_> {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.fields.formatted(self.key, format_args!("{value:?}"));
    }

    fn record_f64(&mut self, _: &tracing::field::Field, value: f64) {
        self.fields.note(self.key, Small::Float(value));
    }

    fn record_i64(&mut self, _: &tracing::field::Field, value: i64) {
        self.fields.note(self.key, Small::Integer(value));
    }

    fn record_u64(&mut self, _: &tracing::field::Field, value: u64) {
        self.fields.add(self.key, value);
    }

    fn record_bool(&mut self, _: &tracing::field::Field, value: bool) {
        self.fields.note(self.key, Small::Boolean(value));
    }

    fn record_str(&mut self, _: &tracing::field::Field, value: &str) {
        self.fields.text(self.key, value);
    }

    fn record_error(
        &mut self,
        _: &tracing::field::Field,
        value: &(dyn core::error::Error + 'static),
    ) {
        self.fields.formatted(self.key, format_args!("{value}"));
    }
}

/// Where the one field goes that is visited.
#[derive(Debug)]
struct FieldOf<'a> {
    fields: &'a mut Fields,
    key: &'static str,
}

/// A value of `tracing` is read by whoever has a field for it. This is one, of no event or span.
fn any_field() -> Option<tracing::field::Field> {
    use tracing::callsite::{Callsite, Identifier};
    use tracing::field::FieldSet;
    use tracing::metadata::Kind;
    use tracing::{Level, Metadata, subscriber::Interest};

    struct Nowhere;
    impl Callsite for Nowhere {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            &METADATA
        }
    }
    static NOWHERE: Nowhere = Nowhere;
    static METADATA: Metadata<'static> = Metadata::new(
        "value",
        "reliability",
        Level::TRACE,
        None,
        None,
        None,
        FieldSet::new(&["value"], Identifier(&NOWHERE)),
        Kind::SPAN,
    );
    METADATA.fields().field("value")
}
