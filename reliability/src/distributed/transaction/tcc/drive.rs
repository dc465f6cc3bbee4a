//! Does what the machine of a transaction says: writes to the journal, tells participants.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;

use tokio::task::{Id, JoinSet};
use tokio::time::timeout;

use super::core::{Effect, Entry, Input, Machine, Moment, Stage};
use super::hub::Shared;
use super::participant::{Cx, Part, Transient};
use super::written::Birth;
use super::{Decision, TccError, observe, written};
use crate::journal::{Append, Due, JournalError, Lease, Sequence, StreamId};

/// One transaction at work.
pub(super) struct Drive {
    pub(super) hub: Shared,
    pub(super) stream: StreamId,
    pub(super) birth: Birth,
    /// Nothing where another transaction decides: then only the sequence fences.
    lease: Option<Lease>,
    held_until: Moment,
    sequence: Sequence,
    pub(super) machine: Machine,
    pub(super) parts: Vec<Part>,
    telling: JoinSet<Result<(), Transient>>,
    /// Who is told by which task.
    told: HashMap<Id, (usize, Decision)>,
}

impl Drive {
    pub(super) fn new(
        hub: &Shared,
        (stream, birth): (StreamId, Birth),
        lease: Option<(Lease, Duration)>,
        sequence: Sequence,
        (machine, parts): (Machine, Vec<Part>),
    ) -> Self {
        let (hub, telling, told) = (Arc::clone(hub), JoinSet::new(), HashMap::new());
        let held_until = hub.now() + lease.as_ref().map_or(Duration::ZERO, |(_, length)| *length);
        let lease = lease.map(|(lease, _)| lease);
        Self { hub, stream, birth, lease, held_until, sequence, machine, parts, telling, told }
    }

    pub(super) fn id(&self) -> &str {
        self.stream.key()
    }

    /// Lets that happen, and all that follows from it but what participants answer. The index of who
    /// is to be tried, if somebody is.
    pub(super) async fn take(&mut self, input: Input) -> Result<Option<usize>, TccError> {
        let effects = self.machine.step(self.hub.now(), input);
        self.follow(effects).await
    }

    pub(super) async fn follow(&mut self, effects: Vec<Effect>) -> Result<Option<usize>, TccError> {
        let (mut effects, mut tried) = (VecDeque::from(effects), None);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Write(entry) => {
                    self.write(&entry).await?;
                    effects.extend(self.machine.step(self.hub.now(), Input::Written));
                }
                Effect::Try(index) => tried = Some(index),
                Effect::Tell(index, decision) => self.tell(index, decision),
            }
        }
        Ok(tried)
    }

    /// Ends it as decided, with those who do not answer told again until somebody has to wait: how
    /// many have not done so.
    pub(super) async fn settle(&mut self) -> Result<usize, TccError> {
        while !self.telling.is_empty() {
            let until = self.renew().await;
            let Ok(Some(told)) = timeout(until, self.telling.join_next_with_id()).await else {
                continue;
            };
            let (task, done) = match told {
                Ok(done) => done,
                Err(panicked) => (panicked.id(), Err(Transient::new("it panicked"))),
            };
            let Some((index, decision)) = self.told.remove(&task) else { continue };
            let input = match done {
                Ok(()) => Input::Done(index),
                Err(why) => {
                    observe::failed(self.id(), &self.parts[index].name, decision, &why);
                    Input::Failed(index)
                }
            };
            self.take(input).await?;
        }
        let pending =
            (0..self.machine.participants()).filter(|index| !self.machine.is_done(*index)).count();
        if pending > 0 && self.lease.is_some() && self.machine.failures() >= self.hub.attempts {
            self.take(Input::GiveUp).await?;
            observe::stuck(self.id(), &self.waiting().join(","));
        } else if pending > 0 {
            self.leave().await?;
        }
        Ok(pending)
    }

    /// Keeps the others from telling the same participants at the same time, and says when to come
    /// again. Whoever has lost it goes on: the barriers of the participants are for that, and the
    /// journal refuses what it writes.
    async fn renew(&mut self) -> Duration {
        let (now, patience) = (self.hub.now(), self.hub.patience);
        let Some(lease) = &self.lease else { return patience };
        if self.held_until.saturating_sub(now) > patience {
            return patience / 2;
        }
        let length = self.hub.lease();
        let renewed = self.hub.journal.renew(core::slice::from_ref(lease), length).await;
        if renewed.is_ok_and(|renewed| renewed == [true]) {
            self.held_until = now + length;
        }
        patience / 2
    }

    /// Those who have not done as decided.
    fn waiting(&self) -> Vec<&str> {
        let parts =
            self.parts.iter().enumerate().filter(|(index, _)| !self.machine.is_done(*index));
        parts.map(|(_, part)| part.name.as_str()).collect()
    }

    /// Leaves it to whoever comes when it is time to tell again.
    async fn leave(&mut self) -> Result<(), TccError> {
        let again_at = self.machine.wake_at().unwrap_or_default();
        let pause = again_at.saturating_sub(self.hub.now());
        let append = self.append().due(Due::After(pause)).status("telling");
        let append = if self.lease.is_some() { append.release() } else { append };
        self.hub.journal.append(append).await.map(drop).or_else(|error| self.lost(error))
    }

    fn append(&self) -> Append {
        let append = Append::to(&self.stream).after(self.sequence);
        match &self.lease {
            Some(lease) => append.fenced(lease),
            None => append,
        }
    }

    async fn write(&mut self, entry: &Entry) -> Result<(), TccError> {
        let append = self.append();
        let append = match entry {
            Entry::Began { expires_at } => append.event(written::began(*expires_at, &self.birth)?),
            Entry::Joined => {
                let part = self
                    .machine
                    .participants()
                    .checked_sub(1)
                    .and_then(|last| self.parts.get(last));
                let event = part.map(written::joined).transpose()?;
                append.events_of(event)
            }
            Entry::Decided(decision) => {
                append.event(written::decided(*decision)).due(Due::Now).status(decision.as_str())
            }
            Entry::Stuck => {
                let event = written::stuck(&self.waiting())?;
                append.event(event).due(Due::Never).status(written::IS_STUCK).release()
            }
            // What operators write.
            Entry::Retried | Entry::Abandoned => append,
            Entry::Ended => {
                let append = append.event(written::ended()).status(written::IS_OVER);
                let append = append.due(self.hub.due(&self.birth));
                if self.lease.is_some() { append.release() } else { append }
            }
        };
        match self.hub.journal.append(append).await {
            Ok(appended) => {
                self.sequence = appended.sequence;
                match entry {
                    Entry::Decided(decision) => observe::decided(*decision),
                    Entry::Ended => observe::ended(),
                    _ => {}
                }
                Ok(())
            }
            Err(error) => self.lost(error),
        }
    }

    /// Where somebody else has taken over and all is decided, it is theirs to end.
    fn lost(&self, error: JournalError) -> Result<(), TccError> {
        let taken = matches!(error, JournalError::Fenced { .. } | JournalError::Conflict { .. });
        match self.machine.stage() {
            Stage::Telling(_) | Stage::Stuck(_) | Stage::Ending(_) if taken => Ok(()),
            _ if taken => Err(TccError::Over { id: String::from(self.id()), decision: None }),
            _ => Err(error.into()),
        }
    }

    fn tell(&mut self, index: usize, decision: Decision) {
        let Some(part) = self.parts.get(index).cloned() else { return };
        let hub = Arc::clone(&self.hub);
        let cx = Cx::new(self.stream.key(), &self.birth, index, &part.name);
        let task = self.telling.spawn(async move {
            let told = timeout(hub.patience, told(&hub, &cx, &part, decision)).await;
            told.unwrap_or_else(|_| Err(Transient::new("it did not answer in time")))
        });
        self.told.insert(task.id(), (index, decision));
    }
}

async fn told(hub: &Shared, cx: &Cx, part: &Part, decision: Decision) -> Result<(), Transient> {
    let Some(entry) = hub.participants.get(part.name.as_str()) else {
        let name = &part.name;
        return Err(Transient::new(alloc::format!("this process knows no participant `{name}`")));
    };
    entry.told.tell(cx, &part.input, decision).await
}
