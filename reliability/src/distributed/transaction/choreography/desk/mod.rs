//! A participant at work: takes in what the bus brings, and does what the rules say.

mod attempt;
mod elsewhere;
mod lease;
mod said;
mod write;

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::bus::{Bus, Envelope, EventId};
use super::entry::Entry;
use super::observe;
use super::participant::Bound;
use super::plan::Wiring;
use super::rules::State;
use super::task::{Act, Todo};
use crate::distributed::transaction::saga::Saga;
use crate::error::Invalid;
use crate::journal::{Append, Due, Journal, JournalError, Lease, Record, Sequence, StreamId};
use crate::resilience::retry::Backoff;
use crate::sync::Mutex;
use crate::time::WallClock;

pub(super) use said::control;

/// What all participants of a process share.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) journal: Journal,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) wiring: Wiring,
    pub(super) clock: WallClock,
    pub(super) owner: String,
    pub(super) lease: Duration,
    pub(super) retention: Option<Duration>,
    #[cfg(test)]
    pub(super) planted: Option<super::task::Planted>,
}

/// One participant, or who has started transactions and looks on.
pub(super) struct Desk<D: Saga> {
    pub(super) room: Arc<Room>,
    pub(super) name: &'static str,
    /// The kind of its streams.
    pub(super) kind: String,
    handlers: Vec<Bound<D>>,
    /// The versions of other programs that were told of.
    foreign: Mutex<BTreeSet<u32>>,
    left: elsewhere::Left,
}

/// The name under which who starts transactions looks on.
pub(super) const START: &str = "start";
/// How long to wait for a journal or a bus that does not answer.
pub(super) const AGAIN: Backoff =
    Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));
/// The most versions of other programs that are told of.
const MOST_FOREIGN: usize = 100;

/// Why a worker has put a transaction down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// There is nothing to do for now, or any more.
    Down(&'static str),
    /// Somebody else has it.
    Gone,
    /// It was forgotten, as it was to be.
    Forgotten,
}

/// What became of an event that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is written down.
    Heard,
    /// It is known already, or no business of this participant.
    Known,
    /// Programs of another version know what to do about it; here, nobody can even say whether it
    /// matters.
    Elsewhere,
}

/// A transaction in the hands of a worker.
struct Hand {
    lease: Lease,
    sequence: Sequence,
    state: State,
    /// What the bus has, and what is not written down yet.
    told: Vec<EventId>,
    last: Option<std::time::SystemTime>,
}

impl<D: Saga> Desk<D> {
    pub(super) fn new(
        room: &Arc<Room>,
        name: &'static str,
        handlers: Vec<Bound<D>>,
    ) -> Result<Self, Invalid> {
        let kind = format!("{}.{name}", room.wiring.name());
        // Says what is wrong with the name before anything is begun.
        StreamId::new(&kind, "name")?;
        let foreign = Mutex::new(BTreeSet::new());
        let left = elsewhere::Left::nothing();
        Ok(Self { room: Arc::clone(room), name, kind, handlers, foreign, left })
    }

    /// An event is left to programs of its version. Each version is told of once, however often its
    /// events come.
    fn elsewhere(&self, envelope: &Envelope) {
        let mut foreign = self.foreign.lock();
        let is_new = foreign.len() < MOST_FOREIGN && foreign.insert(envelope.event().version());
        drop(foreign);
        observe::elsewhere(self.name, envelope, is_new.then_some(self.room.wiring.version()));
    }

    fn state(&self) -> State {
        let links = self.handlers.iter().map(|it| (it.link, it.probes.is_some()));
        #[cfg_attr(not(test), expect(unused_mut, reason = "tests plant mistakes in it"))]
        let mut state = State::new(&self.room.wiring, links, self.looks_on());
        #[cfg(test)]
        {
            state.planted = self.room.planted;
        }
        state
    }

    fn looks_on(&self) -> bool {
        self.name == START
    }

    /// Where it writes down what it knows of a transaction.
    pub(super) fn stream(&self, envelope: &Envelope) -> Result<StreamId, Invalid> {
        match self.looks_on() {
            true => StreamId::new(&self.kind, envelope.key()),
            false => StreamId::new(&self.kind, &envelope.transaction().to_string()),
        }
    }

    /// The inbox: writes an event down that is its business and that it does not know yet.
    pub(super) async fn take(&self, envelope: &Envelope) -> Result<Taken, JournalError> {
        let wiring = &self.room.wiring;
        if wiring.is_elsewhere(envelope) {
            self.elsewhere(envelope);
            return Ok(Taken::Elsewhere);
        }
        if !self.state().wants(wiring, envelope) {
            return Ok(Taken::Known);
        }
        let stream = self.stream(envelope)?;
        loop {
            let records = self.room.journal.read_to_end(&stream, Sequence::START).await?;
            let last = records.last().map_or(Sequence::START, |record| record.sequence);
            let mut state = self.state();
            apply_all(wiring, &mut state, &records)?;
            let foreign =
                state.started.as_ref().is_some_and(|it| it.transaction() != envelope.transaction());
            // Who looks on goes by keys: what follows from another start of the same is not its own.
            let of_others = self.looks_on() && (foreign || records.is_empty());
            let known = state.knows(wiring, envelope);
            if known && !of_others && !is_own(&records, envelope)? {
                observe::repeated(self.name);
            }
            if known || of_others {
                return Ok(Taken::Known);
            }
            let heard = Entry::Heard(envelope.clone()).event();
            let mut append = Append::to(&stream).after(last).event(heard).due(Due::Now);
            if records.is_empty() {
                append = append.status("running");
            }
            match self.room.journal.append(append).await {
                Ok(_) => {
                    observe::heard(self.name, envelope);
                    return Ok(Taken::Heard);
                }
                Err(JournalError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Carries a transaction on, until there is nothing to do for now or somebody else may have it.
    pub(super) async fn work(&self, lease: Lease) -> Result<Put, JournalError> {
        let kept = lease.clone();
        tokio::select! {
            biased;
            put = self.carry_on(lease) => put,
            () = self.keep(&kept) => Ok(Put::Gone),
        }
    }

    async fn carry_on(&self, lease: Lease) -> Result<Put, JournalError> {
        let (sequence, told) = (Sequence::START, Vec::new());
        let mut hand = Hand { lease, sequence, state: self.state(), told, last: None };
        loop {
            self.read(&mut hand).await?;
            let now = self.room.clock.now();
            // Who does not know all of it would think that it is over.
            if let Some(envelope) = hand.state.elsewhere(&self.room.wiring) {
                self.elsewhere(envelope);
                // When something comes meanwhile, it has grown, and is left once more as it is then.
                let rest = self.leave(hand.lease.stream.key(), hand.sequence);
                match self.put(&mut hand, "elsewhere", Due::After(rest)).await {
                    Ok(None) => continue,
                    Ok(Some(put)) => return Ok(put),
                    Err(JournalError::Fenced { .. }) => return Ok(Put::Gone),
                    Err(error) => return Err(error),
                }
            }
            let went = match hand.state.next(&self.room.wiring, now) {
                Todo::Tell(envelope) => self.tell(&mut hand, &envelope).await,
                Todo::Do(task) if hand.state.tasks[task].is_to_be_begun() => {
                    self.begin(&mut hand, task).await
                }
                Todo::Do(task) => self.attempt(&mut hand, task, Act::Do).await,
                Todo::Probe(task) => self.attempt(&mut hand, task, Act::Probe).await,
                Todo::Undo(task) => self.attempt(&mut hand, task, Act::Undo).await,
                Todo::Never(task) => {
                    let undone = self.undone(&hand, task, None)?;
                    self.write(&mut hand, undone).await
                }
                Todo::Rest { until, status } => {
                    let due = until.map_or(Due::Never, |until| {
                        Due::After(until.duration_since(now).unwrap_or_default())
                    });
                    self.put(&mut hand, status, due).await
                }
                Todo::Over(status) => self.over(&mut hand, status).await,
            };
            match went {
                Ok(None) => {}
                Ok(Some(put)) => return Ok(put),
                Err(JournalError::Fenced { .. }) => return Ok(Put::Gone),
                Err(error) => return Err(error),
            }
        }
    }

    /// What was written since the last time.
    async fn read(&self, hand: &mut Hand) -> Result<Vec<Record>, JournalError> {
        let stream = &hand.lease.stream;
        let records = self.room.journal.read_to_end(stream, hand.sequence).await?;
        apply_all(&self.room.wiring, &mut hand.state, &records)?;
        for id in &hand.told {
            hand.state.told(id);
        }
        if let Some(last) = records.last() {
            (hand.sequence, hand.last) = (last.sequence, Some(last.at));
        }
        Ok(records)
    }
}

pub(super) fn apply_all(
    wiring: &Wiring,
    state: &mut State,
    records: &[Record],
) -> Result<(), JournalError> {
    for record in records {
        state.apply(wiring, record.at, Entry::read(record)?);
    }
    Ok(())
}

/// Whether it is what this participant has told the bus itself, which comes back to all its groups.
fn is_own(records: &[Record], envelope: &Envelope) -> Result<bool, JournalError> {
    for record in records {
        let (Entry::Started(told) | Entry::Settled { envelope: Some(told), .. }) =
            Entry::read(record)?
        else {
            continue;
        };
        if told.id() == envelope.id() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn started(state: &State) -> Result<&Envelope, JournalError> {
    state.started.as_ref().ok_or_else(unstarted)
}

fn unstarted() -> JournalError {
    let what = "nothing says how the transaction was started".into();
    JournalError::Unreadable { what, source: None }
}
