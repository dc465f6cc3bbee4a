use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::super::rules::Rules;
use super::super::{Event, Kind, Link, Span, SpanId, Status, Trace, sink};
use super::buffer::{Buffer, Caller, Entry, KeptBy, State};
use super::counts::Count;
use super::decide::decide;
use super::note::{Note, Small, Sort, link_from_bytes};
use super::{Open, Ring};
use crate::sync::{Guard, atomic::Ordering};
use crate::telemetry::Attribute;
use crate::time::wall_clock;

impl Entry {
    pub(super) fn new(
        id: SpanId,
        parent: Option<SpanId>,
        name: &'static str,
        kind: Kind,
        start: u64,
        parent_is_remote: bool,
    ) -> Self {
        Self {
            id,
            parent,
            name: Small::Word(name),
            start,
            nanos: 0,
            message: None,
            dropped: 0,
            kind,
            state: State::Unset,
            parent_is_remote,
            ended: false,
            error_said: false,
            told: false,
        }
    }
}

impl Ring {
    /// After a span has ended: decides if it was the local root, and follows the decision if it was
    /// one that the root did not wait for.
    pub(super) fn settle(&self, mut buffer: Guard<'_, Buffer>, open: &Open, end: u64) {
        if open.here.place.index == 0 {
            self.refresh_rules(&mut buffer);
            // Taken out and put back, which costs less than a count that all threads write.
            let rules = buffer.rules.take();
            let sampler = self.switches.sampler().root;
            buffer.kept_by = decide(&mut buffer, rules.as_deref(), sampler);
            buffer.rules = rules;
            if buffer.kept_by.is_none() {
                self.count_root(buffer.caller, Count::Dropped);
                return self.release(buffer, open);
            }
            self.count_root(buffer.caller, Count::Kept);
            if let Some(id) = buffer.trace_id {
                self.decided.keep(id);
            }
        } else if buffer.kept_by.is_none() || buffer.open > 0 {
            return;
        }
        let trace = self.trace(&mut buffer, end);
        if buffer.open == 0 {
            self.release(buffer, open);
        } else {
            drop(buffer);
        }
        if let Some(trace) = trace {
            sink::hand_over(trace);
        }
    }

    fn count_root(&self, caller: Caller, count: Count) {
        // A late part of a trace is no local root of its own.
        if caller != Caller::Kept {
            self.counts.add(count, 1);
        }
    }

    fn release(&self, mut buffer: Guard<'_, Buffer>, open: &Open) {
        buffer.clear(&self.budget);
        drop(buffer);
        self.free.give(open.here.place.slot);
    }

    /// The rules in force. Each slot has them at hand, so that threads that decide do not meet.
    fn refresh_rules(&self, buffer: &mut Buffer) {
        // Relaxed: the lock is what guards the rules. Who is told too early reads the older ones,
        // and asks again.
        let version = self.switches.version.load(Ordering::Relaxed);
        if buffer.rules_version != version {
            buffer.rules.clone_from(&self.rules.lock());
            buffer.rules_version = version;
        }
    }

    /// The spans that have ended since it was last asked.
    fn trace(&self, buffer: &mut Buffer, now: u64) -> Option<Trace> {
        let id = buffer.trace_id?;
        let wall = wall_clock();
        let mut spans: Vec<Option<Span>> = Vec::new();
        let Buffer { entries, notes, text, .. } = &mut *buffer;
        for entry in entries.iter_mut() {
            let now_told = entry.ended && !entry.told;
            entry.told |= now_told;
            spans.push(now_told.then(|| entry.span(text, wall, now)));
        }
        for note in notes.iter() {
            if let Some(Some(span)) = spans.get_mut(note.span as usize) {
                note.write(span, text, wall, now);
            }
        }
        let spans: Vec<Span> = spans.into_iter().flatten().collect();
        if spans.is_empty() {
            return None;
        }
        let mut trace = Trace::new(id, spans);
        trace.spans_dropped = core::mem::take(&mut buffer.spans_dropped);
        trace.state = (!buffer.state.is_empty()).then(|| buffer.state.to_string());
        trace.kept_by = name_of(buffer.kept_by, buffer.rules.as_deref());
        Some(trace)
    }

    /// A local root for which there was no slot: all that is known is how it ended.
    pub(super) fn end_alone(&self, open: &Open, caller: Caller, nanos: u64, error: Option<&[u8]>) {
        let (Some(trace_id), Some(span_id)) = (open.here.trace_id, open.here.span_id) else {
            return;
        };
        let mut buffer = Buffer::new();
        buffer.begin(trace_id, caller);
        let Open { name, kind, start, parent, .. } = *open;
        let mut entry = Entry::new(span_id, parent, name, kind, start, parent.is_some());
        (entry.ended, entry.nanos) = (true, nanos);
        entry.state = if error.is_some() { State::Error } else { State::Unset };
        let status = match error {
            Some(text) => Status::Error(String::from_utf8_lossy(text).into_owned().into()),
            None => Status::Unset,
        };
        buffer.entries.push(entry);
        self.refresh_rules(&mut buffer);
        let rules = buffer.rules.take();
        buffer.kept_by = decide(&mut buffer, rules.as_deref(), self.switches.sampler().root);
        buffer.rules = rules;
        if buffer.kept_by.is_none() {
            self.counts.add(Count::Dropped, 1);
            return;
        }
        self.counts.add(Count::Kept, 1);
        self.decided.keep(trace_id);
        if let Some(mut trace) = self.trace(&mut buffer, start.saturating_add(nanos)) {
            trace.spans.iter_mut().for_each(|span| span.status = status.clone());
            sink::hand_over(trace);
        }
    }
}

/// Which rule it was, in words.
fn name_of(by: Option<KeptBy>, rules: Option<&Rules>) -> Cow<'static, str> {
    match by {
        Some(KeptBy::Head) | None => "head".into(),
        Some(KeptBy::Caller) => "caller".into(),
        Some(KeptBy::Default) => "default".into(),
        Some(KeptBy::Earlier) => "earlier".into(),
        Some(KeptBy::Rule(at)) => rules
            .and_then(|rules| rules.rules.get(at))
            .map_or("rule".into(), |rule| rule.name.clone()),
    }
}

/// That moment by the clock on the wall, which is read once for all of a trace: it may be set while
/// the trace runs, and then its spans would not fit into each other.
fn at_wall(wall: SystemTime, now: u64, at: u64) -> SystemTime {
    wall.checked_sub(Duration::from_nanos(now.saturating_sub(at))).unwrap_or(wall)
}

impl Entry {
    fn span(&self, text: &[u8], wall: SystemTime, now: u64) -> Span {
        let name = match self.name {
            Small::Word(name) => Cow::Borrowed(name),
            other => Cow::Owned(other.to_value(text).to_string()),
        };
        let duration = Duration::from_nanos(self.nanos);
        let mut span = Span::new(self.id, name, at_wall(wall, now, self.start), duration);
        span.parent = self.parent;
        span.parent_is_remote = self.parent_is_remote;
        span.kind = self.kind;
        span.dropped = self.dropped;
        span.status = match self.state {
            State::Unset => Status::Unset,
            State::Ok => Status::Ok,
            State::Error => Status::Error(self.message.map_or(Cow::Borrowed(""), |message| {
                String::from_utf8_lossy(message.of(text)).into_owned().into()
            })),
        };
        span
    }
}

impl Note {
    fn write(&self, span: &mut Span, text: &[u8], wall: SystemTime, now: u64) {
        match (self.sort, self.value) {
            (Sort::Attribute, value) => {
                let value = value.to_value(text);
                // What was recorded last is what holds.
                match span.attributes.iter_mut().find(|attribute| attribute.key == self.key) {
                    Some(attribute) => attribute.value = value,
                    None => span.attributes.push(Attribute::new(self.key, value)),
                }
            }
            (Sort::Event, Small::Integer(at)) => {
                let at = at_wall(wall, now, at as u64);
                span.events.push(Event::new(self.key, at, Vec::new()));
            }
            (Sort::OfEvent, value) => {
                if let Some(event) = span.events.last_mut() {
                    event.attributes.push(Attribute::new(self.key, value.to_value(text)));
                }
            }
            (Sort::Link, Small::Text(place)) => {
                if let Some((trace, id)) = link_from_bytes(place.of(text)) {
                    span.links.push(Link::new(trace, id));
                }
            }
            _ => {}
        }
    }
}

impl Ring {
    pub(super) fn put_into_force(&self, sampler: super::super::Sampler, rules: Option<Rules>) {
        let mut current = self.rules.lock();
        self.switches.set(sampler, rules.as_ref());
        *current = rules.map(Arc::new);
        // Once more, for those who read the older rules in between.
        self.switches.version.fetch_add(1, Ordering::Relaxed);
    }
}
