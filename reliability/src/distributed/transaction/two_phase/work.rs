use ::core::fmt;
use ::core::time::Duration;
use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Answer, Member, Participant, Resource, Site, TransactionId};
use crate::distributed::transaction::{Decision, Followed, Vote};

/// What one transaction wants of a [`Site`].
///
/// # Examples
///
/// See [`Site`].
pub struct SiteWork<M: Member> {
    at: Site<M>,
    work: M::Work,
    /// Drawn anew for each `SiteWork`: tells two that ask under one transaction from one that asks
    /// twice.
    claim: u64,
}

impl<M: Member> SiteWork<M> {
    pub(super) fn new(at: Site<M>, work: M::Work) -> Self {
        Self { at, work, claim: fastrand::u64(..) }
    }

    fn told(&self, transaction: &TransactionId, decision: Decision) -> Answer<'_, Followed> {
        let transaction = transaction.clone();
        Box::pin(
            async move { self.at.told_by(transaction, decision, self.claim, &self.work).await },
        )
    }
}

impl<M: Member> Resource for SiteWork<M> {
    fn name(&self) -> &str {
        self.at.name()
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.told(transaction, Decision::Commit)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.told(transaction, Decision::Abort)
    }

    fn in_doubt(&self, older_than: Duration) -> Answer<'_, Vec<TransactionId>> {
        self.at.in_doubt(older_than)
    }

    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        self.at.forget(transaction)
    }
}

impl<M: Member> Participant for SiteWork<M> {
    fn prepare(&self, transaction: &TransactionId) -> Answer<'_, Vote> {
        let transaction = transaction.clone();
        Box::pin(async move { self.at.asked(&transaction, self.claim, &self.work).await })
    }
}

impl<M: Member> fmt::Debug for SiteWork<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteWork").field("at", &self.at).finish_non_exhaustive()
    }
}
