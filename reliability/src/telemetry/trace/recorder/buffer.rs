use alloc::sync::Arc;
use alloc::vec::Vec;

use super::super::rules::Rules;
use super::super::{Kind, SpanId, TraceId, TraceState};
use super::budget::Budget;
use super::fields::Fields;
use super::note::{Note, Small, Text};

/// What is written down of one local root: plain data in three vectors, which the slot keeps for
/// the next one.
#[derive(Debug)]
pub(super) struct Buffer {
    /// Differs between those that have the slot one after the other.
    pub(super) generation: u32,
    pub(super) trace_id: Option<TraceId>,
    pub(super) caller: Caller,
    /// How many spans have not ended.
    pub(super) open: u32,
    /// Whether a span that there was no room for ended in an error.
    pub(super) lost_error: bool,
    pub(super) spans_dropped: u32,
    pub(super) state: TraceState,
    /// Who kept it, once that is decided.
    pub(super) kept_by: Option<KeptBy>,
    pub(super) rules: Option<Arc<Rules>>,
    pub(super) rules_version: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) notes: Vec<Note>,
    pub(super) text: Vec<u8>,
    /// For the decision: which attributes of a rule each span has.
    pub(super) marks: Vec<u64>,
    /// How much of the budget it has.
    bytes: usize,
}

/// What the caller said about the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody called.
    Nobody,
    Keeps,
    DoesNot,
    /// It decides when its own root ends.
    Undecided,
    /// It was kept already; this is a part of it that came late.
    Kept,
}

/// Which rule it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeptBy {
    /// The sampler, before anything was recorded.
    Head,
    /// The caller keeps it.
    Caller,
    /// The rule at that place.
    Rule(usize),
    /// What holds where no rule does.
    Default,
    /// What was decided earlier.
    Earlier,
}

/// One span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: Small,
    pub(super) start: u64,
    pub(super) nanos: u64,
    /// What the error said.
    pub(super) message: Option<Text>,
    pub(super) dropped: u32,
    pub(super) kind: Kind,
    pub(super) state: State,
    pub(super) parent_is_remote: bool,
    pub(super) ended: bool,
    /// A record of level `ERROR` was said in it.
    pub(super) error_said: bool,
    /// It has been handed over.
    pub(super) told: bool,
}

/// How a span stands, or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Unset,
    Ok,
    Error,
}

impl Entry {
    pub(super) const fn is_error(&self) -> bool {
        matches!(self.state, State::Error) || self.error_said
    }
}

/// What one slot and one trace may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) spans: usize,
    pub(super) bytes: usize,
}

/// What a slot keeps for the next one.
pub(super) const KEPT_BYTES: usize = 8 * 1024;
const SPANS_FIRST: usize = 8;
const NOTES_FIRST: usize = 32;
const TEXT_FIRST: usize = 1024;

impl Buffer {
    pub(super) fn new() -> Self {
        Self {
            generation: 0,
            trace_id: None,
            caller: Caller::Nobody,
            open: 0,
            lost_error: false,
            spans_dropped: 0,
            state: TraceState::new(),
            kept_by: None,
            rules: None,
            rules_version: 0,
            entries: Vec::new(),
            notes: Vec::new(),
            text: Vec::new(),
            marks: Vec::new(),
            bytes: 0,
        }
    }

    pub(super) fn begin(&mut self, trace_id: TraceId, caller: Caller) {
        (self.trace_id, self.caller) = (Some(trace_id), caller);
    }

    /// Forgets everything. Who comes with the old generation finds nobody.
    pub(super) fn clear(&mut self, budget: &Budget) {
        self.generation = self.generation.wrapping_add(1);
        (self.trace_id, self.kept_by) = (None, None);
        (self.open, self.spans_dropped, self.lost_error) = (0, 0, false);
        self.state = TraceState::new();
        self.entries.clear();
        self.notes.clear();
        self.text.clear();
        if self.bytes > KEPT_BYTES {
            (self.entries, self.notes, self.text) = (Vec::new(), Vec::new(), Vec::new());
            self.marks = Vec::new();
            budget.give(self.bytes);
            self.bytes = 0;
        }
    }

    /// Writes a span down; `None` where there is no room.
    pub(super) fn push(&mut self, entry: Entry, limits: Limits, budget: &Budget) -> Option<u32> {
        let index = self.entries.len();
        let fits = index < limits.spans
            && room(&mut self.entries, 1, SPANS_FIRST, &mut self.bytes, limits.bytes, budget);
        if !fits {
            self.spans_dropped = self.spans_dropped.saturating_add(1);
            return None;
        }
        self.entries.push(entry);
        self.open += 1;
        u32::try_from(index).ok()
    }

    /// Writes down what is known of a span, as far as there is room.
    pub(super) fn append(&mut self, index: u32, fields: &Fields, limits: Limits, budget: &Budget) {
        let Self { entries, notes, text, bytes, .. } = self;
        let Some(entry) = entries.get_mut(index as usize) else { return };
        entry.dropped = entry.dropped.saturating_add(fields.dropped);
        let offset = text.len();
        let fits = room(notes, fields.notes.len(), NOTES_FIRST, bytes, limits.bytes, budget)
            && room(text, fields.text.len(), TEXT_FIRST, bytes, limits.bytes, budget);
        if !fits {
            entry.dropped = entry.dropped.saturating_add(fields.notes.len() as u32);
            return;
        }
        text.extend_from_slice(&fields.text);
        let moved =
            |note: &Note| Note { span: index, value: note.value.behind(offset as u32), ..*note };
        notes.extend(fields.notes.iter().map(moved));
    }

    /// A text that belongs to a span, if there is room.
    pub(super) fn keep_text(
        &mut self,
        text: &[u8],
        limits: Limits,
        budget: &Budget,
    ) -> Option<Text> {
        let start = self.text.len();
        room(&mut self.text, text.len(), TEXT_FIRST, &mut self.bytes, limits.bytes, budget).then(
            || {
                self.text.extend_from_slice(text);
                Text { start: start as u32, length: text.len() as u32 }
            },
        )
    }
}

/// Makes room for so many more, if the limits allow it.
fn room<T>(
    vector: &mut Vec<T>,
    more: usize,
    first: usize,
    bytes: &mut usize,
    most: usize,
    budget: &Budget,
) -> bool {
    let (length, capacity) = (vector.len(), vector.capacity());
    if capacity - length >= more {
        return true;
    }
    let wanted = (capacity * 2).max(length + more).max(first);
    let added = (wanted - capacity) * size_of::<T>();
    if *bytes + added > most || !budget.take(added) {
        return false;
    }
    *bytes += added;
    vector.reserve_exact(wanted - length);
    true
}
