//! Three-phase commit: nobody waits for a dead coordinator, as long as the network is never cut.
//!
//! In two-phase commit, who has promised waits until somebody can read the log. Here there is no log
//! to wait for. Between the votes and the decision there is one more round, in which everybody learns
//! that all have voted yes; so whoever is left when others crash can tell from what those who are
//! left know how it ends.
//!
//! That takes an assumption which most networks do not keep: **who does not answer in time is dead**.
//! When the network is cut, each side takes the other one for dead, and they may decide differently.
//! So the constructor says it:
//!
//! ```
//! use std::time::Duration;
//! # use reliability::distributed::transaction::Followed;
//! use reliability::distributed::transaction::three_phase::{Local, Member, ThreePhase};
//! use reliability::distributed::transaction::two_phase::{Answer, Resource, TransactionId};
//! use reliability::distributed::transaction::{Decision, Vote};
//! use reliability::journal::Journal;
//!
//! struct Shelf(&'static str);
//!
//! impl Resource for Shelf {
//!     fn name(&self) -> &str {
//!         self.0
//!     }
//!     // .. `commit` and `abort`, as it is told.
//! #   fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
//! #       Box::pin(async { Ok(Followed::AsTold) })
//! #   }
//! #   fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
//! #       Box::pin(async { Ok(Followed::AsTold) })
//! #   }
//! }
//!
//! impl Member for Shelf {
//!     fn prepare(&self, _: &TransactionId, work: &str) -> Answer<'_, Vote> {
//!         // .. does what `work` says, and promises
//!         let there_is_enough = work.len() < 9;
//!         Box::pin(async move { Ok(if there_is_enough { Vote::Yes } else { Vote::No }) })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(200));
//! // `Journal::open` and a transport of yours, where each of them is in a process of its own.
//! let bus = Local::new();
//! let setup = protocol.on(&Journal::in_memory(), bus.clone());
//! let (tea, cups) = (setup.site(Shelf("tea"))?, setup.site(Shelf("cups"))?);
//! let orders = setup.coordinator("orders")?;
//! [tea.inbox(), cups.inbox(), orders.inbox()].map(|inbox| bus.attach(inbox));
//!
//! let order = TransactionId::new("order-1")?;
//! let outcome = orders.run(order, [("tea", "3 pounds"), ("cups", "6")]).await?;
//! assert_eq!(outcome.decision, Decision::Commit);
//!
//! let order = TransactionId::new("order-2")?;
//! let refused = orders.run(order, [("tea", "3 pounds"), ("cups", "1,000,000")]).await;
//! assert_eq!(refused.unwrap_err().to_string(), "`order-2` is aborted: `cups` has refused its part");
//! # Ok(())
//! # }
//! ```
//!
//! # When to use it
//!
//! Where processes share a machine or a bus that does not break in two, and where waiting for a
//! coordinator to come back costs more than a mistake when it does. Everywhere else use
//! [two-phase commit](super::two_phase) with a journal that several processes can read: it is safe
//! whatever the network does, and a dead coordinator blocks nobody for longer than it takes another
//! one to look.
//!
//! Both claims are tested by going through every state of small systems: with crashes alone no two
//! participants ever disagree, and with a partition some do. A process that is stopped, as by
//! `SIGSTOP` or by a machine that moves, is a partition of one; those who notice that they were
//! decide nothing any more, which makes a mistake less likely, and not impossible.
//!
//! The example `three_phase` (`cargo run --example three_phase`) shows both with processes: the
//! coordinator is killed by `kill -9` and the others end without it, and then the network is cut and
//! they end differently.
//!
//! # What does not compile
//!
//! A commit that skips a phase, and an abort behind the point of no return:
//!
//! ```
//! # use reliability::distributed::transaction::three_phase::{Coordinator, Outcome, ThreePhaseError};
//! # use reliability::distributed::transaction::two_phase::TransactionId;
//! # async fn customer_is_gone() -> bool { true }
//! # async fn order(orders: Coordinator) -> Result<Option<Outcome>, ThreePhaseError> {
//! let order = orders.begin(TransactionId::new("order-1")?, [("tea", "3 pounds")])?;
//! let voted = order.ask().await?; // everybody has promised
//! if customer_is_gone().await {
//!     voted.abort().await;
//!     return Ok(None);
//! }
//! let known = voted.pre_commit().await?; // everybody knows that: from here on it commits
//! let outcome = known.commit().await?;
//! # Ok(Some(outcome))
//! # }
//! # drop(order);
//! ```
//!
//! # After a crash
//!
//! - A coordinator that is dropped is dead. Its participants end without it, within four rounds for
//!   each of them; [`Coordinator::find_out`] asks them how.
//! - A [`Site`] that is made again on its journal goes on by itself. What it had not voted for it
//!   aborts. What it had voted for it asks the others about, again and again, because they have gone
//!   on without it; [`Site::waiting`] tells what it asks about.
//! - When all were dead, they decide together as soon as all are back, by what each has written down.
//! - When one of those never comes back, the others wait: [`Site::force`] is for the operator who
//!   knows that, and is [reported](Site::heuristic) if others turn out to have done the opposite.
//!
//! The protocol alone is [`core`] (Skeen, *Nonblocking Commit Protocols*, SIGMOD 1981).

mod coordinator;
pub mod core;
mod error;
mod log;
mod member;
mod message;
mod observe;
mod operator;
mod part;
mod protocol;
mod run;
mod setup;
mod site;
mod standing;
mod transport;

pub use super::operator::Moment;
pub use coordinator::Coordinator;
pub use error::ThreePhaseError;
pub use member::Member;
pub use message::{Envelope, Message};
pub use operator::{Operator, Seat, Shown};
pub use protocol::ThreePhase;
pub use run::{AllKnow, AllVoted, Begun, CanAbort, HasVotes, IsKnown, Outcome};
pub use setup::Setup;
pub use site::Site;
pub use standing::Standing;
pub use transport::{Inbox, Local, Transport};
