//! Writes spans down until their local root ends, and then decides.
//!
//! ```text
//!  begin ── head decision ──no──> nothing is recorded, the no is passed on
//!              │ yes, or rules decide later
//!              v
//!           a slot of the ring, for this local root alone
//!              │ spans, attributes, events: plain data in three vectors
//!              v
//!  end of the local root ── rules ──no──> forgotten in one step, the slot is free
//!              │ yes
//!              v
//!           a `Trace`, to all sinks; spans that are still open follow when they end
//! ```
//!
//! Memory is bounded three times: there are so many slots, one trace takes so many spans and bytes,
//! and all of them together so many bytes. What there is no room for is counted.

mod budget;
mod buffer;
mod counts;
mod decide;
mod decided;
mod fields;
mod head;
mod keep;
mod note;
mod observe;
#[cfg(feature = "dashboard")]
mod panel;
mod settings;

use alloc::boxed::Box;
use alloc::sync::Arc;

use budget::Budget;
use buffer::{Buffer, Entry, Limits};
use counts::{Count, Counts};
use decided::Decided;
use head::Switches;

pub(crate) use buffer::{Caller, State};
pub use counts::RecorderCounts;
pub use fields::Fields;
pub(crate) use head::Head;
pub(crate) use settings::recorder;
pub use settings::{Recorder, RecorderBuilder};

use super::current::{Flags, Here, Place, luggage};
use super::rules::Rules;
use super::{Kind, SpanId, TraceState};
use crate::sync::{FreeList, Mutex};
use crate::time::Clock;
use note::Small;

/// The recorder itself. Spans name their place in it by number, so that what a thread swaps when it
/// enters a span is plain data.
#[derive(Debug)]
pub(crate) struct Ring {
    slots: Box<[Mutex<Buffer>]>,
    free: FreeList,
    budget: Budget,
    /// How large the budget was.
    memory: usize,
    limits: Limits,
    switches: Switches,
    rules: Mutex<Option<Arc<Rules>>>,
    decided: Decided,
    counts: Counts,
    clock: Clock,
}

/// A span that has begun and not ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    /// The place of the code inside.
    pub(crate) here: Here,
    pub(crate) sort: Sort,
    name: &'static str,
    kind: Kind,
    start: u64,
    parent: Option<SpanId>,
}

/// What a span holds while the code inside runs. By its size, what is not recorded is copied as little
/// as can be.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Nobody records, or the code inside stays where it is.
    Nothing,
    /// It will be recorded, once all is known that it begins with.
    Decided(&'static Ring, Head),
    /// The code inside is told that nothing is recorded.
    Unrecorded(Here),
    Recorded(&'static Ring, Open),
}

/// What becomes of a span when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// It is written down, and decides when it ends.
    Root,
    /// It is written down.
    Child,
    /// It is a local root for which there was no slot.
    Alone(Caller),
    /// There was no room for it in its trace; the code inside is still in its parent.
    Beyond,
    /// It is not recorded.
    Unrecorded,
}

/// How a span ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending<'a> {
    pub(crate) state: State,
    /// What the error said.
    pub(crate) message: Option<core::fmt::Arguments<'a>>,
}

impl Ring {
    fn new(slots: u32, bytes: usize, limits: Limits, clock: Clock) -> Self {
        Self {
            slots: (0..slots).map(|_| Mutex::new(Buffer::new())).collect(),
            free: FreeList::new(slots),
            budget: Budget::new(bytes),
            memory: bytes,
            limits,
            switches: Switches::new(),
            rules: Mutex::new(None),
            decided: Decided::new(),
            counts: Counts::default(),
            clock,
        }
    }

    /// Begins a span, after [`head`](Ring::head) has said what becomes of it. `fields` is what is
    /// known of it.
    #[inline]
    pub(crate) fn open(
        &'static self,
        name: &'static str,
        kind: Kind,
        head: Head,
        fields: Option<Fields>,
    ) -> Opened {
        let open = match head {
            Head::Root { here, caller, parent } => Opened::Recorded(
                self,
                self.open_root(name, kind, here, caller, parent, fields.as_ref()),
            ),
            Head::Child { outer } => {
                Opened::Recorded(self, self.open_child(name, kind, outer, fields.as_ref()))
            }
            Head::Unrecorded { here } => return Opened::Unrecorded(here),
            Head::Nothing => return Opened::Nothing,
        };
        if let Some(fields) = fields {
            fields.done();
        }
        open
    }

    fn open_root(
        &self,
        name: &'static str,
        kind: Kind,
        mut here: Here,
        caller: Caller,
        parent: Option<SpanId>,
        fields: Option<&Fields>,
    ) -> Open {
        let start = self.clock.now().as_nanos();
        let mut open = Open { here, sort: Sort::Root, name, kind, start, parent };
        let taken = self.free.take().and_then(|slot| Some((slot, self.slots.get(slot as usize)?)));
        let (Some((slot, mutex)), Some(trace), Some(span)) = (taken, here.trace_id, here.span_id)
        else {
            self.counts.add(Count::RootsWithoutRoom, 1);
            open.here.flags = here.flags.with(Flags::RECORDED, false);
            open.sort = Sort::Alone(caller);
            return open;
        };
        let mut buffer = mutex.lock();
        buffer.begin(trace, caller);
        if caller != Caller::Nobody {
            buffer.state = luggage().map_or(TraceState::new(), |luggage| luggage.state().clone());
        }
        let remote = parent.is_some() && caller != Caller::Kept;
        let entry = Entry::new(span, parent, name, kind, start, remote);
        let Some(index) = buffer.push(entry, self.limits, &self.budget) else {
            buffer.clear(&self.budget);
            drop(buffer);
            self.free.give(slot);
            self.counts.add(Count::RootsWithoutRoom, 1);
            open.here.flags = here.flags.with(Flags::RECORDED, false);
            open.sort = Sort::Alone(caller);
            return open;
        };
        if let Some(fields) = fields {
            buffer.append(index, fields, self.limits, &self.budget);
        }
        here.place = Place { slot, generation: buffer.generation, index };
        drop(buffer);
        if caller != Caller::Kept {
            self.counts.add(Count::Recorded, 1);
        }
        self.counts.add(Count::Spans, 1);
        open.here = here;
        open
    }

    fn open_child(
        &self,
        name: &'static str,
        kind: Kind,
        outer: Here,
        fields: Option<&Fields>,
    ) -> Open {
        let start = self.clock.now().as_nanos();
        let span = SpanId::random();
        let parent = outer.span_id;
        let Some(mut buffer) = self.buffer(outer.place) else {
            return self.open_late(name, kind, outer, fields);
        };
        let entry = Entry::new(span, parent, name, kind, start, false);
        let pushed = buffer.push(entry, self.limits, &self.budget);
        if let (Some(index), Some(fields)) = (pushed, fields) {
            buffer.append(index, fields, self.limits, &self.budget);
        }
        drop(buffer);
        let Some(index) = pushed else {
            self.counts.add(Count::SpansDropped, 1);
            return Open { here: outer, sort: Sort::Beyond, name, kind, start, parent };
        };
        self.counts.add(Count::Spans, 1);
        let place = Place { index, ..outer.place };
        let here = Here { span_id: Some(span), place, ..outer };
        Open { here, sort: Sort::Child, name, kind, start, parent }
    }

    /// A span whose local root is over: it follows the decision, in a slot of its own.
    #[cold]
    fn open_late(
        &self,
        name: &'static str,
        kind: Kind,
        outer: Here,
        fields: Option<&Fields>,
    ) -> Open {
        if outer.trace_id.is_some_and(|id| self.decided.kept(id)) {
            let here = Here { span_id: Some(SpanId::random()), ..outer };
            return self.open_root(name, kind, here, Caller::Kept, outer.span_id, fields);
        }
        self.counts.add(Count::Late, 1);
        let flags = outer.flags.with(Flags::RECORDED, false);
        Open::unrecorded(Here { flags, ..outer })
    }

    /// Ends a span.
    pub(crate) fn close(&self, open: &Open, ending: Ending<'_>) {
        if open.sort == Sort::Unrecorded {
            return;
        }
        // The error speaks with nothing locked, for it is code of the user.
        let said = ending.message.map(|message| {
            let mut said = Fields::take();
            said.write(message);
            said
        });
        let text = said.as_ref().map_or(&[][..], |said| &said.text);
        let end = self.clock.now().as_nanos();
        let nanos = end.saturating_sub(open.start);
        let error = ending.state == State::Error;
        match open.sort {
            Sort::Alone(caller) => self.end_alone(open, caller, nanos, error.then_some(text)),
            Sort::Beyond => {
                if let Some(mut buffer) = self.buffer(open.here.place).filter(|_| error) {
                    buffer.lost_error = true;
                }
            }
            _ => match self.buffer(open.here.place) {
                Some(mut buffer) => {
                    let index = open.here.place.index;
                    let message =
                        error.then(|| buffer.keep_text(text, self.limits, &self.budget)).flatten();
                    if let Some(entry) = buffer.entries.get_mut(index as usize) {
                        (entry.nanos, entry.ended) = (nanos, true);
                        if ending.state != State::Unset {
                            (entry.state, entry.message) = (ending.state, message);
                        }
                    }
                    buffer.open = buffer.open.saturating_sub(1);
                    self.settle(buffer, open, end);
                }
                None => self.counts.add(Count::Late, 1),
            },
        }
        if let Some(said) = said {
            said.done();
        }
    }

    /// Writes down what becomes known of a span while it is open.
    pub(crate) fn add(&self, here: Here, fields: Fields) {
        match self.buffer(here.place) {
            Some(mut buffer) => {
                buffer.append(here.place.index, &fields, self.limits, &self.budget);
            }
            None => self.counts.add(Count::Late, 1),
        }
        fields.done();
    }

    /// Something that happens now, in the span that the running code is in.
    pub(crate) fn event(&self, here: Here, name: &'static str, fill: impl FnOnce(&mut Fields)) {
        let mut fields = Fields::take();
        fields.event(name, self.clock.now().as_nanos());
        fill(&mut fields);
        self.add(here, fields);
    }

    /// A record of level `ERROR` was said there.
    pub(crate) fn error_said(&self, here: Here) {
        if let Some(mut buffer) = self.buffer(here.place)
            && let Some(entry) = buffer.entries.get_mut(here.place.index as usize)
        {
            entry.error_said = true;
        }
    }

    /// The span there ends in an error.
    pub(crate) fn fail(&self, here: Here, message: core::fmt::Arguments<'_>) {
        let mut said = Fields::take();
        let message = said.write(message);
        if let Some(mut buffer) = self.buffer(here.place) {
            let message = buffer.keep_text(message.of(&said.text), self.limits, &self.budget);
            if let Some(entry) = buffer.entries.get_mut(here.place.index as usize) {
                (entry.state, entry.message) = (State::Error, message);
            }
        }
        said.done();
    }

    /// The span there ends well.
    pub(crate) fn end_well(&self, here: Here) {
        if let Some(mut buffer) = self.buffer(here.place)
            && let Some(entry) = buffer.entries.get_mut(here.place.index as usize)
        {
            (entry.state, entry.message) = (State::Ok, None);
        }
    }

    /// Another name, which was not known when the span began.
    pub(crate) fn rename(&self, here: Here, name: &str) {
        self.rename_to(here, format_args!("{name}"));
    }

    /// As `rename`, of what is formatted only here.
    pub(crate) fn rename_to(&self, here: Here, name: core::fmt::Arguments<'_>) {
        let mut said = Fields::take();
        let name = said.write(name);
        if let Some(mut buffer) = self.buffer(here.place)
            && let Some(text) = buffer.keep_text(name.of(&said.text), self.limits, &self.budget)
            && let Some(entry) = buffer.entries.get_mut(here.place.index as usize)
        {
            entry.name = Small::Text(text);
        }
        said.done();
    }

    /// What is written there, unless it has been handed over or thrown away.
    fn buffer(&self, place: Place) -> Option<crate::sync::Guard<'_, Buffer>> {
        let buffer = self.slots.get(place.slot as usize)?.lock();
        (buffer.generation == place.generation).then_some(buffer)
    }
}

impl Open {
    const fn unrecorded(here: Here) -> Self {
        let (sort, kind) = (Sort::Unrecorded, Kind::Internal);
        Self { here, sort, name: "", kind, start: 0, parent: None }
    }

    pub(crate) const fn is_recorded(&self) -> bool {
        matches!(self.sort, Sort::Root | Sort::Child)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
