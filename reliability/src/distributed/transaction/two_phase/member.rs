use ::core::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{TransactionId, Unreachable};
use crate::distributed::transaction::Vote;

/// What cannot promise anything over a crash by itself, and takes part behind a [`Site`](super::Site)
/// which can: files, a store without `PREPARE TRANSACTION`, somebody else's service.
///
/// Each call may come several times for one transaction, also from two processes at once when both
/// have the site, and does the same as one call: know it by the name of the transaction. Of one that
/// is prepared, either `commit` or `abort` comes at some time, whatever crashes meanwhile.
///
/// The [`Member`](crate::distributed::transaction::three_phase::Member) of three-phase commit is
/// another one: it is a [`Resource`](super::Resource) with a name of its own, and its work is text.
/// This one's work is a type, and its site has the name.
///
/// # Examples
///
/// See [`Site`](super::Site).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand behind a `Site`",
    label = "no `Member`",
    note = "implement `two_phase::Member` for it: `prepare`, `commit` and `abort`, each of which may come several times"
)]
pub trait Member: Send + Sync + 'static {
    /// What a transaction wants of it. It stands in the journal until the transaction is over, also
    /// while the program is replaced by a newer one: that must be able to read it.
    type Work: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Sets aside durably what that work needs, so that nobody else takes it: [`Vote::Yes`], if
    /// `commit` and `abort` can both succeed from now on, whatever crashes. Or has nothing to do:
    /// [`Vote::ReadOnly`]. Or refuses: [`Vote::No`], after which it is told to `abort` what it may have
    /// begun.
    ///
    /// Its process may be stopped in the middle of it, for so long that others take it for dead and
    /// have the transaction aborted. If it goes on then it is told to `abort` once more; if it has set
    /// something aside and dies before that, nobody knows of it. Where that matters, let what is set
    /// aside and was not committed run out by itself, much later than any transaction lasts.
    ///
    /// # Errors
    ///
    /// It is not known whether it is prepared. It is told to `abort`.
    fn prepare(
        &self,
        transaction: &TransactionId,
        work: &Self::Work,
    ) -> impl Future<Output = Result<Vote, Unreachable>> + Send;

    /// Lets the work happen, durably. It cannot refuse any more: it can only be out of reach.
    ///
    /// # Errors
    ///
    /// It is told again.
    fn commit(
        &self,
        transaction: &TransactionId,
        work: &Self::Work,
    ) -> impl Future<Output = Result<(), Unreachable>> + Send;

    /// Gives back what is set aside, durably, if anything is.
    ///
    /// # Errors
    ///
    /// It is told again.
    fn abort(
        &self,
        transaction: &TransactionId,
        work: &Self::Work,
    ) -> impl Future<Output = Result<(), Unreachable>> + Send;
}
