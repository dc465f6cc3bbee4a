//! Work over several services that happens as a whole or not at all, whatever crashes meanwhile.
//!
//! | what you have | take | feature |
//! |---|---|---|
//! | steps that can be undone, called one after the other or beside each other | `saga`: an engine leads, and one place knows how far it is | `saga` |
//! | services that are to listen to each other, over a broker | `choreography`: nobody leads | `choreography` |
//! | what can be set aside first: seats, stock, a hold on a card | `tcc`: try, confirm, cancel | `tcc` |
//! | databases that can prepare a transaction, and what can set its work aside under a name | `two_phase`: two-phase commit | `two_phase` |
//! | processes on one machine, of which the living must not wait for the dead | `three_phase`: three-phase commit, and only as long as no network is cut | `two_phase` |
//! | one service, of which you want to know how it came to be as it is | `event_sourcing`, which is no transaction over several services, and tells others by an outbox | `event_sourcing` |
//!
//! If in doubt, begin with a saga. All of them stand on a journal; the guide has a chapter for each, and
//! there is an example of each that can be run: `place_order` (a saga), `choreography`, `tcc`,
//! `two_phase`, `three_phase` and `read_model` (event sourcing), each as `cargo run --example ..`. A
//! transaction of one database needs none of them.
//!
//! # Side by side
//!
//! | | others see meanwhile | a participant must | it is kept from others | who crashes while it leads |
//! |---|---|---|---|---|
//! | `saga` | each step as it is done | stand a repetition, and undo | nothing | is taken over when its `lease` is over, 30 s |
//! | `choreography` | each event as it is made | stand a repetition, and undo | nothing | nobody leads; what a participant had in its hands is taken up when its `lease` is over, 30 s |
//! | `tcc` | that something is reserved, and no order that is half made | reserve, and do or release it later | what is reserved, until it is told | undecided, all is cancelled when it `expires`, 30 s; decided, it is taken over after twice the `patience`, 20 s |
//! | `two_phase` | nothing, until each has heard the decision | promise, and keep both ways open over a crash | the rows that it has changed, until it is told | is missed after the `grace`, 60 s: then whoever can read the log ends it |
//! | `three_phase` | the same | the same, and answer within a `round` | the same | is not waited for: the others decide, within four rounds for each of them |
//! | `event_sourcing` | what has happened, and read models a little later | | nothing | has executed a command or not; who repeats it under its key finds out |
//!
//! | | it ends | what it costs | it goes wrong when |
//! |---|---|---|---|
//! | `saga` | undone until the pivot, forward from there on; or stuck, for an operator | one durable write for each step, and one for the start | the other side does not heed the effect's id |
//! | `choreography` | the same; or parked, where it failed | two durable writes for each event that a participant hears and answers, and the bus | two processes have a different idea of who does what |
//! | `tcc` | all confirmed, or all cancelled; or stuck | three durable writes and one for each participant, and one of each barrier each time it is asked | a participant has no barrier, or cannot do what it has reserved |
//! | `two_phase` | all committed, or all aborted; or heuristic, when an operator did not wait | two durable writes; of each participant, its promise and its commit, and of a site one before them | somebody commits or rolls back a prepared transaction by hand |
//! | `three_phase` | the same | the same, and three durable writes more of each participant | **the network is cut, or a process is stopped: both sides decide, and may differ** |
//! | `event_sourcing` | is executed, or refused | one durable write for each command | an event is read that nobody can upcast any more: that does not compile |
//!
//! The first four keep what they promise whatever crashes, and however messages are lost, doubled and
//! put out of order. What each of them cannot promise stands in its own module.
//!
//! What operators see of all of them and do about them: `operator`, and the program `reliability`
//! (feature `cli`).
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
#[cfg(any(feature = "saga", feature = "tcc", feature = "two_phase"))]
pub mod operator;
#[cfg(any(feature = "saga", feature = "tcc"))]
mod retention;
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
#[cfg(any(feature = "saga", feature = "tcc"))]
pub use retention::Retention;
