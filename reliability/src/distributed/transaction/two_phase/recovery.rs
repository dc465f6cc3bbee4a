use ::core::future::poll_fn;
use ::core::panic::AssertUnwindSafe;
use ::core::pin::pin;
use ::core::task::Poll;
use ::core::time::Duration;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::panic::catch_unwind;

use tokio::time::timeout;

use super::core::Coordinator;
use super::driver::Telling;
use super::log::Entry;
use super::{Outcome, Resource, TransactionId, TwoPhase, TwoPhaseError, Unreachable, observe};
use crate::distributed::transaction::{Decision, Members};
use crate::error::{Class, Fault};
use crate::journal::{Claim, JournalError, Lease};
use crate::time::Clock;

/// What one [`TwoPhase::recover`] has done.
///
/// # Examples
///
/// See [`TwoPhase::recover`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recovered {
    /// Commits that everybody has heard now.
    pub delivered: usize,
    /// Commits that somebody has still not heard: out of reach, or a resource that this process does
    /// not know. They are due again later.
    pub undelivered: usize,
    /// Promises that were committed, because the log says so.
    pub committed: usize,
    /// Promises that were undone, because the log says so or nobody has decided.
    pub aborted: usize,
    /// Transactions that the log has forgotten, because they are long over.
    pub forgotten: usize,
    /// Resources that could not be asked what they are in doubt about.
    pub unreachable: usize,
}

impl TwoPhase {
    /// Finishes once what is left of transactions whose coordinator is gone, whichever process it
    /// was in.
    ///
    /// Decisions that are due are delivered, each by one process at a time. Then each
    /// [`resource`](super::TwoPhaseBuilder::resource) is asked what it has been in doubt about for
    /// longer than [`grace`](super::TwoPhaseBuilder::grace): the log is asked, and if it says
    /// nothing, it is closed with an abort, so that a coordinator who is only slow cannot commit any
    /// more.
    ///
    /// # Errors
    ///
    /// When the journal does not answer. Who cannot be reached is counted, and is no error.
    ///
    /// # Cancel safety
    ///
    /// What is left is done the next time.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::two_phase::{Recovered, TwoPhase};
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let coordinator = TwoPhase::on(&Journal::in_memory());
    /// assert_eq!(coordinator.recover().await?, Recovered::default());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recover(&self) -> Result<Recovered, TwoPhaseError> {
        let mut done = Recovered::default();
        self.finish_decided(&mut done).await?;
        for resource in self.0.settings.resources.values() {
            self.end_doubts(&**resource, &mut done).await?;
        }
        Ok(done)
    }

    /// [Recovers](Self::recover) again and again, with such pauses. Let a task of its own do it.
    ///
    /// # Cancel safety
    ///
    /// Drop it whenever you like.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # use reliability::distributed::transaction::two_phase::TwoPhase;
    /// # use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let coordinator = TwoPhase::on(&Journal::in_memory());
    /// let recovery = coordinator.clone();
    /// let task = tokio::spawn(async move { recovery.keep_recovering(Duration::from_secs(5)).await });
    /// # task.abort();
    /// # }
    /// ```
    pub async fn keep_recovering(&self, pause: Duration) {
        loop {
            // A journal that does not answer has said so in an event of its own.
            self.recover().await.ok();
            tokio::time::sleep(pause).await;
        }
    }

    async fn finish_decided(&self, done: &mut Recovered) -> Result<(), TwoPhaseError> {
        let settings = &self.0.settings;
        // As long as telling can take, and as much again for the log.
        let length = settings.deliver.saturating_mul(2).min(Claim::LONGEST_LEASE);
        let mut seen = BTreeSet::new();
        loop {
            let claim = Claim::of([settings.kind.as_str()]).by(&settings.owner);
            let leases = self.0.log.journal.claim(claim.lease(length)).await?;
            if leases.is_empty() {
                return Ok(());
            }
            for lease in leases {
                // What was put off and is due again must not keep this from the rest of its work.
                if !seen.insert(lease.stream.clone()) {
                    return Ok(self.0.log.put_off(&lease, settings.grace).await?);
                }
                match self.finish_one(&lease, done).await {
                    // Somebody else has it now.
                    Err(TwoPhaseError::Journal(
                        JournalError::Fenced { .. } | JournalError::Conflict { .. },
                    )) => {}
                    // One that nobody can read must not hold up the others.
                    Err(error) if error.class() == Class::Permanent => {
                        done.undelivered += 1;
                        self.0.log.put_off(&lease, settings.grace).await?;
                    }
                    finished => finished?,
                }
            }
        }
    }

    async fn finish_one(&self, lease: &Lease, done: &mut Recovered) -> Result<(), TwoPhaseError> {
        let (log, settings) = (&self.0.log, &self.0.settings);
        let transaction = TransactionId::new(lease.stream.key())?;
        let Some(entry) = log.read(&transaction).await? else {
            return Ok(log.forget(lease).await?);
        };
        if entry.finished || entry.decision == Decision::Abort {
            done.forgotten += 1;
            self.forget(&transaction, &entry.participants).await;
            return Ok(log.forget(lease).await?);
        }
        let (against, unheard) = self.commit(&transaction, &entry).await;
        if unheard {
            done.undelivered += 1;
            return Ok(log.put_off(lease, settings.grace).await?);
        }
        done.delivered += 1;
        observe::recovered(&transaction, Decision::Commit);
        Ok(log.finish(&transaction, &entry, &against, settings.keep, Some(lease)).await?)
    }

    /// Tells everybody to commit; says who was against it, and whether somebody was not heard.
    async fn commit(&self, transaction: &TransactionId, entry: &Entry) -> (Vec<String>, bool) {
        let names = &entry.participants;
        let known = |name: &String| self.0.settings.resources.get(name).cloned();
        let resources: Vec<_> = names.iter().map(known).collect();
        let members = (0..names.len()).fold(Members::NONE, Members::with);
        let now = Clock::precise().now();
        let (mut core, effects) =
            Coordinator::take_over(now, members, Some(Decision::Commit), self.0.settings.timing);
        let telling = Telling { inner: &self.0, transaction, resources };
        let outcome = telling.carry_out(&mut core, effects, names).await;
        observe::told(transaction, &outcome);
        (outcome.against, !outcome.unheard.is_empty())
    }

    /// Only when the log forgets it too: until then somebody may tell them once more.
    async fn forget(&self, transaction: &TransactionId, participants: &[String]) {
        for name in participants {
            if let Some(resource) = self.0.settings.resources.get(name) {
                self.answer(async { resource.forget(transaction).await }).await;
            }
        }
    }

    pub(super) async fn end_doubts(
        &self,
        resource: &dyn Resource,
        done: &mut Recovered,
    ) -> Result<(), TwoPhaseError> {
        let grace = self.0.settings.grace;
        let Some(in_doubt) = self.answer(async { resource.in_doubt(grace).await }).await else {
            done.unreachable += 1;
            return Ok(());
        };
        for transaction in in_doubt {
            let decision = match self.ask(&transaction).await {
                Err(error) if error.class() == Class::Permanent => {
                    done.unreachable += 1;
                    continue;
                }
                asked => asked?,
            };
            let told = self.answer(async {
                match decision {
                    Decision::Commit => resource.commit(&transaction).await,
                    Decision::Abort => resource.abort(&transaction).await,
                }
            });
            let Some(followed) = told.await else {
                done.unreachable += 1;
                continue;
            };
            match decision {
                Decision::Commit => done.committed += 1,
                Decision::Abort => done.aborted += 1,
            }
            observe::recovered(&transaction, decision);
            if followed.is_heuristic() {
                let against = alloc::vec![resource.name().to_string()];
                let outcome = Outcome { decision, against, unheard: Vec::new() };
                observe::told(&transaction, &outcome);
            }
        }
        Ok(())
    }

    /// What a resource answers in time. One that panics has not answered: it must not keep the others
    /// from being told, for ever.
    async fn answer<T>(&self, asked: impl Future<Output = Result<T, Unreachable>>) -> Option<T> {
        let mut asked = pin!(asked);
        let caught = poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(context)));
            match polled {
                Ok(polled) => polled.map(Result::ok),
                Err(_) => Poll::Ready(None),
            }
        });
        timeout(self.0.settings.call, caught).await.ok().flatten()
    }

    /// How a transaction ends, for a participant who asks: what the log says. If it says nothing,
    /// the transaction is aborted, and whoever began it cannot commit it any more.
    ///
    /// # Errors
    ///
    /// When the journal does not answer: ask again.
    ///
    /// # Cancel safety
    ///
    /// Ask again: the answer never changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::Decision;
    /// use reliability::distributed::transaction::two_phase::{TransactionId, TwoPhase};
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let coordinator = TwoPhase::on(&Journal::in_memory());
    /// let nobody_knows = TransactionId::new("order-4711")?;
    /// assert_eq!(coordinator.ask(&nobody_knows).await?, Decision::Abort);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ask(&self, transaction: &TransactionId) -> Result<Decision, TwoPhaseError> {
        let (log, keep) = (&self.0.log, self.0.settings.keep);
        if let Some(entry) = log.read(transaction).await? {
            return Ok(entry.decision);
        }
        Ok(log.decide(transaction, Decision::Abort, 0, &[], keep).await?.decision)
    }
}
