//! The tasks of a process's participants, and what is asked of them from outside.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::bus::{Bus, BusError, Envelope, EventId, Group, Subscription, TransactionId};
use super::desk::{AGAIN, Desk, Put, Room, START, apply_all, control};
use super::entry::Entry;
use super::observe;
use super::participant::Participants as _;
use super::plan::Wiring;
use super::rules::{REFUSED, STARTED, State};
use super::wiring::Choreography;
use crate::distributed::transaction::saga::{Durable, History, Saga};
use crate::error::Invalid;
use crate::journal::{
    Append, Claim, Due, Encoding, Event, Heads, Journal, JournalError, Lease, Sequence, StreamId,
};
use crate::time::WallClock;

/// The participants of this process at work, and who starts transactions.
///
/// They work until it is dropped or [stopped](Choreographed::stop). What they have begun is gone on with
/// by whoever opens the same journal next.
///
/// # Examples
///
/// See the [module](super).
pub struct Choreographed<C: Choreography> {
    shared: Arc<Shared<C>>,
    tasks: JoinSet<()>,
}

struct Shared<C: Choreography> {
    room: Arc<Room>,
    start: Arc<Desk<C::Events>>,
    names: Vec<&'static str>,
    starts: bool,
}

/// The settings of a [`Choreographed`].
///
/// # Examples
///
/// See the [module](super).
#[must_use = "a builder does nothing until `start`"]
pub struct ChoreographedBuilder<C: Choreography> {
    journal: Journal,
    bus: Arc<dyn Bus>,
    here: C::Here,
    clock: WallClock,
    lease: Duration,
    poll: Duration,
    at_once: usize,
    retention: Option<Duration>,
    starts: bool,
}

/// A transaction that was started here.
///
/// # Examples
///
/// See the [module](super).
pub struct Handle<C: Choreography> {
    shared: Arc<Shared<C>>,
    stream: StreamId,
    transaction: TransactionId,
}

/// How a transaction ended.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End<T, R> {
    /// All events were made; these are their payloads.
    Completed(T),
    /// Whatever was done is undone.
    Undone(Why<R>),
}

/// Why a transaction went back.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why<R> {
    /// A participant has refused to make an event.
    Refused {
        /// Which event that was.
        event: String,
        /// Why.
        refusal: R,
    },
    /// Somebody has called it off.
    Cancelled {
        /// Who, and why.
        why: String,
    },
}

/// A handler that has failed too often, and waits for somebody to look at it.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// Whose it is.
    pub participant: String,
    /// The transaction, as [`Handle::transaction`] says it.
    pub transaction: String,
    /// Why, for each of its handlers that is parked.
    pub reasons: Vec<(String, String)>,
}

/// The outputs of all events.
type DoneOf<C> = <<C as Choreography>::Events as Saga>::Done;
type RefusalOf<C> = <<C as Choreography>::Events as Saga>::Refusal;
type InputOf<C> = <<C as Choreography>::Events as Saga>::Input;

impl<C: Choreography> ChoreographedBuilder<C> {
    /// Those participants, on that journal and that bus.
    pub fn new(journal: &Journal, bus: impl Bus, here: C::Here) -> Self {
        let (journal, bus) = (journal.clone(), Arc::new(bus));
        let (lease, poll) = (Duration::from_secs(30), Duration::from_secs(1));
        let (at_once, retention, starts) = (32, None, true);
        let clock = WallClock::system();
        Self { journal, bus, here, clock, lease, poll, at_once, retention, starts }
    }

    /// How long nobody else works at a transaction that a worker has; 10 ms to a day, 30 seconds by
    /// default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How often to look for work that the journal does not tell of; 1 ms to a minute, a second by
    /// default.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// At how many transactions each participant works at once, 1 to 10,000; 32 by default.
    pub fn at_once(mut self, most: usize) -> Self {
        self.at_once = most;
        self
    }

    /// How long what is over is kept; for ever by default. What comes after that is taken for new, so
    /// it must be longer than any event may be under way.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = Some(retention);
        self
    }

    /// This process starts no transactions: who does is another one, with a journal of its own.
    pub fn participants_only(mut self) -> Self {
        self.starts = false;
        self
    }

    /// The clock that says when to try again.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Declares the groups of all participants, those of other processes included, and begins.
    ///
    /// # Errors
    ///
    /// [`BusError::Invalid`] when a setting or a name makes no sense, and what the bus can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing has begun when it is dropped; groups may have been declared.
    pub async fn start(self) -> Result<Choreographed<C>, BusError> {
        let (wiring, poll, at_once) = (Wiring::of::<C>(), self.poll, self.at_once);
        let span = Duration::from_millis(10)..=Claim::LONGEST_LEASE;
        check("lease", "10 ms to a day", span.contains(&self.lease), self.lease)?;
        let span = Duration::from_millis(1)..=Duration::from_secs(60);
        check("poll", "1 ms to a minute", span.contains(&poll), poll)?;
        check("at_once", "1 to 10000", (1..=Claim::MOST).contains(&at_once), at_once)?;
        let topic = wiring.name();
        for name in wiring.participants() {
            check("participant", "another name than `start`", name != START, name)?;
            self.bus.declare(Group::of(topic, name)?).await?;
        }
        let room = Arc::new(Room {
            journal: self.journal,
            bus: self.bus,
            wiring,
            clock: self.clock,
            owner: alloc::format!("{}-{:08x}", std::process::id(), fastrand::u32(..)),
            lease: self.lease,
            retention: self.retention,
        });
        let start = Arc::new(Desk::new(&room, START, Vec::new())?);
        let mut desks = Vec::new();
        for member in self.here.members() {
            desks.push(Arc::new(Desk::new(&room, member.name, member.handlers)?));
        }
        let names = desks.iter().map(|desk| desk.name).collect();
        if self.starts {
            desks.push(Arc::clone(&start));
        }
        let mut tasks = JoinSet::new();
        for desk in desks {
            let group = Group::of(topic, desk.name)?;
            let subscription = room.bus.subscribe(group).await?;
            tasks.spawn(take(Arc::clone(&desk), subscription));
            tasks.spawn(work(desk, poll, at_once));
        }
        let shared = Shared { room, start, names, starts: self.starts };
        Ok(Choreographed { shared: Arc::new(shared), tasks })
    }
}

fn check(
    setting: &'static str,
    expected: &'static str,
    holds: bool,
    got: impl fmt::Debug,
) -> Result<(), Invalid> {
    match holds {
        true => Ok(()),
        false => Err(Invalid::new("choreography", setting, expected, alloc::format!("{got:?}"))),
    }
}

impl<C: Choreography> Choreographed<C> {
    /// Those participants, on that journal and that bus, as they are by default; see
    /// [`ChoreographedBuilder`].
    pub fn builder(journal: &Journal, bus: impl Bus, here: C::Here) -> ChoreographedBuilder<C> {
        ChoreographedBuilder::new(journal, bus, here)
    }

    /// Starts a transaction, once for each key.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when the key is none, a transaction of that key was started with
    /// another input, or this process [starts none](ChoreographedBuilder::participants_only);
    /// [`JournalError::Unreadable`] when the input cannot be written. After [`JournalError::Unknown`],
    /// start it again: it is not started twice.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, the transaction may have been started.
    pub async fn start(&self, key: &str, input: InputOf<C>) -> Result<Handle<C>, JournalError> {
        let Shared { room, start, starts, .. } = &*self.shared;
        check("start", "in a process that starts transactions", *starts, key)?;
        let stream = StreamId::new(&start.kind, key)?;
        let payload = serde_json::to_vec(&input).map_err(|source| JournalError::Unreadable {
            what: "the input cannot be written as JSON".into(),
            source: Some(source.into()),
        })?;
        let transaction = TransactionId::new(fastrand::u128(1..));
        let event = Event::from_parts(STARTED, room.wiring.version(), Encoding::Json, payload);
        let mut envelope = Envelope::new(room.wiring.name(), transaction, key, event)?;
        if let Some(trace) = observe::traceparent() {
            envelope = envelope.with_traceparent(&trace)?;
        }
        let entry = Entry::Started(envelope.clone()).event();
        let append = Append::to(&stream).after(Sequence::START).event(entry).status("running");
        match room.journal.append(append.due(Due::Now)).await {
            Ok(_) => observe::started(),
            Err(JournalError::Conflict { .. }) => {
                let before = started(room, &stream).await?;
                let value = |it: &Envelope| it.event().read_json::<Value>().ok();
                if before.as_ref().and_then(value) != value(&envelope) {
                    let expected = "a key of its own for each input";
                    let invalid = Invalid::new("choreography", "key", expected, key);
                    return Err(invalid
                        .with_advice("it was started before, with another input")
                        .into());
                }
            }
            Err(error) => return Err(error),
        }
        self.find(key).await?.ok_or(JournalError::Closed)
    }

    /// The transaction that was started with that key, if there is one.
    ///
    /// # Errors
    ///
    /// What the journal can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn find(&self, key: &str) -> Result<Option<Handle<C>>, JournalError> {
        let stream = StreamId::new(&self.shared.start.kind, key)?;
        let started = started(&self.shared.room, &stream).await?;
        Ok(started.map(|envelope| Handle {
            shared: Arc::clone(&self.shared),
            stream,
            transaction: envelope.transaction(),
        }))
    }

    /// What waits for somebody to look at it, of the participants here; at most a thousand of each.
    ///
    /// # Errors
    ///
    /// What the journal can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn parked(&self) -> Result<Vec<Parked>, JournalError> {
        let (journal, wiring) = (&self.shared.room.journal, &self.shared.room.wiring);
        let mut all = Vec::new();
        for name in &self.shared.names {
            let kind = alloc::format!("{}.{name}", wiring.name());
            for status in ["parked", "broken"] {
                for head in journal.heads(Heads::of(&kind).with_status(status)).await? {
                    let records = journal.read_to_end(&head.stream, Sequence::START).await?;
                    let mut reasons: Vec<(String, String)> = Vec::new();
                    for record in &records {
                        match Entry::read(record) {
                            Ok(Entry::Parked { task, reason, .. }) => reasons.push((task, reason)),
                            Ok(Entry::Retried { .. }) => reasons.clear(),
                            Ok(Entry::Settled { task, .. }) => {
                                reasons.retain(|(it, _)| *it != task)
                            }
                            Ok(_) => {}
                            Err(error) => reasons.push(("?".into(), error.to_string())),
                        }
                    }
                    let transaction = head.stream.key().to_string();
                    all.push(Parked { participant: (*name).to_string(), transaction, reasons });
                }
            }
        }
        Ok(all)
    }

    /// Lets a participant try again what is [parked](Self::parked), from its first attempt on. Who says
    /// so, and why, is written down.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when nothing of that transaction is there.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it is tried again or not.
    pub async fn retry(&self, parked: &Parked, by: &str, why: &str) -> Result<(), JournalError> {
        let room = &self.shared.room;
        let kind = alloc::format!("{}.{}", room.wiring.name(), parked.participant);
        let stream = StreamId::new(&kind, &parked.transaction)?;
        if room.journal.head(&stream).await?.is_none() {
            let expected = "one that `parked` lists";
            return Err(Invalid::new("choreography", "parked", expected, stream.to_string()).into());
        }
        let entry = Entry::Retried { by: by.to_string(), why: why.to_string() };
        room.journal.append(Append::to(&stream).event(entry.event()).due(Due::Now)).await.map(drop)
    }

    /// Who makes and handles what.
    pub fn wiring(&self) -> &Wiring {
        &self.shared.room.wiring
    }

    /// Ends all work here. What was being done counts as not done, and is gone on with by whoever opens
    /// the same journal next.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, all work ends all the same.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn started(room: &Room, stream: &StreamId) -> Result<Option<Envelope>, JournalError> {
    let first = room.journal.read(stream, Sequence::START, 1).await?;
    match first.first().map(Entry::read).transpose()? {
        Some(Entry::Started(envelope)) => Ok(Some(envelope)),
        _ => Ok(None),
    }
}

impl<C: Choreography> Handle<C> {
    /// Its key.
    pub fn key(&self) -> &str {
        self.stream.key()
    }

    /// Its number, by which participants know it.
    pub const fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// Waits until all events were made, or until whatever was done is undone.
    ///
    /// # Errors
    ///
    /// What the journal can meet with; [`JournalError::Unreadable`] when what was told cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn ended(&self) -> Result<End<DoneOf<C>, RefusalOf<C>>, JournalError> {
        let mut changes = self.shared.room.journal.changes();
        loop {
            if let Some(end) = self.end().await? {
                return Ok(end);
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), changes.next()).await;
        }
    }

    async fn end(&self) -> Result<Option<End<DoneOf<C>, RefusalOf<C>>>, JournalError> {
        let wiring = &self.shared.room.wiring;
        let records = self.shared.room.journal.read_to_end(&self.stream, Sequence::START).await?;
        let mut state = State::new(wiring, core::iter::empty(), true);
        apply_all(wiring, &mut state, &records)?;
        if let Some(why) = &state.refused
            && state.is_undone(wiring)
        {
            let said: Value = why.event().read_json()?;
            return Ok(Some(End::Undone(why_of(&said)?)));
        }
        if !state.is_complete(wiring) {
            return Ok(None);
        }
        let Some(started) = &state.started else { return Ok(None) };
        let history = History::<C::Events>::new(started.event().read_json()?);
        for (place, envelope) in &state.heard {
            let output = <C::Events as Saga>::read(*place, envelope.event().payload());
            history.keep(output.map_err(|error| unreadable(&error))?);
        }
        Ok(<C::Events as Saga>::done(history).map(End::Completed))
    }

    /// Calls the transaction off: unless its point of no return is, or may be, behind it, whatever was
    /// done is undone. [`ended`](Self::ended) says which of the two it was.
    ///
    /// Only with a pivot is there somebody who decides that: without, participants could take it in
    /// different orders.
    ///
    /// # Errors
    ///
    /// [`BusError::Invalid`] without a pivot; and what the bus can meet with.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it was called off or not.
    pub async fn cancel(&self, why: &str) -> Result<(), BusError> {
        let room = &self.shared.room;
        let advice = "mark the event behind which there is only forward as `#[pivot]`";
        check(
            "cancel",
            "of a choreography with a pivot",
            room.wiring.pivot().is_some(),
            self.key(),
        )
        .map_err(|it| it.with_advice(advice))?;
        let said = json!({ "cancelled": why });
        let (topic, event) = (room.wiring.name(), control(REFUSED, &said));
        let id = alloc::format!("{}-cancelled", self.transaction);
        let envelope = Envelope::new(topic, self.transaction, self.key(), event)?;
        room.bus.publish(envelope.with_id(EventId::new(&id)?)).await
    }
}

fn why_of<R: Durable>(said: &Value) -> Result<Why<R>, JournalError> {
    if let Some(why) = said["cancelled"].as_str() {
        return Ok(Why::Cancelled { why: why.to_string() });
    }
    let event = said["event"].as_str().unwrap_or_default().to_string();
    let refusal = serde_json::from_value(said["refusal"].clone());
    Ok(Why::Refused { event, refusal: refusal.map_err(|error| unreadable(&error))? })
}

fn unreadable(error: &dyn fmt::Display) -> JournalError {
    let what = alloc::format!("what was told is of another form: {error}");
    JournalError::Unreadable { what, source: None }
}

/// From the bus into the inbox.
async fn take<D: Saga>(desk: Arc<Desk<D>>, mut subscription: Box<dyn Subscription>) {
    let (mut tries, mut pause) = (0_u32, Duration::ZERO);
    loop {
        let taken = match subscription.next().await {
            Ok(delivery) => match desk.take(delivery.envelope()).await {
                // One that could not be acknowledged comes again, and is known by then.
                Ok(_) => {
                    let _ = delivery.ack().await;
                    true
                }
                Err(error) => {
                    observe::broken(desk.name, delivery.envelope().id().as_str(), &error);
                    let later = AGAIN.delay(tries + 1, pause, fastrand::u64(..));
                    let _ = delivery.nack(later).await;
                    false
                }
            },
            Err(BusError::Closed) => return,
            Err(_) => false,
        };
        match taken {
            true => (tries, pause) = (0, Duration::ZERO),
            false => {
                tries = tries.saturating_add(1);
                pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Claims what is due, and works at it.
async fn work<D: Saga>(desk: Arc<Desk<D>>, poll: Duration, at_once: usize) {
    let mut changes = desk.room.journal.changes();
    let (mut hands, mut tries, mut pause) = (JoinSet::new(), 0_u32, Duration::ZERO);
    loop {
        while hands.try_join_next().is_some() {}
        if hands.len() >= at_once {
            hands.join_next().await;
            continue;
        }
        let wanted = at_once - hands.len();
        let claim = Claim::of([desk.kind.as_str()]).by(&desk.room.owner).lease(desk.room.lease);
        let leases = match desk.room.journal.claim(claim.most(wanted)).await {
            Ok(leases) => leases,
            Err(_) => {
                tries = tries.saturating_add(1);
                pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                tokio::time::sleep(pause).await;
                continue;
            }
        };
        (tries, pause) = (0, Duration::ZERO);
        let found = leases.len();
        for lease in leases {
            hands.spawn(worked(Arc::clone(&desk), lease));
        }
        if found < wanted {
            tokio::select! {
                () = changes.next() => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
    }
}

/// How long a transaction rests that cannot be worked at.
const REST: Duration = Duration::from_secs(60);

async fn worked<D: Saga>(desk: Arc<Desk<D>>, lease: Lease) {
    match desk.work(lease.clone()).await {
        Ok(Put::Down(_) | Put::Gone | Put::Forgotten) | Err(JournalError::Fenced { .. }) => {}
        Err(error) => {
            observe::broken(desk.name, &lease.stream.to_string(), &error);
            // One that cannot be worked at does not keep the others waiting.
            let append = Append::to(&lease.stream).fenced(&lease).due(Due::After(REST));
            let _ = desk.room.journal.append(append.status("broken").release()).await;
        }
    }
}

impl<C: Choreography> fmt::Debug for Choreographed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choreographed")
            .field("name", &self.shared.room.wiring.name())
            .field("participants", &self.shared.names)
            .finish_non_exhaustive()
    }
}

impl<C: Choreography> fmt::Debug for ChoreographedBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChoreographedBuilder")
            .field("name", &<C::Events as Saga>::DEFINITION.name())
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl<C: Choreography> fmt::Debug for Handle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("key", &self.key())
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}
