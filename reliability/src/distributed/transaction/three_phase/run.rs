//! One transaction of a coordinator, and the types that let the compiler count its phases.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Ready, ready};
use core::mem;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::coordinator::Shared;
use super::core::{Coordinator, CoordinatorEffect, CoordinatorInput, CoordinatorPhase};
use super::log::Cast;
use super::setup::Post;
use super::{Envelope, Message, Standing, ThreePhaseError, observe};
use crate::distributed::transaction::two_phase::TransactionId;
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::journal::JournalError;
use crate::time::Instant;

pub(super) struct Run {
    shared: Arc<Shared>,
    pub(super) transaction: TransactionId,
    cast: Cast,
    all: Members,
    mail: mpsc::Receiver<Envelope>,
    post: Post,
    began: Instant,
}

/// A transaction of which nobody knows yet.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "nobody has been asked: `ask().await`"]
pub struct Begun {
    run: Run,
    works: Vec<String>,
}

/// A transaction in which everybody has voted yes, and nobody knows that of the others.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "everybody waits, and goes on alone after four rounds: `pre_commit` or `abort`"]
pub struct AllVoted {
    run: Run,
    core: Coordinator,
}

/// A transaction in which everybody who lives knows that all have voted yes: it commits, with its
/// coordinator or without.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "everybody waits to hear it: `commit().await`"]
pub struct AllKnow {
    run: Run,
    effects: Vec<CoordinatorEffect>,
    unheard: Members,
}

/// How a transaction ended that has committed.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// For everybody.
    pub decision: Decision,
    /// Participants who have promised and were not heard of after that: they learn it when they
    /// come back.
    pub unheard: Vec<String>,
}

/// A transaction in which all votes are there.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "nobody is told that all have voted before all have voted",
    label = "not everybody has promised here",
    note = "call `.ask().await?` first"
)]
pub trait HasVotes {}

/// A transaction in which everybody knows that all have voted yes.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "a transaction of three phases commits after everybody knows that all have voted yes",
    label = "if the coordinator died now, those who are left would abort",
    note = "call `.pre_commit().await?` first"
)]
pub trait IsKnown {}

/// A transaction that can still be given up.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "a transaction of which everybody knows that all have voted yes cannot be aborted",
    label = "if the coordinator died now, those who are left would commit",
    note = "abort before `.pre_commit()`"
)]
pub trait CanAbort {}

// The methods that have one of these as their condition are there for its message: nobody can call
// them. A future of a named type is one error where that of an `async fn` is three.
impl HasVotes for AllVoted {}
impl IsKnown for AllKnow {}
impl CanAbort for AllVoted {}

impl Begun {
    pub(super) fn new(run: Run, works: Vec<String>) -> Self {
        Self { run, works }
    }

    /// Asks everybody to do its part so far, and for its vote.
    ///
    /// # Errors
    ///
    /// Somebody has refused, or did not answer within a round: then it is aborted. Or there was a
    /// transaction of this name before.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, it is as if the coordinator had crashed: the others abort.
    pub async fn ask(
        self, // all were asked: go on with the `AllVoted` that `ask` gives
    ) -> Result<AllVoted, ThreePhaseError> {
        let Self { mut run, works } = self;
        if run.shared.hub.log.read(&run.transaction).await?.is_some() {
            return Err(ThreePhaseError::NotNew { transaction: run.transaction.clone() });
        }
        run.began = run.shared.hub.now();
        let (mut core, asks) = Coordinator::begin(run.shared.hub.protocol, run.began, run.all);
        for ask in asks {
            if let CoordinatorEffect::Ask(index) = ask {
                run.say(index, Message::Ask(works[index].clone()));
            }
        }
        let mut missing = run.all;
        loop {
            let input = run.hear(core.wake_at()).await;
            match input {
                CoordinatorInput::Voted(from, vote) if vote.allows_commit() => {
                    // It is the core's when the phase is over: until then it can be given up.
                    missing = missing.without(Members::NONE.with(from));
                    if missing.is_empty() {
                        return Ok(AllVoted { run, core });
                    }
                }
                input => {
                    let effects = core.step(run.shared.hub.now(), input);
                    if !matches!(core.phase(), CoordinatorPhase::Ended { .. }) {
                        continue;
                    }
                    run.tell(effects).await;
                    let transaction = run.transaction.clone();
                    run.ended(Some(Decision::Abort));
                    return Err(match input {
                        CoordinatorInput::Voted(from, Vote::No) => {
                            let by = run.cast.members[from].clone();
                            ThreePhaseError::Refused { transaction, by }
                        }
                        _ => ThreePhaseError::NoVote { transaction, of: run.names(missing) },
                    });
                }
            }
        }
    }

    /// Asks how it has ended, for some rounds.
    pub(super) async fn find_out(self) -> Result<Decision, ThreePhaseError> {
        let mut run = self.run;
        run.ask_around().await
    }

    #[doc(hidden)]
    pub fn pre_commit(self) -> Ready<Result<AllKnow, ThreePhaseError>>
    where
        for<'known> Self: HasVotes,
    {
        ready(Err(self.run.undecided(None)))
    }

    #[doc(hidden)]
    pub fn commit(self) -> Ready<Result<Outcome, ThreePhaseError>>
    where
        for<'known> Self: IsKnown,
    {
        ready(Err(self.run.undecided(None)))
    }
}

impl AllVoted {
    /// Tells everybody that all have voted yes, and waits until those who live know it.
    ///
    /// # Errors
    ///
    /// [`Late`](ThreePhaseError::Late) when this comes more than a round after it was begun, or this
    /// process was stopped meanwhile, and the participants have aborted.
    /// [`Undecided`](ThreePhaseError::Undecided) when they have gone on without it and nobody
    /// answers.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, it is as if the coordinator had crashed: the others commit if one
    /// of them knows, and abort otherwise.
    pub async fn pre_commit(
        self, // all were told: go on with the `AllKnow` that `pre_commit` gives
    ) -> Result<AllKnow, ThreePhaseError> {
        let Self { mut run, mut core } = self;
        let mut effects = Vec::new();
        for member in run.all.iter() {
            let input = CoordinatorInput::Voted(member, Vote::Yes);
            effects.extend(core.step(run.shared.hub.now(), input));
        }
        let mut unheard = run.all;
        loop {
            match core.phase() {
                CoordinatorPhase::Ended { decision: Decision::Commit } => {
                    return Ok(AllKnow { run, effects, unheard });
                }
                CoordinatorPhase::Ended { .. } => {
                    run.tell(effects).await;
                    return Err(run.late());
                }
                CoordinatorPhase::Lost { .. } => {
                    return match run.ask_around().await? {
                        Decision::Commit => Ok(AllKnow { run, effects: Vec::new(), unheard }),
                        Decision::Abort => Err(run.late()),
                    };
                }
                CoordinatorPhase::Asking { .. } | CoordinatorPhase::PreCommitting { .. } => {}
            }
            run.carry_out(mem::take(&mut effects));
            let input = run.hear(core.wake_at()).await;
            if let CoordinatorInput::Acknowledged(from) = input {
                unheard = unheard.without(Members::NONE.with(from));
            }
            effects = core.step(run.shared.hub.now(), input);
        }
    }

    /// Does not want it any more, and tells everybody.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the others abort on their own.
    pub async fn abort(
        self, // ends this transaction: begin another one for what comes next, under a name of its own
    ) {
        let Self { mut run, mut core } = self;
        let effects = core.step(run.shared.hub.now(), CoordinatorInput::GivenUp);
        run.tell(effects).await;
        run.ended(Some(Decision::Abort));
    }

    #[doc(hidden)]
    pub fn commit(self) -> Ready<Result<Outcome, ThreePhaseError>>
    where
        for<'known> Self: IsKnown,
    {
        ready(Err(self.run.undecided(None)))
    }
}

impl AllKnow {
    /// Writes down that it commits, and tells everybody once. Who does not hear it commits by itself.
    ///
    /// # Errors
    ///
    /// [`Undecided`](ThreePhaseError::Undecided) when the journal does not answer. It commits, unless
    /// all those are dead for good who know that all have voted yes.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, the others commit without it.
    pub async fn commit(
        self, // ends this transaction: begin another one for what comes next, under a name of its own
    ) -> Result<Outcome, ThreePhaseError> {
        let Self { mut run, effects, unheard } = self;
        if effects.contains(&CoordinatorEffect::Record(Decision::Commit)) {
            let log = &run.shared.hub.log;
            match log.decided(&run.transaction, &run.cast, Decision::Commit).await {
                Ok(()) => {}
                Err(error) => return Err(run.undecided(Some(error))),
            }
        }
        run.tell(effects).await;
        run.ended(Some(Decision::Commit));
        Ok(Outcome { decision: Decision::Commit, unheard: run.names(unheard) })
    }

    #[doc(hidden)]
    pub fn abort(self) -> Ready<()>
    where
        for<'known> Self: CanAbort,
    {
        drop(self);
        ready(())
    }
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        transaction: TransactionId,
        cast: Cast,
        all: Members,
        mail: mpsc::Receiver<Envelope>,
    ) -> Self {
        let began = shared.hub.now();
        Self { shared, transaction, cast, all, mail, post: Post::new(), began }
    }

    /// What comes next, or that it is time.
    async fn hear(&mut self, until: Option<Instant>) -> CoordinatorInput {
        loop {
            let now = self.shared.hub.now();
            let pause = until.map_or(self.shared.hub.protocol.round(), |until| {
                until.saturating_duration_since(now)
            });
            let Ok(Some(envelope)) = timeout(pause, self.mail.recv()).await else {
                return CoordinatorInput::Woken;
            };
            let from = self.cast.members.iter().position(|name| *name == envelope.from);
            match (envelope.message, from) {
                (Message::Vote(vote), Some(from)) => return CoordinatorInput::Voted(from, vote),
                (Message::Acknowledge, Some(from)) => return CoordinatorInput::Acknowledged(from),
                (Message::Inquire, Some(from)) => return CoordinatorInput::Inquired(from),
                (Message::Report(Standing::Ended(decision)) | Message::Tell(decision), Some(_)) => {
                    return CoordinatorInput::Told(decision);
                }
                _ => {}
            }
        }
    }

    /// As long as the participants can take to end without it, each in its turn.
    async fn ask_around(&mut self) -> Result<Decision, ThreePhaseError> {
        let hub = Arc::clone(&self.shared.hub);
        let turns = u32::try_from(self.cast.members.len() + 2).unwrap_or(u32::MAX >> 8);
        let end = hub.now().saturating_add(hub.protocol.round() * (4 * turns));
        while hub.now() < end {
            self.carry_out(Vec::from([CoordinatorEffect::Inquire]));
            let again = hub.now().saturating_add(hub.protocol.round() * 4);
            while hub.now() < again {
                if let CoordinatorInput::Told(decision) = self.hear(Some(again)).await {
                    return Ok(decision);
                }
            }
        }
        Err(self.undecided(None))
    }

    fn carry_out(&mut self, effects: Vec<CoordinatorEffect>) {
        for effect in effects {
            match effect {
                CoordinatorEffect::PreCommit(to) => self.say(to, Message::PreCommit),
                CoordinatorEffect::Tell(to, decision) => self.say(to, Message::Tell(decision)),
                CoordinatorEffect::Inquire => {
                    (0..self.cast.members.len()).for_each(|to| self.say(to, Message::Inquire));
                }
                // The first question goes with the work, and what is written is written by then.
                CoordinatorEffect::Ask(_) | CoordinatorEffect::Record(_) => {}
            }
        }
    }

    /// Until all of it has been sent.
    async fn tell(&mut self, effects: Vec<CoordinatorEffect>) {
        self.carry_out(effects);
        self.post.empty().await;
    }

    fn say(&mut self, to: usize, message: Message) {
        let Some(to) = self.cast.members.get(to).cloned() else { return };
        let Cast { coordinator, members } = self.cast.clone();
        let (transaction, from) = (self.transaction.clone(), coordinator.clone());
        let envelope = Envelope { transaction, coordinator, members, from, to, message };
        self.post.send(&self.shared.hub, envelope);
    }

    fn names(&self, members: Members) -> Vec<String> {
        members.iter().filter_map(|member| self.cast.members.get(member).cloned()).collect()
    }

    fn late(&self) -> ThreePhaseError {
        self.ended(Some(Decision::Abort));
        ThreePhaseError::Late { transaction: self.transaction.clone() }
    }

    fn undecided(&self, source: Option<JournalError>) -> ThreePhaseError {
        self.ended(None);
        let (transaction, source) = (self.transaction.clone(), source.map(Box::new));
        ThreePhaseError::Undecided { transaction, source }
    }

    fn ended(&self, decision: Option<Decision>) {
        let took = self.shared.hub.now().saturating_duration_since(self.began);
        observe::coordinated(decision, took);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.live.lock().remove(&self.transaction);
    }
}

impl Outcome {
    /// Whether everybody was heard of.
    pub fn is_complete(&self) -> bool {
        self.unheard.is_empty()
    }
}

macro_rules! opaque {
    ($($name:ident)+) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let transaction = &self.run.transaction;
                f.debug_struct(stringify!($name))
                    .field("transaction", transaction)
                    .finish_non_exhaustive()
            }
        }
    )+ };
}

opaque! { Begun AllVoted AllKnow }
