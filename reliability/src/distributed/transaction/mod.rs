//! Work over several services that happens as a whole or not at all, whatever crashes meanwhile.
//!
//! | what you have | take | feature |
//! |---|---|---|
//! | steps that can be undone, called one after the other or beside each other | `saga`: an engine leads, and one place knows how far it is | `saga` |
//! | services that are to listen to each other, over a broker | `choreography`: nobody leads | `choreography` |
//! | what can be set aside first: seats, stock, a hold on a card | `tcc`: try, confirm, cancel | `tcc` |
//! | databases that can prepare a transaction | `two_phase`: two-phase commit | `two_phase` |
//! | processes on one machine, of which the living must not wait for the dead | `three_phase`: three-phase commit, and only as long as no network is cut | `two_phase` |
//! | one service, of which you want to know how it came to be as it is | `event_sourcing`, which is no transaction over several services, and tells others by an outbox | `event_sourcing` |
//!
//! If in doubt, begin with a saga. All of them stand on a journal; the guide has a chapter for each.
//!
//! # Words
//!
//! They mean the same in all of these modules.
//!
//! | word | meaning |
//! |---|---|
//! | attempt | one call of a step, handler or participant, the first one included; where a number follows `retry`, it counts those |
//! | effect | what a call does to the world; its id is the same in each attempt, and the other side knows a repetition by it |
//! | undo | what takes one step back; compensation is the run of all of them |
//! | pivot | the point of no return: before it all can be undone, behind it all must succeed |
//! | claim, lease | a worker claims what is due, and has it for the length of the lease unless it renews that; the journal refuses who comes too late |
//! | owner | the name of a worker in lists. It decides nothing |
//! | stuck | a whole transaction that waits for a person, because something in it has failed too often |
//! | parked | one handler, or one event, that waits for a person while the others go on |
//! | in doubt | a participant that has promised, and was not told how it ends |
//! | broken | what cannot be read; it rests, is tried again, and stops nothing else |

#[cfg(feature = "choreography")]
pub mod choreography;
#[cfg(feature = "two_phase")]
mod decision;
#[cfg(feature = "event_sourcing")]
pub mod event_sourcing;
#[cfg(all(test, not(reliability_loom), feature = "two_phase"))]
mod exhaustive;
#[cfg(feature = "two_phase")]
mod members;
#[cfg(feature = "saga")]
pub mod saga;
#[cfg(feature = "tcc")]
pub mod tcc;
#[cfg(feature = "two_phase")]
pub mod three_phase;
#[cfg(feature = "two_phase")]
pub mod two_phase;

#[cfg(feature = "two_phase")]
pub use decision::{Decision, Followed, Vote};
#[cfg(feature = "two_phase")]
pub use members::Members;
