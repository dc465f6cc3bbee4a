//! A participant at work: takes in what the bus brings, and does what the rules say.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::pin::pin;
use core::time::Duration;

use serde_json::json;

use super::bus::{Bus, Envelope, EventId};
use super::calls::{caught, limited};
use super::entry::{Entry, How};
use super::observe;
use super::participant::Bound;
use super::plan::Wiring;
use super::rules::{REFUSED, State, Todo, UNDONE};
use crate::distributed::transaction::saga::{Cx, EffectId, History, Outcome, Saga, Transient};
use crate::error::Invalid;
use crate::journal::{
    Append, Due, Encoding, Event, Journal, JournalError, Lease, Record, Sequence, StreamId,
};
use crate::resilience::retry::Backoff;
use crate::time::WallClock;

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
    pub(super) planted: Option<super::rules::Planted>,
}

/// One participant, or who has started transactions and looks on.
pub(super) struct Desk<D: Saga> {
    pub(super) room: Arc<Room>,
    pub(super) name: &'static str,
    /// The kind of its streams.
    pub(super) kind: String,
    handlers: Vec<Bound<D>>,
}

/// The name under which who starts transactions looks on.
pub(super) const START: &str = "start";
/// How long to wait for a journal or a bus that does not answer.
pub(super) const AGAIN: Backoff =
    Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));
/// How often a worker tries to tell the bus before it puts a transaction down.
const TELLS: u32 = 4;
/// How long a transaction rests whose events the bus does not take.
const REST: Duration = Duration::from_secs(2);

/// How long a transaction rests that only newer programs know.
const ELSEWHERE: Duration = Duration::from_secs(5);

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
    /// Newer programs know what to do about it; here, nobody can even say whether it matters.
    Newer,
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
        Ok(Self { room: Arc::clone(room), name, kind, handlers })
    }

    fn state(&self) -> State {
        let links = self.handlers.iter().map(|handler| handler.link);
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
        if wiring.is_newer(envelope) {
            return Ok(Taken::Newer);
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
            if state.knows(wiring, envelope) || (self.looks_on() && (foreign || records.is_empty()))
            {
                observe::repeated(self.name);
                return Ok(Taken::Known);
            }
            let heard = Entry::Heard(envelope.clone()).event();
            let append = Append::to(&stream).after(last).event(heard).due(Due::Now);
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

    /// Carries a transaction on, until there is nothing to do for now.
    pub(super) async fn work(&self, lease: Lease) -> Result<Put, JournalError> {
        let (sequence, told) = (Sequence::START, Vec::new());
        let mut hand = Hand { lease, sequence, state: self.state(), told, last: None };
        loop {
            self.read(&mut hand).await?;
            let now = self.room.clock.now();
            let went = match hand.state.next(&self.room.wiring, now) {
                // Who does not know all of it would think that it is over.
                _ if hand.state.is_newer(&self.room.wiring) => {
                    self.put(&mut hand, "elsewhere", Due::After(ELSEWHERE)).await
                }
                Todo::Tell(envelope) => self.tell(&mut hand, &envelope).await,
                Todo::Do(task) => self.attempt(&mut hand, task, false).await,
                Todo::Undo(task) => self.attempt(&mut hand, task, true).await,
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

    async fn tell(
        &self,
        hand: &mut Hand,
        envelope: &Envelope,
    ) -> Result<Option<Put>, JournalError> {
        let (mut tries, mut pause) = (0, Duration::ZERO);
        loop {
            match self.room.bus.publish(envelope.clone()).await {
                Ok(()) => {
                    observe::told(self.name, envelope);
                    hand.told.push(envelope.id().clone());
                    hand.state.told(envelope.id());
                    return Ok(None);
                }
                Err(error) if tries >= TELLS => {
                    observe::untold(self.name, envelope, &error);
                    return self.put(hand, "untold", Due::After(REST)).await;
                }
                Err(_) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Writes records down. `None` says that it goes on.
    async fn write(
        &self,
        hand: &mut Hand,
        entries: Vec<Entry>,
    ) -> Result<Option<Put>, JournalError> {
        let events: Vec<Event> = entries.iter().map(Entry::event).collect();
        self.append(hand, events, |append| append).await
    }

    /// Puts a transaction down, unless something has come meanwhile.
    async fn put(
        &self,
        hand: &mut Hand,
        status: &'static str,
        due: Due,
    ) -> Result<Option<Put>, JournalError> {
        let told: Vec<Event> = hand.told.iter().map(|id| Entry::Told(id.clone()).event()).collect();
        let append = Append::to(&hand.lease.stream).after(hand.sequence).fenced(&hand.lease);
        let append = append.events_of(told).status(status).due(due).release();
        match self.room.journal.append(append).await {
            Ok(_) => Ok(Some(Put::Down(status))),
            Err(JournalError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn over(
        &self,
        hand: &mut Hand,
        status: &'static str,
    ) -> Result<Option<Put>, JournalError> {
        let Some(retention) = self.room.retention else {
            return self.put(hand, status, Due::Never).await;
        };
        let rested = hand.last.and_then(|last| self.room.clock.now().duration_since(last).ok());
        let left = retention.saturating_sub(rested.unwrap_or_default());
        if !left.is_zero() || !hand.told.is_empty() {
            return self.put(hand, status, Due::After(left)).await;
        }
        match self.put(hand, status, Due::Never).await? {
            Some(Put::Down(_)) => {
                match self.room.journal.remove(&hand.lease.stream, hand.sequence).await {
                    Ok(()) => Ok(Some(Put::Forgotten)),
                    // Something has come meanwhile.
                    Err(JournalError::Conflict { .. } | JournalError::Busy { .. }) => {
                        Ok(Some(Put::Gone))
                    }
                    Err(error) => Err(error),
                }
            }
            other => Ok(other),
        }
    }

    /// Appends until it is there. What others write meanwhile comes before it.
    async fn append(
        &self,
        hand: &mut Hand,
        events: Vec<Event>,
        with: impl Fn(Append) -> Append,
    ) -> Result<Option<Put>, JournalError> {
        let told = core::mem::take(&mut hand.told);
        let told = told.iter().map(|id| Entry::Told(id.clone()).event());
        let events: Vec<Event> = events.into_iter().chain(told).collect();
        let (mut tries, mut pause) = (0, Duration::ZERO);
        loop {
            let append = Append::to(&hand.lease.stream).after(hand.sequence).fenced(&hand.lease);
            match self.room.journal.append(with(append.events_of(events.clone()))).await {
                Ok(_) => return Ok(None),
                Err(JournalError::Conflict { .. }) => {
                    let records = self.read(hand).await?;
                    // Nobody else writes what is written here: it was, and the answer was lost.
                    let first = events.first();
                    if records.iter().any(|record| Some(&record.event) == first) {
                        return Ok(None);
                    }
                }
                Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(
        &self,
        hand: &mut Hand,
        task: usize,
        undo: bool,
    ) -> Result<Option<Put>, JournalError> {
        let entries = {
            let attempting = self.attempted(hand, task, undo);
            let (mut attempting, lease) = (pin!(attempting), &hand.lease);
            loop {
                let beat = tokio::time::sleep(self.room.lease / 3);
                tokio::select! {
                    biased;
                    entries = &mut attempting => break entries?,
                    () = beat => {
                        let kept = self.room.journal.renew(core::slice::from_ref(lease), self.room.lease);
                        // If the journal does not answer, the next time will do, or it is fenced.
                        if let Ok(kept) = kept.await && kept == [false] {
                            return Ok(Some(Put::Gone));
                        }
                    }
                }
            }
        };
        self.write(hand, entries).await
    }

    /// One attempt, and what is to be written down of it.
    async fn attempted(
        &self,
        hand: &Hand,
        place: usize,
        undo: bool,
    ) -> Result<Vec<Entry>, JournalError> {
        let (task, handler) = (&hand.state.tasks[place], &self.handlers[place]);
        let history = Arc::new(self.history(&hand.state)?);
        let cx = self.cx(hand, place, undo)?;
        let seen = observe::Attempt::begin(self, &hand.state, place, undo);
        let ended = match undo {
            false => {
                let doing = caught(async { (handler.does)(cx, history).await }, |why| {
                    Err(Outcome::unknown(why))
                });
                match limited(handler.timeout, seen.around(doing)).await {
                    Some(Ok(made)) => self.done(hand, place, made, seen.traceparent()),
                    Some(Err(Outcome::Rejected(refusal))) => {
                        Ok(self.refused(hand, place, &refusal, seen.traceparent())?)
                    }
                    Some(Err(Outcome::Transient(why))) => Err(why),
                    Some(Err(Outcome::Unknown(why))) => Err(Transient::new(why.to_string())),
                    None => Err(Transient::new("it did not end in its time")),
                }
            }
            true => {
                let undone = match &handler.undoes {
                    Some(undoes) => {
                        let undoing = caught(async { undoes(cx, history).await }, |why| {
                            Err(Transient::new(why))
                        });
                        let late = || Err(Transient::new("it did not end in its time"));
                        limited(handler.timeout, seen.around(undoing)).await.unwrap_or_else(late)
                    }
                    None => Ok(()),
                };
                match undone {
                    Ok(()) => Ok(self.undone(hand, place, seen.traceparent())?),
                    Err(why) => Err(why),
                }
            }
        };
        seen.end(ended.as_ref().err(), ended.as_ref().is_ok_and(|entries| is_refusal(entries)));
        let why = match ended {
            Ok(entries) => return Ok(entries),
            Err(why) => why,
        };
        let (tried, most) = match undo {
            true => (task.undo_attempts, handler.undo_attempts),
            false => (task.attempts, handler.attempts.unwrap_or(Bound::<D>::ATTEMPTS)),
        };
        let attempt = tried.saturating_add(1);
        let pause = handler.backoff.delay(attempt, Duration::ZERO, fastrand::u64(..));
        let (name, reason) = (task.name.clone(), shortened(&why.to_string()));
        let pause = why.pause().unwrap_or(pause);
        let mut entries =
            Vec::from([Entry::Tried { task: name.clone(), undo, reason: reason.clone(), pause }]);
        if attempt >= most {
            observe::parked(self.name, &name, undo, &reason);
            entries.push(Entry::Parked { task: name, undo, reason });
        }
        Ok(entries)
    }

    fn cx(&self, hand: &Hand, place: usize, undo: bool) -> Result<Cx, JournalError> {
        let task = &hand.state.tasks[place];
        let started = started(&hand.state)?;
        let step = task.link.makes.map_or(task.link.handler, |it| self.room.wiring.event(it));
        let effect = self.effect(hand, place)?;
        let tried = if undo { task.undo_attempts } else { task.attempts };
        let (name, key) = (self.room.wiring.name(), started.key().into());
        Ok(Cx::new(name, key, step, effect, tried.saturating_add(1), Arc::new(())))
    }

    fn effect(&self, hand: &Hand, place: usize) -> Result<EffectId, JournalError> {
        let task = &hand.state.tasks[place];
        let run = started(&hand.state)?.transaction().get();
        let name = match task.link.makes {
            Some(_) => task.name.clone(),
            // Two participants may have a handler of one name.
            None => format!("{}.{}", self.name, task.name),
        };
        Ok(EffectId::new(run, &name))
    }

    fn history(&self, state: &State) -> Result<History<D>, JournalError> {
        let input = started(state)?.event().read_json()?;
        let history = History::<D>::new(input);
        for (place, envelope) in &state.heard {
            let output = D::read(*place, envelope.event().payload()).map_err(|error| {
                let name = self.room.wiring.event(*place);
                let what = format!("the event `{name}` is of another form");
                JournalError::Unreadable { what, source: Some(error.to_string().into()) }
            })?;
            history.keep(output);
        }
        Ok(history)
    }

    /// What is written down of a handler that is through.
    fn done(
        &self,
        hand: &Hand,
        place: usize,
        made: Option<D>,
        trace: Option<String>,
    ) -> Result<Vec<Entry>, Transient> {
        let task = hand.state.tasks[place].name.clone();
        let how = How::Done;
        let (Some(made), Some(event)) = (made, hand.state.tasks[place].link.makes) else {
            return Ok(Vec::from([Entry::Settled { task, how, envelope: None }]));
        };
        let name = self.room.wiring.event(event);
        let payload = made.write().map_err(|error| {
            Transient::new(format!("it is done, and `{name}` cannot be written: {error}"))
        })?;
        let event = Event::from_parts(name, self.room.wiring.version(), Encoding::Json, payload);
        let envelope = self.envelope(hand, place, event, None, trace).map_err(|error| {
            Transient::new(format!("it is done, and `{name}` cannot be told: {error}"))
        })?;
        Ok(Vec::from([Entry::Settled { task, how, envelope: Some(envelope) }]))
    }

    fn refused(
        &self,
        hand: &Hand,
        place: usize,
        refusal: &D::Refusal,
        trace: Option<String>,
    ) -> Result<Vec<Entry>, JournalError> {
        let task = hand.state.tasks[place].name.clone();
        // That it was refused counts for more than why.
        let why = serde_json::to_value(refusal).unwrap_or_else(|error| error.to_string().into());
        let said = json!({"event": task, "participant": self.name, "refusal": why});
        let envelope =
            self.envelope(hand, place, control(REFUSED, &said), Some("refused"), trace)?;
        Ok(Vec::from([Entry::Settled { task, how: How::Refused, envelope: Some(envelope) }]))
    }

    fn undone(
        &self,
        hand: &Hand,
        place: usize,
        trace: Option<String>,
    ) -> Result<Vec<Entry>, JournalError> {
        let task = hand.state.tasks[place].name.clone();
        let said = json!({"event": task, "participant": self.name});
        let envelope = self.envelope(hand, place, control(UNDONE, &said), Some("undone"), trace)?;
        Ok(Vec::from([Entry::Settled { task, how: How::Undone, envelope: Some(envelope) }]))
    }

    /// The event of a handler, as it goes over the bus.
    fn envelope(
        &self,
        hand: &Hand,
        place: usize,
        event: Event,
        what: Option<&str>,
        trace: Option<String>,
    ) -> Result<Envelope, JournalError> {
        let state = &hand.state;
        let cause = match what {
            None => state.tasks[place].link.hears.last().and_then(|it| state.heard.get(it)),
            Some(_) => state.refused.as_ref(),
        };
        // A refusal may come before the start.
        let cause = cause.or(state.started.as_ref()).or(state.refused.as_ref());
        let Some(cause) = cause else { return Err(unstarted()) };
        let (topic, transaction) = (self.room.wiring.name(), cause.transaction());
        let mut envelope =
            Envelope::new(topic, transaction, cause.key(), event)?.caused_by(cause.id());
        let effect = EffectId::new(transaction.get(), &state.tasks[place].name);
        envelope = envelope.with_effect(effect.as_str())?;
        if let Some(what) = what {
            let id: String = format!("{}-{what}", effect.as_str()).chars().take(200).collect();
            envelope = envelope.with_id(EventId::new(&id)?);
        }
        match trace.or_else(|| cause.traceparent().map(ToString::to_string)) {
            Some(traceparent) => Ok(envelope.with_traceparent(&traceparent)?),
            None => Ok(envelope),
        }
    }
}

impl<D: Saga> Bound<D> {
    /// Attempts before a handler is parked, where nothing else is said.
    const ATTEMPTS: u32 = crate::distributed::transaction::saga::Step::UNDO_ATTEMPTS;
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

fn is_refusal(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| matches!(entry, Entry::Settled { how: How::Refused, .. }))
}

/// An event of the choreography itself.
pub(super) fn control(name: &'static str, said: &serde_json::Value) -> Event {
    Event::from_parts(name, 1, Encoding::Json, said.to_string().into_bytes())
}

fn started(state: &State) -> Result<&Envelope, JournalError> {
    state.started.as_ref().ok_or_else(unstarted)
}

fn unstarted() -> JournalError {
    let what = "nothing says how the transaction was started".into();
    JournalError::Unreadable { what, source: None }
}

/// What fits into a record and a line of a list.
fn shortened(reason: &str) -> String {
    reason.chars().take(1_000).collect()
}
