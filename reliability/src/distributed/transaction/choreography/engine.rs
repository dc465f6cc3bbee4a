//! What is asked of participants from outside.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::builder::check;
use super::bus::{BusError, Envelope, EventId, Group, TransactionId};
use super::desk::{Desk, Room, apply_all, control};
use super::end::{End, Parked, Why};
use super::entry::Entry;
use super::history;
use super::observe;
use super::operator::reasons;
use super::plan::Wiring;
use super::rules::{REFUSED, STARTED, State};
use super::starter;
use super::wiring::Choreography;
use crate::distributed::transaction::operator::Said;
use crate::distributed::transaction::saga::durable::{Read, Written};
use crate::distributed::transaction::saga::{Durable, Saga};
use crate::error::Invalid;
use crate::journal::{Append, Due, Encoding, Event, Heads, JournalError, Sequence, StreamId};

/// The participants of this process at work, and who starts transactions.
///
/// They work until it is dropped or [stopped](Choreographed::stop). What they have begun is gone on with
/// by whoever opens the same journal next.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// # use reliability::distributed::transaction::choreography::bus::JournalBus;
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let journal = Journal::in_memory();
/// # let orders = Orders::on(&journal, JournalBus::on(&journal), (Warehouse, Card)).start().await?;
/// let order = orders.start("order-1", 3).await?;
/// order.ended().await?;
/// let again = orders.find("order-1").await?.ok_or("it was started")?;
/// assert_eq!(again.transaction(), order.transaction());
/// orders.stop().await;
/// # Ok(())
/// # }
/// ```
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

/// A transaction that was started here.
///
/// # Examples
///
/// See [`End`].
pub struct Handle<C: Choreography> {
    shared: Arc<Shared<C>>,
    stream: StreamId,
    transaction: TransactionId,
}

/// The outputs of all events.
type DoneOf<C> = <<C as Choreography>::Events as Saga>::Done;
type RefusalOf<C> = <<C as Choreography>::Events as Saga>::Refusal;
type InputOf<C> = <<C as Choreography>::Events as Saga>::Input;

impl<C: Choreography> Choreographed<C> {
    pub(super) fn new(
        room: Arc<Room>,
        start: Arc<Desk<C::Events>>,
        names: Vec<&'static str>,
        starts: bool,
        tasks: JoinSet<()>,
    ) -> Self {
        Self { shared: Arc::new(Shared { room, start, names, starts }), tasks }
    }

    /// Starts a transaction, once for each key.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when the key is none, a transaction of that key was started with
    /// another input, or this process [starts none](super::ChoreographedBuilder::participants_only);
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
        let payload =
            serde_json::to_vec(&Written(&input)).map_err(|source| JournalError::Unreadable {
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
                if let Some(newer) = before.as_ref().filter(|it| room.wiring.is_elsewhere(it)) {
                    return Err(elsewhere(&room.wiring, key, newer));
                }
                let input = |it| history::input::<C::Events>(&room.wiring, it);
                if before.as_ref().map(input).transpose()? != Some(input(&envelope)?) {
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
                    let reasons = reasons(&records);
                    let transaction = head.stream.key().to_string();
                    all.push(Parked { participant: (*name).to_string(), transaction, reasons });
                }
            }
        }
        Ok(all)
    }

    /// Lets a participant try again what is [parked](Self::parked), from its first attempt on. Who says
    /// so, and why, is written down. An [`Operator`](super::Operator) does so without the types, and can
    /// also end it as it is.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when nothing of that transaction is there, or nothing is said of who and
    /// why.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it is tried again or not.
    pub async fn retry(&self, parked: &Parked, by: &str, why: &str) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("choreography", by, why)?;
        let room = &self.shared.room;
        let kind = alloc::format!("{}.{}", room.wiring.name(), parked.participant);
        let stream = StreamId::new(&kind, &parked.transaction)?;
        if room.journal.head(&stream).await?.is_none() {
            let expected = "one that `parked` lists";
            return Err(Invalid::new("choreography", "parked", expected, stream.to_string()).into());
        }
        let entry = Entry::Retried { by: by.clone(), why };
        room.journal.append(Append::to(&stream).event(entry.event()).due(Due::Now)).await?;
        observe::mended(room.wiring.name(), &parked.transaction, "retry", &by);
        Ok(())
    }

    /// The group on the bus of those who start transactions on this journal: `start.` and a number that
    /// was drawn for it. When the journal is gone for good, this is what to
    /// [remove](super::bus::Bus::remove), so note it down as long as it is there.
    ///
    /// # Errors
    ///
    /// What the journal can meet with.
    ///
    /// # Cancel safety
    ///
    /// The number was drawn or not.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
    /// # use shop::*;
    /// use reliability::distributed::transaction::choreography::bus::{Bus, JournalBus};
    /// # use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let journal = Journal::in_memory();
    /// let bus = JournalBus::in_memory();
    /// let orders = Orders::on(&journal, bus.clone(), (Warehouse, Card)).start().await?;
    /// let group = orders.starter_group().await?;
    /// assert!(group.name().starts_with("start."));
    /// // Later, when orders are started here no more:
    /// orders.stop().await;
    /// bus.remove(group).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn starter_group(&self) -> Result<Group, BusError> {
        starter::group(&self.shared.room.journal, self.shared.room.wiring.name()).await
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

/// A program of another version has begun it, or gone on with it: this one cannot read what it says.
fn elsewhere(wiring: &Wiring, key: &str, by: &Envelope) -> JournalError {
    let (name, here, there) = (wiring.name(), wiring.version(), by.event().version());
    let what = format!(
        "`{name}` `{key}` is carried on in version {there}, and this program has version {here}: ask a \
         process with a program of that version how it ends"
    );
    JournalError::Unreadable { what, source: None }
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

    /// Waits until all events were made, whatever was done is undone, or an operator has ended it.
    ///
    /// # Errors
    ///
    /// What the journal can meet with; [`JournalError::Unreadable`] when what was told cannot be read,
    /// as that of a program of another version that goes on with it;
    /// [`JournalError::Invalid`] when it is forgotten
    /// [already](super::ChoreographedBuilder::retain).
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
        // Another one may have been started under its key since.
        let ours = state.started.as_ref().filter(|it| it.transaction() == self.transaction);
        let Some(started) = ours else {
            let expected = "a transaction that is not forgotten";
            let invalid = Invalid::new("choreography", "key", expected, self.key());
            return Err(invalid.with_advice("keep it longer, by `retention`").into());
        };
        if let Some((by, why)) = state.abandoned {
            return Ok(Some(End::Abandoned { by, why }));
        }
        if let Some(newer) = state.elsewhere(wiring) {
            return Err(elsewhere(wiring, self.key(), newer));
        }
        if let Some(why) = &state.refused
            && state.is_undone(wiring)
        {
            let said: Value = why.event().read_json()?;
            return Ok(Some(End::RolledBack(why_of(&said)?)));
        }
        if !state.is_complete(wiring) {
            return Ok(None);
        }
        let history = history::history::<C::Events>(wiring, started, &state)?;
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
    let Read(refusal) = refusal.map_err(|error| unreadable(&error))?;
    Ok(Why::Refused { event, refusal })
}

fn unreadable(error: &dyn fmt::Display) -> JournalError {
    let what = alloc::format!("what was told is of another form: {error}");
    JournalError::Unreadable { what, source: None }
}

impl<C: Choreography> fmt::Debug for Choreographed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choreographed")
            .field("name", &self.shared.room.wiring.name())
            .field("participants", &self.shared.names)
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
