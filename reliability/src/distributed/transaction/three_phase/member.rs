use super::super::two_phase::{Answer, Resource, TransactionId};
use crate::distributed::transaction::Vote;

/// A database, or whatever else takes part in transactions of three phases, behind a
/// [`Site`](super::Site).
///
/// Of [`Resource`] it needs a name that a stream may have (`a-z`, `0-9`, `_`, `-` and `.`), and
/// `commit` and `abort`: both may come several times, and `abort` without any `prepare`.
///
/// The [`Member`](crate::distributed::transaction::two_phase::Member) of two-phase commit is another
/// one: it is no `Resource`, because its site has the name, and its work is a type instead of text.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take part in three-phase commit",
    label = "no `Member`",
    note = "implement `Resource` (`commit` and `abort`, as it is told) and `Member` (`prepare`, which does the work and promises) for it"
)]
pub trait Member: Resource {
    /// Does that work so far that only the decision is missing, and promises durably that it can do
    /// either: [`Vote::Yes`]. Or has nothing to do: [`Vote::ReadOnly`]. Or refuses, and has undone
    /// everything: [`Vote::No`].
    ///
    /// What takes longer than a [`round`](super::ThreePhase::round) is a no, and so is an error.
    fn prepare(&self, transaction: &TransactionId, work: &str) -> Answer<'_, Vote>;
}
