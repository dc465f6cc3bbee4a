//! Transactions without a conductor: participants that listen to each other's events, each with its own
//! part, its own journal, and nobody who knows all of it. Either all events are made, or what was done
//! is undone; whatever crashes meanwhile.
//!
//! ```
//! use reliability::distributed::transaction::choreography::{End, Why, choreography, participant};
//! use reliability::distributed::transaction::choreography::bus::JournalBus;
//! use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
//! use reliability::journal::Journal;
//!
//! /// The events, in the words of a [saga](mod@super::saga): what can be undone, where the point of
//! /// no return is, and what must succeed behind it.
//! #[saga(input = u32, refuse = String, choreographed)]
//! enum PlaceOrder {
//!     #[step]
//!     Reserved(u32),
//!     #[step]
//!     Quoted(u32),
//!     #[pivot]
//!     Charged(String),
//!     #[then]
//!     Mailed(()),
//! }
//!
//! struct Warehouse;
//!
//! #[participant(PlaceOrder)]
//! impl Warehouse {
//!     /// When a transaction starts, it makes the event `Reserved`.
//!     #[on(start => Reserved, undo = release, retry = 5, timeout = "2s")]
//!     async fn reserve(&self, cx: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
//!         // Ask the database, with `cx.effect()` as the idempotency key.
//! #       let _ = cx;
//!         Ok(*pieces)
//!     }
//!
//!     async fn release(&self, _: &Cx, _: &u32, reserved: Attempt<'_, u32>) -> Result<(), Transient> {
//!         match reserved {
//!             Attempt::Done(_pieces) => Ok(()), // give back what is there
//!             Attempt::Maybe => Ok(()),         // give back what may be there, by `cx.effect()`
//!         }
//!     }
//! }
//!
//! struct Pricing;
//!
//! #[participant(PlaceOrder)]
//! impl Pricing {
//!     #[on(start => Quoted, undo = none("read only"))]
//!     async fn quote(&self, _: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
//!         Ok(299 * pieces)
//!     }
//! }
//!
//! struct Card;
//!
//! #[participant(PlaceOrder)]
//! impl Card {
//!     /// When both were made; it is given what they came with.
//!     #[on(Reserved, Quoted => Charged)]
//!     async fn charge(&self, _: &Cx, _: &u32, _: &u32, cents: &u32) -> Result<String, Outcome<String>> {
//!         if *cents > 1_000 { Err(Outcome::Rejected("no money".into())) } else { Ok("paid".into()) }
//!     }
//!
//!     /// Behind the pivot nothing refuses.
//!     #[on(Charged => Mailed)]
//!     async fn confirm(&self, _: &Cx, _: &u32, _receipt: &String) -> Result<(), Transient> {
//!         Ok(())
//!     }
//! }
//!
//! choreography! {
//!     /// Nobody handles `Mailed`, and that is meant.
//!     Orders: PlaceOrder { Warehouse, Pricing, Card, terminal Mailed }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Journal::in_memory(); // or `Journal::open("orders.db")`, which outlives the process
//! let participants = (Warehouse, Pricing, Card);
//! let orders = Orders::on(&journal, JournalBus::on(&journal), participants).start().await?;
//!
//! let tea = orders.start("order-1", 3).await?; // once for each key
//! assert!(matches!(tea.ended().await?, End::Completed(done) if done.charged == "paid"));
//!
//! let piano = orders.start("order-2", 3_000).await?;
//! let End::RolledBack(Why::Refused { event, refusal }) = piano.ended().await? else { panic!("paid") };
//! assert_eq!((event.as_str(), refusal.as_str()), ("Charged", "no money"));
//!
//! // Who tells whom what, for the documentation:
//! assert!(Orders::wiring().mermaid().contains("-- Charged -->"));
//! # Ok(())
//! # }
//! ```
//!
//! The example `choreography` (`cargo run --example choreography`) is a whole program: each participant
//! has a database of its own, and their process dies by `kill -9` behind a commit of each of them.
//!
//! # What does not compile
//!
//! Where participants are put together: an event that nobody handles and that is not terminal, one that
//! nobody makes, or two do; a circle; something that cannot be undone and does not wait for all that may
//! still refuse. In a participant: arguments that are not what the events come with, a refusal behind the
//! pivot, a missing undo before it, an undo that does not think of [`Attempt::Maybe`](super::saga::Attempt::Maybe).
//! Each with what to write instead.
//!
//! # In several processes
//!
//! Each process puts together the participants that it has, and names the others:
//!
//! ```
//! # use reliability::distributed::transaction::choreography::{choreography, participant};
//! # use reliability::distributed::transaction::saga::{Cx, Transient, saga};
//! # #[saga(input = u32, refuse = String, choreographed)]
//! # pub enum PlaceOrder { #[pivot] Charged(String), #[then] Mailed(()) }
//! # pub struct Mail;
//! # #[participant(PlaceOrder)]
//! # impl Mail {
//! #     #[on(Charged => Mailed)]
//! #     async fn mail(&self, _: &Cx, _: &u32, _: &String) -> Result<(), Transient> { Ok(()) }
//! # }
//! choreography! {
//!     pub Mails: PlaceOrder {
//!         Mail,
//!         elsewhere card { on(start => Charged) },
//!         terminal Mailed,
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! The processes of one participant share its journal; participants share nothing but the bus. Who starts
//! transactions looks on in the journal of its own; a process that starts none says so with
//! [`participants_only`](ChoreographedBuilder::participants_only).
//!
//! Each journal in which transactions are started is a group of its own on the bus, `start.` and a number
//! that was drawn for it, so that everybody hears of what was started there. When such a journal is gone
//! for good, [remove](bus::Bus::remove) its [group](Choreographed::starter_group), and so that of a
//! participant: what nobody takes is kept, until there is no more room.
//!
//! # What is guaranteed
//!
//! - A participant writes an event down before it acknowledges it (inbox), and what it makes of it in the
//!   same append as that it has done so (outbox). So nothing is lost, and what comes twice, late, or in
//!   the wrong order changes nothing.
//! - A handler may be called again after a crash or a lost answer, always with the same
//!   [`Cx::effect`](super::saga::Cx::effect).
//! - With `probe = method` it is asked first whether it has happened, wherever nobody knows: behind a
//!   timeout, [`Outcome::Unknown`](super::saga::Outcome::Unknown), a panic, or a crash between what it did
//!   and writing it down. A pivot that the probe says has not happened never will when somebody has
//!   refused or called it off.
//! - A refusal is an event. Who hears it begins nothing any more, and undoes what it has done, or may
//!   have: each after all that was made of its event is undone. An undo that comes before its action
//!   leaves word, and the action never happens.
//! - Who may have lost a transaction to another worker, because the journal has not renewed the lease in
//!   time, lets it go in the middle of a handler, as a crash would.
//! - Once the pivot was made, there is only forward, whatever is called off.
//! - What fails is tried again with pauses, 16 times unless something else is said, and then
//!   [parked](Choreographed::parked): it is kept, shown and counted, tried by nobody, and goes on when
//!   somebody says [`retry`](Choreographed::retry). An [`Operator`] sees all of it in a journal without
//!   the types, has it tried again, or ends it as it is.
//!
//! # What it cannot do
//!
//! Nobody has the whole picture: there is no deadline over all, no priority, an operator sees of it what
//! stands in one journal, and whether the processes agree on who does what is not known to any compiler. When a
//! transaction has one owner, an orchestrated [saga](mod@super::saga) is simpler to follow and to change. The
//! guide's chapter weighs the two.
//!
//! # What it costs
//!
//! For each participant two appends for each event that it hears and answers, beside what the bus costs.
//! A handler with a probe takes one more, which says that it begins: so that a probe is asked only where
//! something may have happened.

#[cfg(any(feature = "nats", feature = "rabbitmq"))]
pub mod broker;
mod builder;
pub mod bus;
mod calls;
mod desk;
mod end;
mod engine;
mod entry;
mod history;
#[cfg(feature = "nats")]
pub mod nats;
mod observe;
mod operator;
mod participant;
mod plan;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
mod rules;
mod starter;
mod task;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
mod wiring;
mod work;

pub use super::operator::Moment;
pub use builder::ChoreographedBuilder;
pub use end::{End, Parked, Why};
pub use engine::{Choreographed, Handle};
pub use operator::{Operator, Part, Shown};
pub use participant::{
    Handler, Handling, Link, Member, Participant, Participants, Probed, Probing, Undoing,
};
pub use plan::Wiring;
pub use wiring::{Choreography, check, check_link};

/// Puts participants together, and checks that they make a whole.
///
/// ```
/// # use reliability::distributed::transaction::choreography::{choreography, participant};
/// # use reliability::distributed::transaction::saga::{Cx, Outcome, Transient, saga};
/// # #[saga(input = u32, refuse = String, choreographed)]
/// # pub enum PlaceOrder { #[pivot] Charged(String), #[then] Mailed(()) }
/// # pub struct Card;
/// # #[participant(PlaceOrder)]
/// # impl Card {
/// #     #[on(start => Charged)]
/// #     async fn charge(&self, _: &Cx, _: &u32) -> Result<String, Outcome<String>> { Ok("paid".into()) }
/// # }
/// choreography! {
///     pub Orders: PlaceOrder {
///         Card,                                  // a type with `#[participant(PlaceOrder)]`
///         elsewhere mail { on(Charged => Mailed) }, // of another process, by its name
///         terminal Mailed,                       // handled by nobody
///     }
/// }
/// # fn main() {}
/// ```
///
/// | inside | meaning |
/// |---|---|
/// | `Type` | a participant of this process, in the order in which [`Orders::on`](ChoreographedBuilder::new) takes them |
/// | `elsewhere name { on(A, B => C) on(D) }` | one of another process: what it waits for, and what it makes |
/// | `terminal Event` | nobody handles it, and that is meant |
/// | `steps = path` | the module of the events' types, where the enum has `steps = name` |
/// | `crate = ::path` | where this crate is, for those who re-export or rename it |
///
/// It writes a type with the name in front, which implements [`Choreography`] and has two functions: `on`,
/// which begins a [`ChoreographedBuilder`], and `wiring`, for pictures.
///
/// # Features
///
/// It is there with `macros` and `choreography`.
#[cfg(feature = "macros")]
pub use reliability_derive::choreography;
/// Says what a participant listens to, and what it makes of that: on an `impl` block with a method for
/// each handler.
///
/// ```
/// use reliability::distributed::transaction::choreography::participant;
/// use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
///
/// #[saga(input = u32, refuse = String, choreographed)]
/// pub enum PlaceOrder {
///     #[step]
///     Reserved(u64),
///     #[pivot]
///     Charged(String),
/// }
///
/// pub struct Warehouse {
///     shelf: u64,
/// }
///
/// #[participant(PlaceOrder, name = "stock")]
/// impl Warehouse {
///     #[on(start => Reserved, undo = release, retry = 5, timeout = "2s")]
///     async fn reserve(&self, _: &Cx, _pieces: &u32) -> Result<u64, Outcome<String>> {
///         Ok(self.shelf)
///     }
///
///     async fn release(&self, _: &Cx, _: &u32, _: Attempt<'_, u64>) -> Result<(), Transient> {
///         Ok(())
///     }
///
///     /// Makes no event: it only listens.
///     #[on(Reserved, Charged)]
///     async fn pack(&self, _: &Cx, _: &u32, _shelf: &u64, _receipt: &String) -> Result<(), Transient> {
///         Ok(())
///     }
/// }
/// ```
///
/// `#[participant(Events)]` takes `name = ".."`, by which the bus and the journal know it - the type's in
/// `snake_case` otherwise -, `steps = path` where the enum has one, and `crate = ::path`.
///
/// # Handlers
///
/// `#[on(A, B => C)]` waits for `A` and `B`, and makes `C`, whose name has at most 120 bytes. `start` stands for the beginning, where
/// nothing else is waited for. Without `=>` it makes no event. The method is
/// `async fn(&self, cx: &Cx, input: &Input, a: &A, b: &B)`, and returns
///
/// | it makes | it returns |
/// |---|---|
/// | a `#[step]`, or the `#[pivot]` | `Result<C, Outcome<Refused>>` |
/// | a `#[then]` | `Result<C, Transient>` |
/// | nothing | `Result<(), Transient>` |
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `undo = method` | of a `step`: `async fn(&self, cx, input, Attempt<'_, C>) -> Result<(), Transient>` | required, or |
/// | `undo = none("why")` | there is nothing to undo | |
/// | `probe = method` | finds out whether the handler has happened: its arguments, `-> Result<Option<C>, Transient>` | it is called again |
/// | `retry = 1..=1_000_000` | so many attempts, the first one included; then it is parked | 16 |
/// | `undo_retry = 1..=1_000_000` | the same for the undo | 16 |
/// | `backoff =` `constant("..")`, or `linear`, `exponential`, `fibonacci`, `decorrelated` `("..", max = "..")` | the pause between two attempts | `exponential("100ms", max = "60s")` |
/// | `timeout = ".."` | of one attempt; what has not ended by then may have happened | none |
///
/// # Features
///
/// It is there with `macros` and `choreography`.
#[cfg(feature = "macros")]
pub use reliability_macros::participant;
