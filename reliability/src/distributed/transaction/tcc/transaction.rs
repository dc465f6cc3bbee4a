use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::coordinator::Coordinator;
use super::core::{Input, Machine, Stage};
use super::drive::Drive;
use super::participant::{Cx, Part, Tcc, Transient};
use super::tried::{AllTried, AnyTried, Tried};
use super::written::Birth;
use super::{Decision, ReserveError, TccError, observe, written};
use crate::error::Invalid;
use crate::journal::{Append, Due, Event, JournalError, Sequence, StreamId};

/// A transaction under way: participants reserve, and then all is confirmed or all cancelled.
///
/// Whoever drops it leaves it undecided, and it is cancelled when it expires, by whichever process
/// [recovers](Coordinator::recover).
///
/// # Examples
///
/// See the [module](super).
#[must_use = "a transaction that is neither confirmed nor cancelled keeps what it has reserved until it expires"]
pub struct Transaction {
    drive: Drive,
}

/// What has become of a transaction that is decided.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settled {
    /// What was decided. The journal knows, so it does not change any more.
    pub decision: Decision,
    /// How many participants have not done so yet. They are told again by whoever
    /// [recovers](Coordinator::recover).
    pub pending: usize,
}

impl Coordinator {
    /// Begins a transaction. Its id is the caller's, and is used once: that of the order, say.
    ///
    /// # Errors
    ///
    /// [`TccError::Begun`] when there is one of that id, begun by this process or by one that has
    /// died: [`Operator::show`](super::Operator::show) tells how it ends. What the journal can meet
    /// with; an id that no stream can have is invalid.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the transaction may have begun; it is cancelled when it
    /// expires.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};
    /// # struct Seats;
    /// # impl Tcc for Seats {
    /// #     const NAME: &'static str = "seats";
    /// #     type Input = u32;
    /// #     type Refused = String;
    /// #     async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> { Ok(()) }
    /// #     async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
    /// #     async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
    /// # }
    /// use reliability::distributed::transaction::tcc::{Coordinator, TccError};
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let coordinator = Coordinator::on(&Journal::in_memory()).participant(Seats).build()?;
    /// let booking = coordinator.begin("booking-1").await?;
    /// let again = coordinator.begin("booking-1").await;
    /// assert!(matches!(again, Err(TccError::Begun { .. })));
    /// # booking.cancel(Vec::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(&self, id: &str) -> Result<Transaction, TccError> {
        let hub = &self.0;
        let stream = StreamId::new(written::KIND, id)?;
        let expires_at = hub.now() + hub.expires;
        let birth = Birth::new(Some(expires_at));
        let append = Append::to(&stream)
            .after(Sequence::START)
            .held_by(&hub.owner, hub.expires)
            .event(written::began(Some(expires_at), &birth)?)
            .due(Due::Now)
            .status("trying");
        let appended = hub.journal.append(append).await.map_err(|error| begun(id, error))?;
        observe::begun();
        let machine = (Machine::new(Some(expires_at)), Vec::new());
        let lease = appended.lease(&stream).map(|lease| (lease, hub.expires));
        let drive = Drive::new(hub, (stream, birth), lease, appended.sequence, machine);
        Ok(Transaction { drive })
    }

    /// Begins a transaction that is a participant of another one, which decides: in its `reserve`,
    /// with the [`Cx`] that it was given. It ends with [`leave`](Transaction::leave).
    ///
    /// # Errors
    ///
    /// As of [`begin`](Self::begin). A transaction that was cancelled before it began is
    /// [`TccError::Begun`], too: its reservations would never be released. One that begins when the
    /// other one has expired is [`TccError::Over`]: it cannot be confirmed any more, and nobody may know
    /// any more that it was cancelled.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the transaction may have begun; the other one ends it.
    ///
    /// # Examples
    ///
    /// See [the module](super#transactions-in-transactions).
    pub async fn begin_nested(&self, cx: &Cx) -> Result<Transaction, TccError> {
        let (hub, id) = (&self.0, cx.to_string());
        let stream = StreamId::new(written::KIND, &id)?;
        let birth = Birth::new(cx.until());
        let late = || TccError::Over { id: id.clone(), decision: Some(Decision::Cancel) };
        if hub.is_late(birth.until) {
            return Err(late());
        }
        let append = Append::to(&stream).after(Sequence::START);
        let append = append.event(written::began(None, &birth)?).due(Due::Never).status("trying");
        let appended = hub.journal.append(append).await.map_err(|error| begun(&id, error))?;
        if hub.is_late(birth.until) {
            // One that was cancelled may have been here and be forgotten: nothing is reserved for it.
            let over = Append::to(&stream).after(appended.sequence).due(hub.due(&birth));
            let over = over.events_of([written::decided(Decision::Cancel), written::ended()]);
            hub.journal.append(over.status(written::IS_OVER)).await?;
            return Err(late());
        }
        observe::begun();
        let machine = (Machine::new(None), Vec::new());
        let drive = Drive::new(hub, (stream, birth), None, appended.sequence, machine);
        Ok(Transaction { drive })
    }

    /// Confirms or cancels a transaction that is a participant of another one: in its `confirm` and
    /// in its `cancel`. One that has never begun is cancelled for good.
    ///
    /// # Errors
    ///
    /// [`Transient`] as long as one of its participants has not done so.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, participants may or may not have been told.
    ///
    /// # Examples
    ///
    /// See [the module](super#transactions-in-transactions).
    pub async fn settle_nested(&self, cx: &Cx, decision: Decision) -> Result<(), Transient> {
        let (hub, id) = (&self.0, cx.to_string());
        let stream = match StreamId::new(written::KIND, &id) {
            Ok(stream) => stream,
            // Its id is too long, so it has never begun and never will.
            Err(_) if decision == Decision::Cancel => return Ok(()),
            Err(invalid) => return Err(invalid.into()),
        };
        let records = hub.journal.read_to_end(&stream, Sequence::START).await?;
        let Some(last) = records.last() else {
            let birth = Birth::new(cx.until());
            // Only what has ended is forgotten, and it has ended as the other one has decided: that never
            // changes. Who tries now is too late.
            if hub.goes_at(Duration::ZERO, &birth).is_some_and(|at| hub.now() >= at) {
                return Ok(());
            }
            if decision == Decision::Confirm {
                return Err(Transient::new(
                    "it has reserved nothing, so there is nothing to confirm",
                ));
            }
            let began = written::began(None, &birth)?;
            let entries = [began, written::decided(decision), written::ended()];
            let append = Append::to(&stream).after(Sequence::START).events_of(entries);
            hub.journal.append(append.due(hub.due(&birth)).status(written::IS_OVER)).await?;
            return Ok(());
        };
        let (entries, parts) = written::read(&records)?;
        let (machine, effects) = Machine::recover(hub.now(), &entries, 0);
        let birth = Birth::read(&records)?;
        let mut drive = Drive::new(hub, (stream, birth), None, last.sequence, (machine, parts));
        drive.follow(effects).await?;
        if drive.machine.stage() == Stage::Trying {
            drive.take(Input::Decide(decision)).await?;
        }
        let pending = drive.settle().await?;
        match drive.machine.stage() {
            Stage::Over(ended) if ended == decision => Ok(()),
            Stage::Over(ended) => {
                Err(Transient::new(alloc::format!("it has ended the other way: {ended}")))
            }
            _ => Err(Transient::new(alloc::format!("{pending} of its participants have not"))),
        }
    }
}

fn begun(id: &str, error: JournalError) -> TccError {
    match error {
        JournalError::Conflict { .. } | JournalError::Busy { .. } => {
            TccError::Begun { id: id.to_string() }
        }
        error => error.into(),
    }
}

impl Transaction {
    /// Its id.
    pub fn id(&self) -> &str {
        self.drive.id()
    }

    /// Lets a participant reserve. It is written down before, so that it is cancelled whatever comes.
    ///
    /// # Errors
    ///
    /// [`ReserveError::Refused`] when it says no: then all of the transaction is cancelled already,
    /// and nothing more can be reserved in it. [`ReserveError::Failed`] when the transaction has
    /// expired, the participant is not one of the coordinator's, or the journal does not answer.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the participant may have reserved, and the transaction
    /// can only be cancelled any more.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub async fn reserve<P: Tcc>(
        &mut self,
        input: P::Input,
    ) -> Result<Tried<P>, ReserveError<P::Refused>> {
        let entry = self.drive.hub.participants.get(P::NAME);
        let Some(participant) = entry.and_then(|entry| entry.typed::<P>()) else {
            return Err(Invalid::new("tcc", "participant", "one of the coordinator's", P::NAME)
                .with_advice("add it where the coordinator is built: `.participant(..)`")
                .into());
        };
        let part = Part { name: P::NAME.into(), input: Event::json("Input", 1, &input)? };
        self.drive.parts.push(part);
        let Some(index) = self.drive.take(Input::Join).await? else {
            self.drive.parts.pop();
            return Err(self.over().into());
        };
        let cx = Cx::new(self.drive.id(), &self.drive.birth, index, P::NAME);
        match participant.reserve(&cx, &input).await {
            Ok(()) => {
                self.drive.take(Input::Reserved(index)).await?;
                Ok(Tried::new(self.drive.id(), index))
            }
            Err(refused) => {
                observe::refused(P::NAME);
                // What cannot be cancelled now is by whoever recovers: that it was refused is said.
                if self.drive.take(Input::Decide(Decision::Cancel)).await.is_ok() {
                    let _ = self.drive.settle().await;
                }
                Err(ReserveError::Refused(refused))
            }
        }
    }

    /// All use what they have reserved. Once this has returned `Ok`, that is certain, whatever crashes.
    ///
    /// # Errors
    ///
    /// [`TccError::Over`] when it is cancelled instead, because somebody has refused or it has expired,
    /// or when another process has taken it over. [`TccError::Invalid`] when these are not all
    /// reservations of this transaction, or another one [decides](Coordinator::begin_nested): then it
    /// is cancelled. What the journal can meet with: then it may be decided, and whoever recovers
    /// finds out.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, it may be decided; whoever recovers goes on.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub async fn confirm(
        self, // ends this transaction: begin another one for what comes next, under a name of its own
        tried: impl AllTried,
    ) -> Result<Settled, TccError> {
        self.end(Decision::Confirm, tried.list()).await
    }

    /// All release what they have reserved.
    ///
    /// # Errors
    ///
    /// As of [`confirm`](Self::confirm).
    ///
    /// # Cancel safety
    ///
    /// As of [`confirm`](Self::confirm).
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub async fn cancel(
        self, // ends this transaction: begin another one for what comes next, under a name of its own
        tried: impl AllTried,
    ) -> Result<Settled, TccError> {
        self.end(Decision::Cancel, tried.list()).await
    }

    /// Leaves the decision to the transaction that this one is a participant of; see
    /// [`Coordinator::begin_nested`].
    ///
    /// # Errors
    ///
    /// [`Invalid`] when these are not all reservations of this transaction, when it belongs to no other
    /// one, so that nobody would ever decide, or when it is cancelled, because one of its participants
    /// has refused: hand that on, or the other one would confirm what is not there any more.
    ///
    /// # Examples
    ///
    /// See [the module](super#transactions-in-transactions).
    pub fn leave(
        self, // leaves it to the transaction around it: confirm or cancel that one
        tried: impl AllTried,
    ) -> Result<(), Invalid> {
        let machine = &self.drive.machine;
        if !machine.is_nested() {
            let expected = "one that was begun with `begin_nested`";
            return Err(Invalid::new("tcc", "transaction", expected, "one of its own")
                .with_advice("confirm it, or cancel it"));
        }
        if machine.stage() != Stage::Trying {
            let expected = "one all of whose participants have reserved";
            return Err(Invalid::new("tcc", "transaction", expected, "one that is cancelled")
                .with_advice(
                    "refuse, so that the transaction that it is part of is cancelled, too",
                ));
        }
        self.check(&tried.list())
    }

    async fn end(mut self, asked: Decision, tried: Vec<AnyTried>) -> Result<Settled, TccError> {
        let checked = match asked {
            Decision::Confirm if self.drive.machine.is_nested() => {
                let expected = "one that belongs to no other";
                Err(Invalid::new("tcc", "transaction", expected, "one of `begin_nested`")
                    .with_advice("`leave` it: the transaction that it is part of decides"))
            }
            _ => self.check(&tried),
        };
        let wanted = if checked.is_ok() { asked } else { Decision::Cancel };
        self.drive.take(Input::Decide(wanted)).await?;
        let pending = self.drive.settle().await?;
        checked?;
        match self.drive.machine.stage() {
            Stage::Telling(decision)
            | Stage::Stuck(decision)
            | Stage::Ending(decision)
            | Stage::Over(decision)
                if decision == asked =>
            {
                Ok(Settled { decision, pending })
            }
            _ => Err(self.over()),
        }
    }

    /// Each reservation once, and none of another transaction.
    fn check(&self, tried: &[AnyTried]) -> Result<(), Invalid> {
        let expected = "every reservation of this transaction";
        let wrong = |got: String| {
            Err(Invalid::new("tcc", "reservations", expected, got)
                .with_advice("hand over what each `reserve` has returned"))
        };
        if let Some(other) = tried.iter().find(|it| !it.is_of(self.id())) {
            return wrong(alloc::format!("{other:?}, which is of another transaction"));
        }
        let all = self.drive.machine.participants();
        let mut found: Vec<usize> = tried.iter().map(AnyTried::index).collect();
        found.sort_unstable();
        found.dedup();
        // A transaction that is decided has lost them, and says so.
        if found.len() == all || self.drive.machine.stage() != Stage::Trying {
            return Ok(());
        }
        wrong(alloc::format!("{} of {all}", found.len()))
    }

    fn over(&self) -> TccError {
        let decision = match self.drive.machine.stage() {
            Stage::Trying => Some(Decision::Cancel),
            Stage::Deciding(it)
            | Stage::Telling(it)
            | Stage::Stuck(it)
            | Stage::Ending(it)
            | Stage::Over(it) => Some(it),
        };
        TccError::Over { id: self.id().to_string(), decision }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("id", &self.id())
            .field("participants", &self.drive.machine.participants())
            .field("stage", &self.drive.machine.stage())
            .finish()
    }
}
