use ::core::fmt;
use ::core::marker::PhantomData;

use super::driver::Run;
use super::{
    Aborting, AllVotes, Decided, Nth, Participants, Prepared, TransactionId, TwoPhase,
    TwoPhaseError, Voted, Yes,
};
use crate::distributed::transaction::Members;

/// What a transaction's lifetime is made of; see [`begin!`](super::begin).
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
pub struct Brand(());

/// The lifetime of one transaction, which is that of no other one; see [`begin!`](super::begin).
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
pub struct Guard<'tx>(PhantomData<fn(&'tx ()) -> &'tx ()>);

/// Of one transaction, and of something in it.
pub(super) type Branded<'tx, T> = (fn(&'tx ()) -> &'tx (), fn() -> T);

impl Brand {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self(())
    }

    #[doc(hidden)]
    pub const fn guard(&self) -> Guard<'_> {
        Guard(PhantomData)
    }
}

/// Because of this the brand must live longer than the guard, and no two brands that stand one after
/// the other can be taken for one.
impl Drop for Guard<'_> {
    fn drop(&mut self) {}
}

/// A transaction that collects votes.
///
/// Dropped, it is aborted by recovery, when those who have voted ask how it ends.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "what its participants promise is locked until it is decided"]
pub struct Begun<'tx, Ps> {
    run: Run,
    of: PhantomData<Branded<'tx, Ps>>,
}

impl TwoPhase {
    #[doc(hidden)]
    pub fn begin_branded<'tx, Ps: Participants>(
        &self,
        transaction: TransactionId,
        participants: Ps,
        _: &Guard<'tx>,
    ) -> Begun<'tx, Ps> {
        let participants = participants.list();
        let members = (0..participants.len()).fold(Members::NONE, Members::with);
        let run = Run::begin(&self.0, transaction, members, participants);
        Begun { run, of: PhantomData }
    }
}

impl<'tx, Ps> Begun<'tx, Ps> {
    /// Asks the participant with that index for its vote. All of them can be asked at once, with
    /// `tokio::try_join!`.
    ///
    /// # Errors
    ///
    /// It has refused, or did not answer in time. The transaction can only be
    /// [aborted](Self::abort) then; if it is just dropped, recovery does that.
    ///
    /// # Cancel safety
    ///
    /// Whether it has voted is not known; ask again, or abort.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub async fn ask<const I: usize>(
        &self,
    ) -> Result<Yes<'tx, <Ps as Nth<I>>::At, I>, TwoPhaseError>
    where
        Ps: Nth<I>,
    {
        self.run.ask(I).await.map(|_| Yes::heard())
    }

    /// Goes on when everybody has voted, which is what `votes` proves.
    pub fn all_voted<V>(
        self, // all have voted: go on with the `Prepared` that `all_voted` gives
        votes: V,
    ) -> Prepared<'tx, Ps>
    where
        V: AllVotes<'tx, Ps>,
    {
        drop(votes);
        Prepared::new(self.run)
    }

    /// Does not want it any more. Nothing has to be written down for that.
    pub fn abort(
        self, // it is aborted: go on with the `Aborting` that `abort` gives
    ) -> Aborting<'tx, Ps> {
        Aborting::new(self.run)
    }

    #[doc(hidden)]
    pub fn commit(self) -> Decided<'tx, Ps>
    where
        Self: Voted,
    {
        Decided::new(self.run)
    }
}

impl<Ps> fmt::Debug for Begun<'_, Ps> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}
