use ::core::fmt;
use ::core::future::pending;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::core::{Coordinator, CoordinatorEffect, CoordinatorInput, CoordinatorPhase};
use super::log::{Entry, Log};
use super::{
    Participant, Resource, TransactionId, TwoPhaseBuilder, TwoPhaseError, Unreachable, observe,
};
use crate::distributed::transaction::{Decision, Followed, Members, Vote};
use crate::journal::{Journal, JournalError};
use crate::time::{Clock, Instant};

/// Coordinates transactions, and writes their decisions into a journal. Cheap to clone.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct TwoPhase(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) log: Log,
    pub(super) settings: TwoPhaseBuilder,
    clock: Clock,
}

/// How a transaction ended.
///
/// # Examples
///
/// See [`TwoPhase::run`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// For everybody.
    pub decision: Decision,
    /// Participants who had done the opposite on their own, as operators do who do not want to wait:
    /// their data has to be mended by hand.
    pub against: Vec<String>,
    /// Participants who have not said that they have followed. Recovery goes on with them.
    pub unheard: Vec<String>,
}

impl Outcome {
    /// Whether it has committed, and everybody has said so.
    pub const fn is_complete(&self) -> bool {
        matches!(self.decision, Decision::Commit)
            && self.against.is_empty()
            && self.unheard.is_empty()
    }
}

impl TwoPhase {
    /// A coordinator with the usual settings, whose decisions are in that journal. To recover, it
    /// has to know its resources: see [`builder`](Self::builder).
    pub fn on(journal: &Journal) -> Self {
        Self::built(TwoPhaseBuilder::on(journal))
    }

    /// Settings of a coordinator.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::two_phase::TwoPhase;
    /// use reliability::journal::Journal;
    ///
    /// let coordinator = TwoPhase::builder(&Journal::in_memory())
    ///     .kind("transfers")
    ///     .votes_within(Duration::from_secs(3))
    ///     .grace(Duration::from_secs(30))
    ///     .build()?;
    /// # drop(coordinator);
    /// # Ok::<(), reliability::error::Invalid>(())
    /// ```
    pub fn builder(journal: &Journal) -> TwoPhaseBuilder {
        TwoPhaseBuilder::on(journal)
    }

    pub(super) fn built(settings: TwoPhaseBuilder) -> Self {
        let log = Log { journal: settings.journal.clone(), kind: settings.kind.clone() };
        Self(Arc::new(Inner { log, settings, clock: Clock::precise() }))
    }

    /// Does all of it: asks everybody at once, writes down the decision, and tells everybody.
    ///
    /// For participants that are known only at run time, up to 64;
    /// [`begin!`](super::begin) is for those that stand in the code.
    ///
    /// # Errors
    ///
    /// Why it is aborted, or that it is [not known](TwoPhaseError::Undecided) whether it is. A
    /// commit that not everybody has heard yet is none: see [`Outcome::unheard`].
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, recovery finishes what is left: it commits if that
    /// was written down already, and aborts otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use reliability::distributed::transaction::two_phase::{
    ///     Answer, Participant, Resource, TransactionId, TwoPhase, TwoPhaseError,
    /// };
    /// use reliability::distributed::transaction::{Followed, Vote};
    /// use reliability::journal::Journal;
    ///
    /// /// Always votes the same.
    /// struct Fixed(Vote);
    ///
    /// impl Resource for Fixed {
    ///     fn name(&self) -> &str {
    ///         "fixed"
    ///     }
    ///     fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
    ///         Box::pin(async { Ok(Followed::AsTold) })
    ///     }
    ///     fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
    ///         Box::pin(async { Ok(Followed::AsTold) })
    ///     }
    /// }
    ///
    /// impl Participant for Fixed {
    ///     fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
    ///         let vote = self.0;
    ///         Box::pin(async move { Ok(vote) })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TwoPhaseError> {
    /// let coordinator = TwoPhase::on(&Journal::in_memory());
    /// let all = |votes: &[Vote]| -> Vec<Arc<dyn Participant>> {
    ///     votes.iter().map(|vote| Arc::new(Fixed(*vote)) as Arc<dyn Participant>).collect()
    /// };
    ///
    /// let willing = all(&[Vote::Yes, Vote::Yes, Vote::ReadOnly]);
    /// let outcome = coordinator.run(TransactionId::new("one")?, willing).await?;
    /// assert!(outcome.is_complete());
    ///
    /// let refused = coordinator.run(TransactionId::new("two")?, all(&[Vote::Yes, Vote::No])).await;
    /// assert!(matches!(refused, Err(TwoPhaseError::Refused { by, .. }) if by == "fixed"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(
        &self,
        transaction: TransactionId,
        participants: Vec<Arc<dyn Participant>>,
    ) -> Result<Outcome, TwoPhaseError> {
        let members = Members::first(participants.len())?;
        let run = Run::begin(&self.0, transaction, members, participants);
        let mut asked = JoinSet::new();
        for index in 0..run.participants.len() {
            let run = run.clone();
            asked.spawn(async move { run.ask(index).await });
        }
        while let Some(answer) = asked.join_next().await {
            let refused = match answer {
                Ok(Ok(_)) => continue,
                Ok(Err(refused)) => refused,
                Err(panicked) => run.silent("a participant", panicked),
            };
            asked.abort_all();
            return Err(match run.abort().await.decision {
                Decision::Abort => refused,
                Decision::Commit => TwoPhaseError::NotNew { transaction: run.transaction.clone() },
            });
        }
        run.log().await?;
        Ok(run.deliver().await)
    }
}

/// One transaction, from the first question to the last answer. Clones share it.
#[derive(Clone)]
pub(super) struct Run(Arc<One>);

pub(super) struct One {
    pub(super) inner: Arc<Inner>,
    pub(super) transaction: TransactionId,
    pub(super) participants: Vec<Arc<dyn Participant>>,
    names: Vec<String>,
    core: crate::sync::Mutex<Coordinator>,
    by: u64,
    began: Instant,
}

impl ::core::ops::Deref for Run {
    type Target = One;

    fn deref(&self) -> &One {
        &self.0
    }
}

impl Run {
    pub(super) fn begin(
        inner: &Arc<Inner>,
        transaction: TransactionId,
        members: Members,
        participants: Vec<Arc<dyn Participant>>,
    ) -> Self {
        let began = inner.clock.now();
        let (core, _) = Coordinator::begin(began, members, inner.settings.timing);
        let names = participants.iter().map(|it| it.name().to_string()).collect();
        let (inner, core) = (Arc::clone(inner), crate::sync::Mutex::new(core));
        let by = fastrand::u64(..);
        Self(Arc::new(One { inner, transaction, participants, names, core, by, began }))
    }

    fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    fn step(&self, input: CoordinatorInput) -> Vec<CoordinatorEffect> {
        let now = self.now();
        self.core.lock().step(now, input)
    }

    fn silent(
        &self,
        who: &str,
        why: impl Into<alloc::boxed::Box<dyn ::core::error::Error + Send + Sync>>,
    ) -> TwoPhaseError {
        let transaction = self.transaction.clone();
        TwoPhaseError::NoVote { transaction, source: Unreachable::new(who, why) }
    }

    /// Asks one participant for its vote.
    pub(super) async fn ask(&self, index: usize) -> Result<Vote, TwoPhaseError> {
        let Some(participant) = self.participants.get(index) else {
            return Err(self.silent("nobody", "there is no such participant"));
        };
        let within = self.inner.settings.timing.votes;
        let left = within.saturating_sub(self.now().saturating_duration_since(self.began));
        let vote = match timeout(left, participant.prepare(&self.transaction)).await {
            Ok(Ok(vote)) => vote,
            Ok(Err(source)) => {
                let transaction = self.transaction.clone();
                return Err(TwoPhaseError::NoVote { transaction, source });
            }
            Err(late) => return Err(self.silent(participant.name(), late)),
        };
        self.step(CoordinatorInput::Voted(index, vote));
        match vote.allows_commit() {
            true => Ok(vote),
            false => {
                let (transaction, by) = (self.transaction.clone(), self.names[index].clone());
                Err(TwoPhaseError::Refused { transaction, by })
            }
        }
    }

    /// Writes down that it commits, if all have voted for it.
    pub(super) async fn log(&self) -> Result<(), TwoPhaseError> {
        let phase = self.core.lock().phase().clone();
        let yes = match phase {
            CoordinatorPhase::Writing { yes, .. } => yes,
            CoordinatorPhase::Ended { decision: Decision::Commit, .. } => return Ok(()),
            // A vote came after its time.
            _ => {
                self.abort().await;
                return Err(self.silent("a participant", "its vote came too late"));
            }
        };
        let names: Vec<String> = yes.iter().map(|it| self.names[it].clone()).collect();
        let entry = match self.decide(&names).await {
            Ok(entry) => entry,
            Err(source) => {
                observe::ended(None, self.now().saturating_duration_since(self.began));
                let transaction = self.transaction.clone();
                return Err(TwoPhaseError::Undecided { transaction, source });
            }
        };
        let transaction = self.transaction.clone();
        if entry.decision == Decision::Commit && entry.by == self.by {
            self.step(CoordinatorInput::Logged(Decision::Commit));
            return Ok(());
        }
        let effects = self.step(CoordinatorInput::Logged(Decision::Abort));
        self.tell(effects).await;
        Err(match entry.decision {
            Decision::Commit => TwoPhaseError::NotNew { transaction },
            Decision::Abort => TwoPhaseError::TakenOver { transaction },
        })
    }

    /// Until the log answers, or time is up.
    async fn decide(&self, names: &[String]) -> Result<Entry, JournalError> {
        let settings = &self.inner.settings;
        let until = self.now().saturating_add(settings.deliver);
        loop {
            let log = &self.inner.log;
            let written =
                log.decide(&self.transaction, Decision::Commit, self.by, names, settings.grace);
            match written.await {
                Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. })
                    if self.now() < until =>
                {
                    tokio::time::sleep(settings.timing.repeat).await;
                }
                done => return done,
            }
        }
    }

    /// Tells everybody to commit, and writes down that all have heard it.
    pub(super) async fn deliver(&self) -> Outcome {
        let waiting = match self.core.lock().phase() {
            CoordinatorPhase::Committing { waiting, .. } => *waiting,
            _ => Members::NONE,
        };
        let told = waiting.iter().map(|it| CoordinatorEffect::Tell(it, Decision::Commit));
        let outcome = self.tell(told.collect()).await;
        if outcome.unheard.is_empty() && !waiting.is_empty() {
            self.finish(&outcome).await;
        }
        outcome
    }

    /// What fails here is done by recovery.
    async fn finish(&self, outcome: &Outcome) {
        let log = &self.inner.log;
        let Ok(Some(entry)) = log.read(&self.transaction).await else { return };
        let keep = self.inner.settings.keep;
        log.finish(&self.transaction, &entry, &outcome.against, keep, None).await.ok();
    }

    /// Tells everybody to abort. Nothing is written: who does not hear it finds nothing in the log.
    ///
    /// Unless another one of this name has committed: what somebody has promised under the name may
    /// be a part of that one, which is still to be told to commit.
    pub(super) async fn abort(&self) -> Outcome {
        let before = timeout(self.inner.settings.call, self.inner.log.read(&self.transaction));
        if let Ok(Ok(Some(Entry { decision: Decision::Commit, .. }))) = before.await {
            let (against, unheard) = (Vec::new(), self.names.clone());
            return Outcome { decision: Decision::Commit, against, unheard };
        }
        let effects = self.step(CoordinatorInput::GivenUp);
        if !effects.is_empty() {
            return self.tell(effects).await;
        }
        let phase = self.core.lock().phase().clone();
        let effects = match phase {
            // Because of a no.
            CoordinatorPhase::Aborting { waiting, .. } => {
                waiting.iter().map(|it| CoordinatorEffect::Tell(it, Decision::Abort)).collect()
            }
            // All have voted. Nobody but this one writes a commit, and it has not.
            CoordinatorPhase::Writing { .. } => {
                self.step(CoordinatorInput::Logged(Decision::Abort))
            }
            _ => Vec::new(),
        };
        self.tell(effects).await
    }

    async fn tell(&self, effects: Vec<CoordinatorEffect>) -> Outcome {
        let resources: Vec<Option<Arc<dyn Resource>>> =
            self.participants.iter().map(|it| Some(Arc::clone(it) as Arc<dyn Resource>)).collect();
        let mut core = self.core.lock().clone();
        let telling = Telling { inner: &self.inner, transaction: &self.transaction, resources };
        let outcome = telling.carry_out(&mut core, effects, &self.names).await;
        *self.core.lock() = core;
        observe::ended(Some(&outcome), self.now().saturating_duration_since(self.began));
        observe::told(&self.transaction, &outcome);
        outcome
    }
}

/// A decision on its way to those who wait for it.
pub(super) struct Telling<'a> {
    pub(super) inner: &'a Inner,
    pub(super) transaction: &'a TransactionId,
    /// `None` for somebody whom this process does not know.
    pub(super) resources: Vec<Option<Arc<dyn Resource>>>,
}

type Heard = (usize, Option<Followed>);

impl Telling<'_> {
    /// Does what the core wants, until it has ended or time is up.
    pub(super) async fn carry_out(
        &self,
        core: &mut Coordinator,
        mut effects: Vec<CoordinatorEffect>,
        names: &[String],
    ) -> Outcome {
        let clock = &self.inner.clock;
        let until = clock.now().saturating_add(self.inner.settings.deliver);
        let (mut calls, mut busy) = (JoinSet::new(), Members::NONE);
        loop {
            for effect in effects.drain(..) {
                if let CoordinatorEffect::Tell(member, decision) = effect
                    && !busy.contains(member)
                    && let Some(Some(resource)) = self.resources.get(member)
                {
                    busy = busy.with(member);
                    let call = call(Arc::clone(resource), self.transaction.clone(), decision);
                    let limit = self.inner.settings.call;
                    calls.spawn(async move {
                        let followed = timeout(limit, call).await;
                        (member, followed.ok().and_then(Result::ok))
                    });
                }
            }
            let (now, wake) = (clock.now(), core.wake_at());
            let Some(wake) = wake.filter(|_| now < until) else { break };
            let pause = wake.min(until).saturating_duration_since(now);
            effects = match timeout(pause, next(&mut calls)).await {
                Ok((member, followed)) => {
                    // Who has panicked cannot be told from the others, who are told once more.
                    let back = Members::NONE.with(member);
                    busy = if back.is_empty() { back } else { busy.without(back) };
                    let heard = |how| CoordinatorInput::Followed(member, how);
                    followed.map_or_else(Vec::new, |how| core.step(clock.now(), heard(how)))
                }
                Err(_) => core.step(clock.now(), CoordinatorInput::Woken),
            };
        }
        outcome(core, names)
    }
}

async fn call(
    resource: Arc<dyn Resource>,
    transaction: TransactionId,
    decision: Decision,
) -> Result<Followed, Unreachable> {
    match decision {
        Decision::Commit => resource.commit(&transaction).await,
        Decision::Abort => resource.abort(&transaction).await,
    }
}

/// The next answer; never, when nobody was asked. One that has panicked has not answered.
async fn next(calls: &mut JoinSet<Heard>) -> Heard {
    match calls.join_next().await {
        Some(heard) => heard.unwrap_or((usize::MAX, None)),
        None => pending().await,
    }
}

fn outcome(core: &Coordinator, names: &[String]) -> Outcome {
    let (decision, against, unheard) = match core.phase() {
        CoordinatorPhase::Ended { decision, against, unheard } => (*decision, *against, *unheard),
        CoordinatorPhase::Committing { waiting, against, .. } => {
            (Decision::Commit, *against, *waiting)
        }
        CoordinatorPhase::Aborting { waiting, against, .. } => {
            (Decision::Abort, *against, *waiting)
        }
        CoordinatorPhase::Asking { .. } | CoordinatorPhase::Writing { .. } => {
            (Decision::Abort, Members::NONE, Members::NONE)
        }
    };
    let named = |members: Members| {
        members.iter().filter_map(|member| names.get(member).cloned()).collect::<Vec<_>>()
    };
    Outcome { decision, against: named(against), unheard: named(unheard) }
}

impl fmt::Debug for TwoPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TwoPhase").field(&self.0.settings).finish()
    }
}
