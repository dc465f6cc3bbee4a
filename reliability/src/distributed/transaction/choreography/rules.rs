//! What a participant does next in one transaction: a function of what it has written down, and of the
//! time. No clock, no bus, no journal.
//!
//! ```text
//!            all it waits for is heard                  made its event
//!   waiting ───────────────────────────▶ ready ───────────────────────────▶ done
//!      │                                   │  ╲ refused                       │
//!      │ a refusal is heard                │   ╲──────▶ refused               │
//!      ▼                                   ▼ a refusal is heard               ▼
//!   never ("undone" is told at once)     undone: as soon as all that was made of its event is
//! ```
//!
//! A handler with a probe says that it begins before it does. Whoever finds that, and not what it has
//! come to, asks the probe; what has not happened is done, or never will be when a refusal is heard.
//!
//! What was ready when the refusal came may have happened, so it is undone as "maybe". What was not will
//! never happen: that is written down, so that an event which comes later finds it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use std::time::SystemTime;

use super::bus::{Envelope, EventId};
use super::entry::{Entry, How};
use super::participant::Link;
use super::plan::Wiring;
#[cfg(test)]
use super::task::Planted;
use super::task::{Task, Todo, Wanted};
use crate::distributed::transaction::saga::Kind;

/// The event with which a transaction begins; its payload is the input.
pub(super) const STARTED: &str = "choreography.started";
/// Somebody refuses, or calls it off: all that can be undone is undone.
pub(super) const REFUSED: &str = "choreography.refused";
/// An event is undone, or will never be made.
pub(super) const UNDONE: &str = "choreography.undone";

/// What lists say of what an operator has ended.
pub(super) const ABANDONED: &str = "abandoned";

/// One participant in one transaction.
#[derive(Debug)]
pub(super) struct State {
    /// The transaction was started.
    pub(super) started: Option<Envelope>,
    /// What has been made, by the places of events.
    pub(super) heard: BTreeMap<usize, Envelope>,
    /// The first refusal.
    pub(super) refused: Option<Envelope>,
    undone: BTreeSet<usize>,
    pub(super) tasks: Vec<Task>,
    /// What the bus does not have yet.
    untold: VecDeque<Envelope>,
    /// Who has ended it, as it is, and why: whatever is heard, nothing is done about it any more.
    pub(super) abandoned: Option<(String, String)>,
    /// Whether it only looks on: who has started the transaction.
    looks_on: bool,
    /// A mistake that the tests must find.
    #[cfg(test)]
    pub(super) planted: Option<Planted>,
}

impl State {
    /// With its handlers, and whether each has a probe.
    pub(super) fn new(
        wiring: &Wiring,
        links: impl Iterator<Item = (Link, bool)>,
        looks_on: bool,
    ) -> Self {
        let tasks = links.map(|(link, probed)| {
            let name = link.makes.map_or(link.handler, |made| wiring.event(made));
            Task::new(link, name, probed)
        });
        let (heard, undone, untold) = (BTreeMap::new(), BTreeSet::new(), VecDeque::new());
        let (started, refused, abandoned, tasks) = (None, None, None, tasks.collect());
        Self {
            started,
            heard,
            refused,
            undone,
            tasks,
            untold,
            abandoned,
            looks_on,
            #[cfg(test)]
            planted: None,
        }
    }

    /// Whether an event is any business of who has those handlers.
    pub(super) fn wants(&self, wiring: &Wiring, envelope: &Envelope) -> bool {
        let own = || self.tasks.iter().filter_map(|task| task.link.makes);
        let revocable = || own().any(|made| wiring.kind(made) != Kind::Retriable);
        match envelope.event().name() {
            STARTED | REFUSED => true,
            UNDONE => {
                let undone = undone(wiring, envelope);
                self.looks_on
                    || undone.is_some_and(|it| {
                        own().any(|made| wiring.dependents(made).any(|d| d == it))
                    })
            }
            name => wiring.place(name).is_some_and(|place| {
                let decides = match wiring.pivot() {
                    Some(pivot) => place == pivot,
                    None => wiring.kind(place) == Kind::Compensable,
                };
                self.looks_on
                    || self.tasks.iter().any(|task| task.link.hears.contains(&place))
                    || (decides && revocable())
            }),
        }
    }

    /// Takes in a record.
    pub(super) fn apply(&mut self, wiring: &Wiring, at: SystemTime, entry: Entry) {
        match entry {
            Entry::Started(envelope) => {
                self.untold.push_back(envelope.clone());
                self.hear(wiring, envelope);
            }
            Entry::Heard(envelope) => self.hear(wiring, envelope),
            Entry::Settled { task, how, envelope } => self.settle(wiring, &task, how, envelope),
            Entry::Begun { task } => {
                if let Some(task) = self.task(&task) {
                    task.begun = true;
                }
            }
            Entry::Tried { task, undo, unknown, pause, .. } => {
                if let Some(task) = self.task(&task) {
                    task.begun = if undo { task.begun } else { unknown };
                    let tried = if undo { &mut task.undo_attempts } else { &mut task.attempts };
                    *tried = tried.saturating_add(1);
                    task.not_before = at.checked_add(pause);
                }
            }
            Entry::Parked { task, reason, .. } => {
                if let Some(task) = self.task(&task) {
                    task.parked = Some(reason);
                }
            }
            Entry::Retried { .. } => {
                for task in &mut self.tasks {
                    (task.parked, task.not_before) = (None, None);
                    (task.attempts, task.undo_attempts) = (0, 0);
                }
            }
            Entry::Skipped { task, .. } => {
                if let Some(task) = self.task(&task) {
                    task.skipped = true;
                    (task.not_before, task.parked) = (None, None);
                }
            }
            Entry::Abandoned { by, why } => {
                self.abandoned.get_or_insert((by, why));
            }
            Entry::Told(id) => self.untold.retain(|envelope| *envelope.id() != id),
        }
    }

    /// Whether the event is written down already: the inbox.
    pub(super) fn knows(&self, wiring: &Wiring, envelope: &Envelope) -> bool {
        match envelope.event().name() {
            STARTED => self.started.is_some(),
            REFUSED => {
                let known = self.refused.is_some();
                known && undone(wiring, envelope).is_none_or(|it| self.undone.contains(&it))
            }
            UNDONE => undone(wiring, envelope).is_none_or(|it| self.undone.contains(&it)),
            name => wiring.place(name).is_none_or(|place| self.heard.contains_key(&place)),
        }
    }

    /// What has been told to the bus as far as this worker knows, and not been written down yet.
    pub(super) fn told(&mut self, id: &EventId) {
        self.untold.retain(|envelope| envelope.id() != id);
    }

    fn task(&mut self, name: &str) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.name == name)
    }

    fn hear(&mut self, wiring: &Wiring, envelope: Envelope) {
        match envelope.event().name() {
            STARTED => {
                self.started.get_or_insert(envelope);
            }
            REFUSED => self.refuse(wiring, envelope),
            UNDONE => self.undone.extend(undone(wiring, &envelope)),
            name => {
                if let Some(place) = wiring.place(name) {
                    self.heard.entry(place).or_insert(envelope);
                }
            }
        }
    }

    fn refuse(&mut self, wiring: &Wiring, envelope: Envelope) {
        // Who has refused has nothing to undo.
        self.undone.extend(undone(wiring, &envelope));
        if self.refused.is_some() {
            return;
        }
        for place in 0..self.tasks.len() {
            self.tasks[place].was_ready = self.is_ready(place);
            // What was wrong with doing it is no reason to wait with undoing it.
            (self.tasks[place].not_before, self.tasks[place].parked) = (None, None);
        }
        self.refused = Some(envelope);
    }

    fn settle(&mut self, wiring: &Wiring, name: &str, how: How, envelope: Option<Envelope>) {
        let Some(task) = self.task(name) else { return };
        task.settled = Some(how);
        (task.not_before, task.parked) = (None, None);
        let made = task.link.makes;
        if let (Some(made), How::Undone | How::Refused) = (made, how) {
            self.undone.insert(made);
        }
        let Some(envelope) = envelope else { return };
        self.untold.push_back(envelope.clone());
        match (how, made) {
            (How::Done, Some(made)) => {
                self.heard.entry(made).or_insert(envelope);
            }
            (How::Refused, _) => self.refuse(wiring, envelope),
            _ => {}
        }
    }

    fn is_ready(&self, place: usize) -> bool {
        let mut hears = self.tasks[place].link.hears.iter();
        self.started.is_some() && hears.all(|event| self.heard.contains_key(event))
    }

    /// What programs of another version have begun it with, or gone on with it.
    pub(super) fn elsewhere(&self, wiring: &Wiring) -> Option<&Envelope> {
        // What is over is over, whoever understands it.
        if self.abandoned.is_some() {
            return None;
        }
        let mut all = self.started.iter().chain(self.heard.values());
        all.find(|envelope| wiring.is_elsewhere(envelope))
    }

    /// Whether there is only forward any more.
    pub(super) fn is_decided(&self, wiring: &Wiring) -> bool {
        match wiring.pivot() {
            Some(pivot) => self.heard.contains_key(&pivot),
            None => wiring.revocable().all(|place| self.heard.contains_key(&place)),
        }
    }

    /// Whether it goes back.
    pub(super) fn goes_back(&self, wiring: &Wiring) -> bool {
        self.refused.is_some() && !self.is_decided(wiring)
    }

    /// What is to be done now.
    pub(super) fn next(&self, wiring: &Wiring, now: SystemTime) -> Todo {
        if let Some(envelope) = self.untold.front() {
            return Todo::Tell(envelope.clone());
        }
        if self.abandoned.is_some() {
            return Todo::Over(ABANDONED);
        }
        if self.looks_on {
            return self.look_on(wiring);
        }
        let back = self.goes_back(wiring);
        let (mut open, mut parked, mut until) = (false, false, None::<SystemTime>);
        for place in 0..self.tasks.len() {
            let wanted = self.wanted(wiring, place, back);
            open |= !matches!(wanted, Wanted::Nothing);
            let todo = match wanted {
                Wanted::Now(todo) => todo,
                Wanted::Nothing | Wanted::Waiting => continue,
            };
            let task = &self.tasks[place];
            if task.parked.is_some() {
                parked = true;
                continue;
            }
            match task.not_before {
                Some(time) if time > now => until = Some(until.map_or(time, |it| it.min(time))),
                _ => return todo,
            }
        }
        let status = match (parked, open, back) {
            (true, ..) => "parked",
            (false, true, false) => "running",
            (false, true, true) => "undoing",
            (false, false, true) => return Todo::Over("undone"),
            (false, false, false) => return Todo::Over("done"),
        };
        Todo::Rest { until, status }
    }

    fn wanted(&self, wiring: &Wiring, place: usize, back: bool) -> Wanted {
        let task = &self.tasks[place];
        let kind = task.link.makes.map_or(Kind::Retriable, |made| wiring.kind(made));
        let ready = self.is_ready(place);
        #[cfg(test)]
        if self.planted == Some(Planted::NoBarrier)
            && let Some(made) = task.link.makes
        {
            match task.settled {
                Some(How::Undone) if ready && !self.heard.contains_key(&made) => {
                    return Wanted::Now(Todo::Do(place));
                }
                Some(How::Done) if self.undone.contains(&made) => return Wanted::Nothing,
                _ => {}
            }
        }
        match (kind, task.settled, back) {
            (_, Some(How::Refused | How::Undone), _) => Wanted::Nothing,
            (Kind::Compensable, Some(How::Done), true) => self.undo(wiring, place),
            // It may be undone yet: until that is decided, somebody may refuse.
            (Kind::Compensable, Some(How::Done), false) if !self.is_decided(wiring) => {
                Wanted::Waiting
            }
            (_, Some(How::Done), _) => Wanted::Nothing,
            (Kind::Retriable, None, _) if ready => Wanted::Now(self.forward(place)),
            (Kind::Retriable, None, true) => Wanted::Nothing,
            (_, None, true) if !task.was_ready => Wanted::Now(Todo::Never(place)),
            // What may have happened beyond return is gone on with until one knows.
            (Kind::Pivot, None, true) => match self.forward(place) {
                Todo::Do(_) if task.probed => Wanted::Now(Todo::Never(place)),
                todo => Wanted::Now(todo),
            },
            (_, None, true) => self.undo(wiring, place),
            (_, None, false) if ready => Wanted::Now(self.forward(place)),
            (_, None, false) => Wanted::Waiting,
        }
    }

    /// What may have happened is asked for before it is repeated, where there is a probe.
    fn forward(&self, place: usize) -> Todo {
        #[cfg(test)]
        if self.planted == Some(Planted::NoProbe) {
            return Todo::Do(place);
        }
        match self.tasks[place].may_have_happened() {
            true => Todo::Probe(place),
            false => Todo::Do(place),
        }
    }

    /// As soon as nothing is left that was made of it.
    fn undo(&self, wiring: &Wiring, place: usize) -> Wanted {
        let Some(made) = self.tasks[place].link.makes else { return Wanted::Nothing };
        let gone = wiring.dependents(made).all(|event| self.undone.contains(&event));
        #[cfg(test)]
        let gone = gone || self.planted == Some(Planted::Hasty);
        match gone {
            true if self.tasks[place].skipped => Wanted::Now(Todo::Never(place)),
            true => Wanted::Now(Todo::Undo(place)),
            false => Wanted::Waiting,
        }
    }

    /// Whether all events are heard.
    pub(super) fn is_complete(&self, wiring: &Wiring) -> bool {
        (0..wiring.len()).all(|place| self.heard.contains_key(&place))
    }

    /// Whether all that may be refused is undone, or will never happen.
    pub(super) fn is_undone(&self, wiring: &Wiring) -> bool {
        self.goes_back(wiring) && wiring.revocable().all(|place| self.undone.contains(&place))
    }

    fn look_on(&self, wiring: &Wiring) -> Todo {
        match (self.is_complete(wiring), self.goes_back(wiring)) {
            (true, _) => Todo::Over("done"),
            (_, true) if self.is_undone(wiring) => Todo::Over("undone"),
            (_, true) => Todo::Rest { until: None, status: "undoing" },
            (_, false) => Todo::Rest { until: None, status: "running" },
        }
    }
}

/// The event that an envelope says is undone, by its place.
fn undone(wiring: &Wiring, envelope: &Envelope) -> Option<usize> {
    let said: serde_json::Value = envelope.event().read_json().ok()?;
    wiring.place(said["event"].as_str()?)
}
