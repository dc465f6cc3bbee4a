//! Sagas: business transactions of steps, in services that know nothing of each other. Either all
//! steps happen, or those that did are undone; whatever crashes meanwhile.
//!
//! ```
//! use reliability::distributed::transaction::saga::*;
//! use reliability::journal::Journal;
//! use serde::{Deserialize, Serialize};
//!
//! /// What a customer wants.
//! #[derive(Serialize, Deserialize)]
//! struct Order {
//!     cents: u32,
//! }
//!
//! /// Why an order may be refused.
//! #[derive(Debug, Serialize, Deserialize)]
//! enum Refused {
//!     NoMoney,
//! }
//!
//! #[saga(input = Order, refuse = Refused, version = 1)]
//! enum PlaceOrder {
//!     /// Undone when a later step is refused.
//!     #[step(reserve, undo = release, retry = 5, timeout = "2s")]
//!     Reserved(u64),
//!     /// The point of no return.
//!     #[pivot(charge, needs(Reserved))]
//!     Charged(String),
//!     /// Behind it: it must succeed in the end.
//!     #[then(confirm, needs(Charged))]
//!     Mailed(()),
//! }
//!
//! async fn reserve(cx: &Cx, _: &Order) -> Result<u64, Outcome<Refused>> {
//!     // Ask the warehouse, with `cx.effect()` as the idempotency key.
//! #   let _ = cx;
//!     Ok(4711)
//! }
//!
//! async fn release(_: &Cx, _: &Order, reserved: Attempt<'_, u64>) -> Result<(), Transient> {
//!     match reserved {
//!         Attempt::Done(_shelf) => Ok(()), // give back what is there
//!         Attempt::Maybe => Ok(()),        // give back what may be there, by `cx.effect()`
//!     }
//! }
//!
//! async fn charge(_: &Cx, order: &Order, _: &u64) -> Result<String, Outcome<Refused>> {
//!     if order.cents > 500 { Err(Refused::NoMoney.into()) } else { Ok("receipt".into()) }
//! }
//!
//! async fn confirm(_: &Cx, _: &Order, _receipt: &String) -> Result<(), Transient> {
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // `Journal::open("orders.db")` outlives the process, `Journal::connect("postgres://..")` the machine.
//! let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
//!
//! let tea = sagas.start::<PlaceOrder>("order-1", Order { cents: 299 }).await?;
//! assert!(matches!(tea.ended().await?, End::Completed(done) if done.charged == "receipt"));
//!
//! let piano = sagas.start::<PlaceOrder>("order-2", Order { cents: 899_900 }).await?;
//! assert!(matches!(piano.ended().await?, End::RolledBack(Why::Rejected { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! # What does not compile
//!
//! A step before the pivot without an undo, an undo behind it, a step behind it that may refuse, two
//! pivots, a step that reads what does not exist yet, an undo that does not think of
//! [`Attempt::Maybe`], an output that cannot be stored, a new version without a migration. Each with
//! what to write instead.
//!
//! # What is guaranteed
//!
//! - A saga that was started comes to its end, or is *stuck*, which is a state that lists, metrics
//!   and an [`Operator`] see. None is lost, and one that is poisonous stops no other.
//! - What a step has finished with is durable before anything follows from it. A step may be called
//!   again after a crash or a lost answer, always with the same [`Cx::effect`]: what it does once for
//!   each of those is done once.
//! - Only a rejection, a deadline or a cancellation turns a saga back, and only before its pivot may
//!   have begun. Then whatever was done, or may have been, is undone in the reverse order of what
//!   depends on what.
//! - A worker that slept through its lease writes nothing when it wakes up. What it was doing in the
//!   world outside goes on until its attempt ends, so two workers may call the same step at once,
//!   with the same effect id.
//!
//! Nothing can check that an undo undoes, that the other side heeds the effect id, or that nobody sees
//! an order that is half done: sagas have no isolation.
//!
//! # What it costs
//!
//! One append to the journal for each step, and one to start: a step that has finished says that the
//! next one may have begun. A saga that is over, or waits, takes no memory.

mod cx;
mod declared;
mod definition;
mod diagram;
mod engine;
mod operator;
mod outcome;
mod plan;
mod rules;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
pub mod walk;

pub use cx::{Cx, EffectId};
pub use declared::{Doing, Durable, History, Old, Probing, Saga, Undoing, Unwritable};
pub use definition::{Definition, Kind, Step};
pub use engine::{
    CrashTest, Crashes, End, EndOf, Handle, Progress, Retention, Sagas, SagasBuilder, Start,
    StepProgress, StepState, Why,
};
pub use operator::{Moment, Operator, Shown};
pub use outcome::{Attempt, Outcome, Transient, Unknown};
pub use plan::{Plan, PlannedStep};
#[cfg(feature = "macros")]
pub use reliability_derive::Saga;
/// Declares a business transaction: an enum with a variant for each step.
///
/// It may also be written as `#[derive(Saga)]` with `#[saga(..)]` below it.
///
/// # Features
///
/// It is there with `macros` and `saga`.
#[cfg(feature = "macros")]
pub use reliability_macros::saga;
