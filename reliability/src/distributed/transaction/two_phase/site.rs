use ::core::fmt;
use ::core::time::Duration;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::part::{Part, Place};
use super::promises::Promises;
use super::turns::Turns;
use super::{
    Answer, Member, Recovered, Resource, SiteWork, TransactionId, TwoPhase, TwoPhaseError,
    Unreachable,
};
use crate::distributed::transaction::operator::Said;
use crate::distributed::transaction::{Decision, Followed, Vote};
use crate::error::Invalid;
use crate::journal::{Journal, JournalError};
use crate::time::WallClock;

/// Promises for a [`Member`] that cannot do so itself, and keeps the promises in a journal.
///
/// The name of the transaction and what it wants are written before the member hears of it, and its
/// promise before the vote is given. So whoever dies, and wherever: what was prepared is committed or
/// aborted, as the log of the coordinator says, as soon as somebody [recovers](TwoPhase::recover) who
/// has both the site and the log. Until then it is in doubt.
///
/// A commit costs three durable writes of the site's journal, and leaves its name there for as long as
/// somebody may tell it once more. A vote that is no promise leaves nothing.
///
/// Clones share it. Processes that have the same journal may have the same site each.
///
/// # Examples
///
/// Tea in a shop, whose shelves know nothing of transactions:
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Arc, Mutex};
/// use reliability::distributed::transaction::Vote;
/// use reliability::distributed::transaction::two_phase::{
///     self, Member, Site, TransactionId, TwoPhase, Unreachable,
/// };
/// use reliability::journal::Journal;
///
/// /// What is left, and what is set aside for whom. (This one is forgotten with the process; a file
/// /// or a database of yours is not.)
/// #[derive(Default)]
/// struct Shelf(Mutex<(u32, BTreeMap<TransactionId, u32>)>);
///
/// impl Member for Shelf {
///     type Work = u32;
///
///     async fn prepare(&self, id: &TransactionId, pounds: &u32) -> Result<Vote, Unreachable> {
///         let (left, aside) = &mut *self.0.lock().unwrap();
///         let taken: u32 = aside.values().sum();
///         if !aside.contains_key(id) && *left < taken + pounds {
///             return Ok(Vote::No);
///         }
///         aside.insert(id.clone(), *pounds);
///         Ok(Vote::Yes)
///     }
///
///     async fn commit(&self, id: &TransactionId, pounds: &u32) -> Result<(), Unreachable> {
///         let (left, aside) = &mut *self.0.lock().unwrap();
///         // It is told twice when nobody has heard that it has done so.
///         if aside.remove(id).is_some() {
///             *left -= pounds;
///         }
///         Ok(())
///     }
///
///     async fn abort(&self, id: &TransactionId, _: &u32) -> Result<(), Unreachable> {
///         self.0.lock().unwrap().1.remove(id);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Journal::in_memory(); // `Journal::open` in a service
/// let shelf = || Shelf(Mutex::new((10, BTreeMap::new())));
/// let (here, there) = (Site::on(&journal, "here", shelf())?, Site::on(&journal, "there", shelf())?);
/// let coordinator = TwoPhase::builder(&journal)
///     .resource(Arc::new(here.clone()))
///     .resource(Arc::new(there.clone()))
///     .build()?;
///
/// two_phase::begin!(let order = coordinator, TransactionId::new("order-4711")?, (here.work(3), there.work(4)));
/// let votes = tokio::try_join!(order.ask::<0>(), order.ask::<1>())?;
/// assert!(order.all_voted(votes).commit().log().await?.deliver().await.is_complete());
/// assert_eq!((here.member().0.lock().unwrap().0, there.member().0.lock().unwrap().0), (7, 6));
/// # Ok(())
/// # }
/// ```
pub struct Site<M> {
    shared: Arc<Shared<M>>,
    clock: WallClock,
}

struct Shared<M> {
    name: String,
    member: M,
    promises: Promises,
    turns: Turns,
}

impl<M> Site<M> {
    /// The site of that name, whose promises are in that journal: the one of the coordinator or
    /// another one. Its name is that in the log, and the same after every restart.
    ///
    /// All of its transactions are decided in one log. Coordinators of another kind or journal need a
    /// site of another name: whoever recovers aborts what its own log does not know.
    ///
    /// # Errors
    ///
    /// A name that is not 1 to 54 of `a-z`, `0-9`, `_`, `-` and `.`.
    pub fn on(journal: &Journal, name: &str, member: M) -> Result<Self, Invalid>
    where
        // Here and not above, so that who has no `Member` reads what to write.
        M: Member,
    {
        let promises = Promises::of(journal, name)?;
        let (name, turns) = (name.to_string(), Turns::default());
        let shared = Arc::new(Shared { name, member, promises, turns });
        Ok(Self { shared, clock: WallClock::system() })
    }
}

impl<M: Member> Site<M> {
    /// The clock by which it is told for how long something is in doubt, for tests: that of the
    /// system. The journal's should be about the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    /// # use reliability::distributed::transaction::two_phase::{Member, Site};
    /// use reliability::journal::{Journal, MemoryStore};
    /// use reliability::time::WallClock;
    ///
    /// # fn tested<M: Member>(shelf: M) -> Result<(), reliability::error::Invalid> {
    /// let clock = WallClock::manual(SystemTime::UNIX_EPOCH);
    /// let journal = Journal::on(MemoryStore::with_clock(&clock));
    /// let site = Site::on(&journal, "stock", shelf)?.clock(&clock);
    /// # drop(site);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Who is behind it.
    pub fn member(&self) -> &M {
        &self.shared.member
    }

    /// A participant that wants this of the member. One for each transaction: of a second one under the
    /// same name nothing is done, and it gets no vote.
    pub fn work(&self, work: M::Work) -> SiteWork<M> {
        SiteWork::new(self.clone(), work)
    }

    /// Asks that log how all ends that this site has been in doubt about for longer than the
    /// coordinator's [`grace`](super::TwoPhaseBuilder::grace), and does so: what
    /// [`TwoPhase::recover`] does for all of its resources, for a process that takes part and does not
    /// coordinate. Where the log says nothing, it is closed with an abort.
    ///
    /// # Errors
    ///
    /// When the log does not answer. What else cannot be reached is counted, and is no error.
    ///
    /// # Cancel safety
    ///
    /// What is left is done the next time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::two_phase::{Member, Site, TwoPhase, TwoPhaseError};
    /// use reliability::journal::Journal;
    ///
    /// # async fn after_a_crash<M: Member>(stock: Site<M>) -> Result<(), TwoPhaseError> {
    /// // The journal of the coordinators, and all settings as they have them.
    /// let log = TwoPhase::on(&Journal::in_memory());
    /// let recovered = stock.recover(&log).await?;
    /// println!("{} committed, {} aborted", recovered.committed, recovered.aborted);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recover(&self, log: &TwoPhase) -> Result<Recovered, TwoPhaseError> {
        let mut done = Recovered::default();
        log.end_doubts(self, &mut done).await?;
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
    /// # use reliability::distributed::transaction::two_phase::{Member, Site, TwoPhase};
    ///
    /// # fn started<M: Member>(stock: Site<M>, log: TwoPhase) {
    /// tokio::spawn(async move { stock.keep_recovering(&log, Duration::from_secs(5)).await });
    /// # }
    /// ```
    pub async fn keep_recovering(&self, log: &TwoPhase, pause: Duration) {
        loop {
            // A journal that does not answer has said so in an event of its own.
            self.recover(log).await.ok();
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends a promise by the word of an operator who does not want to wait; the journal keeps who it
    /// was and why. Look into the log first, and do what it says: when it is told the opposite one
    /// day, that is in the outcome, an event, and [heuristic](Self::heuristic). Look at the member's
    /// data as well: whoever was told a moment ago and has died before that was written has ended it,
    /// and looks as if it were in doubt. What was asked and has not promised yet can be aborted only.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when it is not in doubt, or nothing is said of who and why;
    /// [`Unreachable`](TwoPhaseError::Unreachable) when the member or the journal does not answer:
    /// force it again.
    ///
    /// # Cancel safety
    ///
    /// It is forced or not; force it again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::two_phase::*;
    /// use reliability::distributed::transaction::Decision;
    ///
    /// # async fn mended<M: Member>(stock: Site<M>) -> Result<(), Box<dyn std::error::Error>> {
    /// let id = TransactionId::new("order-4711")?;
    /// stock.force(&id, Decision::Abort, "ada", "the machine with the log is lost").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn force(
        &self,
        transaction: &TransactionId,
        decision: Decision,
        by: &str,
        why: &str,
    ) -> Result<(), TwoPhaseError> {
        let said = Said::new("two_phase", by, why)?;
        let turn = self.shared.turns.take(transaction).await;
        let part = Part::open(self.place(transaction)).await?;
        let forced = match part {
            Some(part) => part.force(decision, said).await.map_err(TwoPhaseError::Unreachable)?,
            None => false,
        };
        drop(turn);
        if forced {
            return Ok(());
        }
        let expected = "a transaction that this site is in doubt about";
        Err(Invalid::new("two_phase", "transaction", expected, alloc::format!("`{transaction}`"))
            .with_advice("there is nothing to decide about it")
            .into())
    }

    /// Those that were forced here, and have ended the other way elsewhere: somebody has to mend their
    /// data, and then has them [forgotten](Resource::forget).
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn heuristic(&self) -> Result<Vec<TransactionId>, TwoPhaseError> {
        Ok(self.shared.promises.heuristic().await?)
    }

    fn place<'a>(&'a self, transaction: &'a TransactionId) -> Place<'a, M> {
        let Shared { name, member, promises, .. } = &*self.shared;
        Place { name, member, promises, transaction }
    }

    fn silent(&self, error: JournalError) -> Unreachable {
        Unreachable::new(&self.shared.name, error)
    }

    pub(super) async fn asked(
        &self,
        transaction: &TransactionId,
        claim: u64,
        work: &M::Work,
    ) -> Result<Vote, Unreachable> {
        let turn = self.shared.turns.take(transaction).await;
        let found = Part::open(self.place(transaction)).await;
        let part = match found.map_err(|error| self.silent(error))? {
            Some(part) => part,
            None => {
                let begun = Part::begin(self.place(transaction), claim, work).await;
                begun.map_err(|error| self.silent(error))?
            }
        };
        let vote = part.asked(claim).await;
        drop(turn);
        vote
    }

    /// Told by the log, which knows the name alone.
    async fn told(
        &self,
        transaction: TransactionId,
        decision: Decision,
    ) -> Result<Followed, Unreachable> {
        let turn = self.shared.turns.take(&transaction).await;
        let found = Part::open(self.place(&transaction)).await;
        let followed = match found.map_err(|error| self.silent(error))? {
            Some(part) => part.told(decision).await?,
            None => super::part::told_of_nothing(decision),
        };
        drop(turn);
        Ok(followed)
    }

    /// Told by who has asked for that work. What another one has begun under the same name, a client's
    /// retry say, is not this one's to end.
    pub(super) async fn told_by(
        &self,
        transaction: TransactionId,
        decision: Decision,
        claim: u64,
        work: &M::Work,
    ) -> Result<Followed, Unreachable> {
        let turn = self.shared.turns.take(&transaction).await;
        let found = Part::open(self.place(&transaction)).await;
        let followed = match found.map_err(|error| self.silent(error))? {
            Some(part) if part.is_of(claim) => part.told(decision).await?,
            Some(_) => super::part::told_of_nothing(decision),
            None => {
                if decision == Decision::Abort {
                    // Somebody has ended it while this process was taken for dead, in the middle of a
                    // `prepare` perhaps: what that has set aside since nobody else knows of.
                    self.shared.member.abort(&transaction, work).await?;
                }
                super::part::told_of_nothing(decision)
            }
        };
        drop(turn);
        Ok(followed)
    }
}

impl<M: Member> Resource for Site<M> {
    fn name(&self) -> &str {
        &self.shared.name
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.told(transaction.clone(), Decision::Commit))
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.told(transaction.clone(), Decision::Abort))
    }

    fn in_doubt(&self, older_than: Duration) -> Answer<'_, Vec<TransactionId>> {
        Box::pin(async move {
            let open = self.shared.promises.open(self.clock.now(), older_than).await;
            open.map_err(|error| self.silent(error))
        })
    }

    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        let transaction = transaction.clone();
        Box::pin(async move {
            let forgotten = self.shared.promises.forget(&transaction).await;
            forgotten.map_err(|error| self.silent(error))
        })
    }
}

impl<M> Clone for Site<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), clock: self.clock.clone() }
    }
}

impl<M> fmt::Debug for Site<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("name", &self.shared.name).finish_non_exhaustive()
    }
}
