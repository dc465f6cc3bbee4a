//! Two-phase commit: several databases change together or not at all, whoever crashes meanwhile.
//!
//! Each participant does its part so far that only a word is missing, and promises that it can do
//! either, whatever happens. When all have promised, the decision is written down, once; from then
//! on it is certain, and everybody is told until everybody has heard it.
//!
//! ```
//! # use reliability::distributed::transaction::Vote;
//! use reliability::distributed::transaction::two_phase::{
//!     self, Answer, Participant, Resource, TransactionId, TwoPhase, Unreachable,
//! };
//! use reliability::journal::Journal;
//!
//! # #[derive(Debug)]
//! struct Bank(&'static str);
//!
//! impl Resource for Bank {
//!     fn name(&self) -> &str {
//!         self.0
//!     }
//!     // .. `commit` and `abort`, as it is told.
//! #   fn commit(&self, _: &TransactionId) -> Answer<'_, reliability::distributed::transaction::Followed> {
//! #       Box::pin(async { Ok(reliability::distributed::transaction::Followed::AsTold) })
//! #   }
//! #   fn abort(&self, _: &TransactionId) -> Answer<'_, reliability::distributed::transaction::Followed> {
//! #       Box::pin(async { Ok(reliability::distributed::transaction::Followed::AsTold) })
//! #   }
//! }
//!
//! impl Participant for Bank {
//!     // .. `prepare`, which does the work and promises.
//! #   fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
//! #       Box::pin(async { Ok(Vote::Yes) })
//! #   }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let coordinator = TwoPhase::on(&Journal::in_memory());
//!
//! two_phase::begin!(let transfer = coordinator, TransactionId::new("transfer-4711")?, (Bank("here"), Bank("there")));
//! let here = transfer.ask::<0>().await?;
//! let there = transfer.ask::<1>().await?;
//! let decided = transfer.all_voted((here, there)).commit();
//! let outcome = decided.log().await?.deliver().await;
//! assert!(outcome.is_complete());
//! # Ok(())
//! # }
//! ```
//!
//! The example `two_phase` (`cargo run --example two_phase`) is a whole program: money goes between two
//! PostgreSQL servers, while the coordinator and a server are killed.
//!
//! What cannot promise anything over a crash by itself takes part behind a [`Site`], which does so in a
//! journal.
//!
//! # What does not compile
//!
//! A commit before all votes; a decision that is delivered before it is in the log; a commit and an
//! abort; a vote that nobody gave; the vote of another transaction, or of another participant, also
//! when the two have one type.
//!
//! When the participants are known only at run time, [`TwoPhase::run`] takes them as a list, and
//! does all of it.
//!
//! # After a crash
//!
//! [`TwoPhase::recover`] finishes what was begun by this process or any other one on the same
//! journal: what is decided is delivered, and whoever is in doubt about a transaction that nobody
//! has decided is told to abort, after the log has been closed to whoever began it. Until then, what
//! it has promised is locked: see the chapter [`two_phase`](crate::guide::two_phase) of the guide.

mod begun;
pub mod core;
mod decided;
mod driver;
mod error;
mod id;
mod log;
mod member;
mod observe;
mod operator;
mod part;
mod participant;
#[cfg(feature = "postgres")]
mod postgres;
mod promises;
mod recovery;
mod settings;
mod shown_promise;
mod site;
mod turns;
mod votes;
mod work;

pub use super::operator::Moment;
pub use begun::{Begun, Brand, Guard};
pub use decided::{Aborting, Decided, Logged, Prepared};
pub use driver::{Outcome, TwoPhase};
pub use error::TwoPhaseError;
pub use id::TransactionId;
pub use member::Member;
pub use operator::{Operator, Shown};
pub use participant::{Answer, Participant, Resource, Unreachable};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresResource, PostgresWork};
pub use recovery::Recovered;
pub use settings::TwoPhaseBuilder;
pub use shown_promise::ShownPromise;
pub use site::Site;
pub use votes::{AllVotes, InTheLog, Nth, Participants, Voted, Yes};
pub use work::SiteWork;

/// Begins a transaction, and keeps its votes apart from those of all others.
///
/// `let name = coordinator, id, (one, other, ..)` makes a [`Begun`] of that name; `coordinator` is a
/// [`TwoPhase`] or a reference to one. Up to eight participants may stand in the tuple.
#[doc(inline)]
pub use crate::__two_phase_begin as begin;

/// # Examples
///
/// See [`Prepared::abort`](crate::distributed::transaction::two_phase::Prepared::abort).
#[doc(hidden)]
#[macro_export]
macro_rules! __two_phase_begin {
    (let $name:ident = $coordinator:expr, $id:expr, $participants:expr $(,)?) => {
        // First, because what stands there may have the name of the transaction.
        let (coordinator, id, participants) = (&$coordinator, $id, $participants);
        // A lifetime that is that of no other transaction: the brand is borrowed until the guard
        // behind it is dropped, so no two of them can be taken for one. The names are those that the
        // compiler tells who tries.
        let $name = $crate::distributed::transaction::two_phase::Brand::new();
        let a_vote_decides_its_own_transaction_only = $name.guard();
        let $name =
            coordinator.begin_branded(id, participants, &a_vote_decides_its_own_transaction_only);
    };
}
