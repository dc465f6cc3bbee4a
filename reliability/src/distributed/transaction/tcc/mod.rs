//! Try, confirm, cancel: what several services have to do together is reserved by each of them first,
//! and then used by all or released by all.
//!
//! Seats, rooms, stock and money can be set aside before they are gone. Where that is so, TCC is
//! shorter than a saga, which does things and takes them back, and holds no locks as two-phase commit
//! does: nobody else sees an order that is half made, and what is reserved is released by itself when
//! its time is over.
//!
//! ```text
//!             ┌─▶ stock:  try ──┐                     ┌─▶ stock:  confirm
//!  begin ─────┤                 ├─▶ decide, durably ──┤            (or cancel, all of them)
//!             └─▶ money:  try ──┘                     └─▶ money:  confirm
//! ```
//!
//! ```
//! use reliability::distributed::transaction::tcc::{Coordinator, Cx, Decision, Tcc, Transient};
//! use reliability::journal::Journal;
//!
//! #[derive(Tcc)]
//! #[tcc(input = u32, refuse = String, try = Stock::reserve, confirm = Stock::take, cancel = Stock::release)]
//! struct Stock;
//!
//! impl Stock {
//!     async fn reserve(&self, cx: &Cx, pieces: &u32) -> Result<(), String> {
//!         // .. as `cx.key()`, behind a barrier
//!         # let _ = cx;
//!         if *pieces < 10 { Ok(()) } else { Err("there are not so many".into()) }
//!     }
//!
//!     async fn take(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
//!         Ok(())
//!     }
//!
//!     async fn release(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
//!         Ok(())
//!     }
//! }
//! # #[derive(Tcc)]
//! # #[tcc(input = u64, refuse = String, try = Money::hold, confirm = Money::free, cancel = Money::free)]
//! # struct Money;
//! # impl Money {
//! #     async fn hold(&self, _: &Cx, _: &u64) -> Result<(), String> { Ok(()) }
//! #     async fn free(&self, _: &Cx, _: &u64) -> Result<(), Transient> { Ok(()) }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Journal::in_memory();
//! let coordinator = Coordinator::on(&journal).participant(Stock).participant(Money).build()?;
//!
//! let mut order = coordinator.begin("order-17").await?;
//! let stock = order.reserve::<Stock>(3).await?;
//! let money = order.reserve::<Money>(299).await?;
//! let settled = order.confirm((stock, money)).await?;
//! assert_eq!((settled.decision, settled.pending), (Decision::Confirm, 0));
//!
//! let mut order = coordinator.begin("order-18").await?;
//! let _money = order.reserve::<Money>(299).await?;
//! // A no cancels the whole order before it is told, the money included.
//! assert!(order.reserve::<Stock>(30).await.is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # What is certain
//!
//! - A participant is in the journal before it is tried, and the decision before anybody is told. So a
//!   crash leaves nothing reserved for ever: whoever [recovers](Coordinator::recover), in whichever
//!   process, confirms what was decided and cancels what was not.
//! - All are confirmed or all are cancelled. A [`Tried`] is confirmed or cancelled by being handed
//!   over: it cannot be both, nor be forgotten without a warning; who
//!   hands over fewer than were reserved is refused at run time.
//! - Reservations expire: what is not decided in time is cancelled, and never confirmed after that.
//! - Participants are told until they have done it, with pauses up to a minute. They are told more than
//!   once, too late, and in the wrong order: that is what the [barrier] is for.
//! - What is over stays, or is [forgotten](#what-is-forgotten) after a time.
//! - Where that is in vain for [too long](CoordinatorBuilder::stuck_after), the transaction is *stuck*,
//!   durably: nobody tells it hot for ever, and an [`Operator`] has it told again, or abandons it.
//!
//! The example `tcc` (`cargo run --example tcc`) is a whole program: a flight and a hotel with a database
//! each, a process that dies by `kill -9`, and tries that come after their cancel.
//!
//! # What is forgotten
//!
//! What is over stays in the journal, unless the coordinator is told to [forget](CoordinatorBuilder::retain)
//! it after a time. One that is forgotten is not taken for one that never was:
//!
//! | comes after that | and is |
//! |---|---|
//! | a try that was on its way, of a participant with a [barrier] | refused by the barrier, which remembers by itself |
//! | a try that was on its way, of a participant that has forgotten it as well | to be refused by [`Cx::expires_at`]: what is forgotten has expired |
//! | a try of a participant that is a transaction itself | refused: it cannot [begin](Coordinator::begin_nested) once the other one has expired, and is not forgotten before |
//! | a confirm or cancel of such a one | done, as it was |
//! | `begin` with the same id | another transaction, as it is with every store of keys that ends: its participants know it by another [key](Cx::key), so that it is neither taken for the first, nor disturbed by what is still on its way of that |
//!
//! That takes clocks that differ by less than the time for which it is kept.
//!
//! # Transactions in transactions
//!
//! A participant may be a transaction of its own, which the other one decides:
//!
//! ```
//! use reliability::distributed::transaction::tcc::{Coordinator, Cx, Decision, Tcc, Transient};
//! # use reliability::journal::Journal;
//! # #[derive(Tcc)]
//! # #[tcc(input = u32, refuse = String, try = Seat::hold, confirm = Seat::free, cancel = Seat::free)]
//! # struct Seat;
//! # impl Seat {
//! #     async fn hold(&self, _: &Cx, _: &u32) -> Result<(), String> { Ok(()) }
//! #     async fn free(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
//! # }
//!
//! #[derive(Tcc)]
//! #[tcc(input = [u32; 2], refuse = String, try = Trip::reserve, confirm = Trip::confirm, cancel = Trip::cancel)]
//! struct Trip {
//!     flights: Coordinator,
//! }
//!
//! impl Trip {
//!     async fn reserve(&self, cx: &Cx, seats: &[u32; 2]) -> Result<(), String> {
//!         let mut there_and_back =
//!             self.flights.begin_nested(cx).await.map_err(|error| error.to_string())?;
//!         let there = there_and_back.reserve::<Seat>(seats[0]).await.map_err(|it| it.to_string())?;
//!         let back = there_and_back.reserve::<Seat>(seats[1]).await.map_err(|it| it.to_string())?;
//!         there_and_back.leave((there, back)).map_err(|error| error.to_string())
//!     }
//!
//!     async fn confirm(&self, cx: &Cx, _: &[u32; 2]) -> Result<(), Transient> {
//!         self.flights.settle_nested(cx, Decision::Confirm).await
//!     }
//!
//!     async fn cancel(&self, cx: &Cx, _: &[u32; 2]) -> Result<(), Transient> {
//!         self.flights.settle_nested(cx, Decision::Cancel).await
//!     }
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let flights = Coordinator::on(&Journal::in_memory()).participant(Seat).build()?;
//! # let trips = Coordinator::on(&Journal::in_memory()).participant(Trip { flights }).build()?;
//! # let mut holiday = trips.begin("holiday").await?;
//! # let trip = holiday.reserve::<Trip>([3, 4]).await?;
//! # assert_eq!(holiday.confirm((trip,)).await?.pending, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # What is measured
//!
//! `reliability.tcc.begun`, `.decided` by decision, `.ended`, `.recovered`, `.refused` and `.failed`
//! by participant. `decided` minus `ended` is how many transactions have participants that do not
//! answer; each failure is an event, `reliability.tcc.failed`. A transaction that cannot be carried on,
//! because what stands in the journal cannot be read, say, is one as well, `reliability.tcc.broken`.
//! `reliability.tcc.stuck` counts those that wait for an operator, and is an event; what operators do is
//! `reliability.tcc.mended`.

pub mod barrier;
mod coordinator;
pub mod core;
mod decision;
mod drive;
mod error;
mod hub;
mod observe;
mod operator;
mod participant;
mod recover;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
mod transaction;
mod tried;
mod written;

pub use super::Retention;
pub use super::operator::Moment;
pub use coordinator::{Coordinator, CoordinatorBuilder};
pub use decision::Decision;
pub use error::{ReserveError, TccError};
pub use operator::{Operator, Shown};
pub use participant::{Cx, Tcc, Transient};
pub use recover::Recovered;
/// Makes a type a participant of transactions, of three functions.
///
/// ```
/// use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};
///
/// #[derive(Tcc)]
/// #[tcc(input = u32, refuse = String, try = hold, confirm = Seats::sell, cancel = Seats::free)]
/// #[tcc(name = "seats")]
/// struct Seats;
///
/// async fn hold(_: &Seats, cx: &Cx, seat: &u32) -> Result<(), String> {
///     if *seat < 300 { Ok(()) } else { Err(format!("{cx}: there is no seat {seat}")) }
/// }
///
/// impl Seats {
///     async fn sell(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
///         Ok(())
///     }
///
///     async fn free(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
///         Ok(())
///     }
/// }
///
/// assert_eq!(<Seats as Tcc>::NAME, "seats");
/// ```
///
/// - `input = Type`: what it is about; serde writes it to the journal, and reads it in whichever
///   process confirms or cancels.
/// - `refuse = Type`: why `try` says no.
/// - `try = path`, `confirm = path`, `cancel = path`: functions that are called with `&self`, `&Cx` and
///   `&Input`; see [`Tcc`](trait@Tcc).
/// - `name = ".."`: by which name the journal knows it; that of the type by default.
/// - `crate = ::some::path`: where this crate is found, when it is re-exported.
#[cfg(feature = "macros")]
pub use reliability_derive::Tcc;
pub use transaction::{Settled, Transaction};
pub use tried::{AllTried, AnyTried, Tried};
