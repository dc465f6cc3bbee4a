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
//! pivots, a saga behind it that may refuse, a step that reads what does not exist yet, an undo that takes the
//! output alone, or leaves [`Attempt::Maybe`] out of its `match`, an output that cannot be stored, a new version without a migration. Each with
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
//!   have begun, or when its probe says that it has not happened and will not. Then whatever was done, or may have been, is undone in the reverse order of what
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
mod definitions;
mod diagram;
pub(in crate::distributed::transaction) mod durable;
mod engine;
mod nested;
mod operator;
mod outcome;
mod plan;
mod rules;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
pub mod walk;

pub use super::Retention;
pub use super::operator::Moment;
#[cfg(feature = "choreography")]
pub(super) use cx::push_printable;
pub use cx::{Cx, EffectId};
pub use declared::{Doing, History, Old, Probing, Saga, Undoing, Unwritable};
pub use definition::{Definition, Kind, Step};
pub use durable::Durable;
pub use engine::{
    CrashTest, Crashes, End, EndOf, Handle, Nest, NestedRun, Progress, Sagas, SagasBuilder, Start,
    StepProgress, StepState, Why,
};
pub use operator::{Around, Operator, Shown};
pub use outcome::{Attempt, Outcome, Transient, Unknown};
pub use plan::{Plan, PlannedStep};
/// The same as [`saga`](macro@saga), as a derive: `#[derive(Saga)]`, and what the attribute says in
/// `#[saga(..)]` below it.
///
/// # Examples
///
/// See [`saga`](macro@saga).
#[cfg(feature = "macros")]
pub use reliability_derive::Saga;
/// Declares a business transaction: an enum with a variant for each step, which holds what the step
/// finishes with.
///
/// ```
/// use reliability::distributed::transaction::saga::{
///     Attempt, Cx, End, Outcome, Sagas, Transient, saga,
/// };
/// use reliability::journal::Journal;
///
/// #[saga(input = u32, refuse = String, deadline = "1h")]
/// pub enum PlaceOrder {
///     #[step(reserve, undo = release, retry = 5, timeout = "2s")]
///     Reserved(u32),
///     /// At the same time.
///     #[step(quote, undo = none("read only"), beside = Reserved)]
///     Quoted(u32),
///     /// The point of no return.
///     #[pivot(charge, needs(Reserved, Quoted), probe = find)]
///     Charged(String),
///     #[then(confirm, needs(Charged))]
///     Mailed(()),
/// }
///
/// async fn reserve(_: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
///     Ok(*pieces)
/// }
///
/// async fn release(_: &Cx, _: &u32, reserved: Attempt<'_, u32>) -> Result<(), Transient> {
///     match reserved {
///         Attempt::Done(_pieces) => Ok(()),
///         // Begun, and nobody knows how it ended.
///         Attempt::Maybe => Ok(()),
///     }
/// }
///
/// async fn quote(_: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
///     Ok(299 * pieces)
/// }
///
/// async fn charge(_: &Cx, _: &u32, _: &u32, price: &u32) -> Result<String, Outcome<String>> {
///     if *price > 1_000 { Err(Outcome::Rejected("no money".into())) } else { Ok("paid".into()) }
/// }
///
/// async fn find(_: &Cx, _: &u32, _: &u32, _: &u32) -> Result<Option<String>, Transient> {
///     Ok(None)
/// }
///
/// async fn confirm(_: &Cx, _: &u32, _receipt: &String) -> Result<(), Transient> {
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
/// let order = sagas.start::<PlaceOrder>("4711", 3).await?;
/// let End::Completed(done) = order.ended().await? else { panic!("it went back") };
/// assert_eq!((done.quoted, done.charged.as_str()), (897, "paid"));
/// # Ok(())
/// # }
/// ```
///
/// A step begins when all that stand above it have finished. `beside = Reserved` lets it begin when
/// `Reserved` begins; what it `needs` has finished before that, too. When a step refuses, those that
/// may have happened are undone, each before what it came after. From the pivot on there is only
/// forward.
///
/// # The saga
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `input = Type` | what it is started with; [`Durable`] | required |
/// | `refuse = Type` | why a step may refuse; [`Durable`] | required |
/// | `shared = Type` | what steps get through [`Cx::shared`]: clients, pools | `()` |
/// | `version = 1..` | of the declaration; what becomes of runs of each older one is said by the next two | 1 |
/// | `migrate(1 => path, ..)` | a `fn(Old) -> Result<Old, Unwritable>` that carries a run over to the version after that; see [`Old`] | |
/// | `drain(1, ..)` | runs of that version are left to programs that still know it | |
/// | `deadline = ".."` | from the start on; when it is over, the saga goes back, as long as it can | none |
/// | `name = ".."` | in the journal | the enum's in `snake_case` |
/// | `steps = name` | the module of the steps' types | the enum's in `snake_case` |
/// | `derive(..)` | of the struct of outputs | what the enum derives below the attribute; of a derive above it the compiler says that `PlaceOrderDone` lacks it: move that line down |
/// | `choreographed` | the steps are done by participants that listen to each other (`choreography`): each is a bare `#[step]`, `#[pivot]` or `#[then]` | |
/// | `crate = ::path` | where this crate is, for those who re-export or rename it | |
///
/// # Steps
///
/// | attribute | the step | its function returns |
/// |---|---|---|
/// | `#[step(path, undo = .., ..)]` | can be undone | `Result<Out, Outcome<Refused>>` |
/// | `#[pivot(path, ..)]` | the point of no return; at most one | `Result<Out, Outcome<Refused>>` |
/// | `#[then(path, ..)]` | stands behind it, cannot refuse, and is repeated until it succeeds | `Result<Out, Transient>` |
/// | `#[wait("24h")]` | is done when so much time has gone by; its output is `()` | |
/// | `#[signal]` | is done when somebody [says so](Sagas::signal) | |
///
/// A function is `async fn(cx: &Cx<Shared>, input: &Input, ..)`, with the outputs that it `needs` as
/// references behind these two, in the order in which they are named.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `undo = path` | of a `step`: an `async fn(cx, input, Attempt<'_, Out>) -> Result<(), Transient>` | required, or |
/// | `undo = none("why")` | there is nothing to undo | |
/// | `needs(A, B)` | outputs of up to twelve steps above | none |
/// | `beside = A` | begins when `A` begins; also of `wait` and `signal`. Not of a pivot, and nothing is beside one | after all above |
/// | `probe = path` | finds out whether the step has happened: the arguments of the step, `-> Result<Option<Out>, Transient>` | the step is repeated |
/// | `retry = 1..=1_000_000` | so many attempts, the first one included; then the saga is stuck | no end |
/// | `undo_retry = 1..=1_000_000` | the same for the undo | 16 |
/// | `backoff =` `constant("..")`, or `linear`, `exponential`, `fibonacci`, `decorrelated` `("..", max = "..")` | the pause between two attempts | `exponential("100ms", max = "60s")` |
/// | `timeout = ".."` | of one attempt; what has not ended by then may have happened | none |
///
/// # Sagas as steps
///
/// `saga = Ship` in place of a function says that the step is a saga of its own, in `#[step]`,
/// `#[pivot]` and `#[then]`. It has a run, a key and a history of its own; the step is done when it
/// is completed, and refuses when it is rolled back. Behind the pivot stands only one that
/// [cannot refuse](walk::CannotRefuse): whose first step is a `#[then]`.
///
/// Two sagas that are steps of each other would never end. A macro sees one enum at a time, so that
/// this is rustc's to say: `cycle detected when ..`, E0391. Take one of the two steps out.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `saga = Type` | the enum of that saga | required |
/// | `input = path` | a `fn(&Input, ..) -> ItsInput`, with what the step `needs`; it is called again after a crash | `From<&Input>`, or `From<(&Input, ..)>` |
/// | `output = path` | a `fn(ItsDone) -> Out` | `From<ItsDone>`, also for itself |
/// | `refused = path` | a `fn(Why<ItsRefusal>) -> Refused`; not behind the pivot | `From<Why<ItsRefusal>>` |
/// | `undo = path` | called when that saga is completed and this one turns back | required in a `step`, or |
/// | `undo = none("why")` | what it has done may stay | |
/// | `needs`, `beside`, `undo_retry`, `backoff` | as above, the last two for the undo | |
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
/// # use trade::{Order, PlaceOrder, Refused};
/// use reliability::distributed::transaction::saga::{End, Sagas, Why};
/// # use reliability::journal::Journal;
///
/// // #[step(saga = Ship, input = parcel, output = label, refused = not_shipped,
/// //     needs(Reserved), undo = fetch_back)]
/// // Shipped(String),
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
/// let to = |to: &str| Order { article: "tea".into(), to: to.into() };
///
/// let ada = sagas.start::<PlaceOrder>("1", to("Ada")).await?;
/// let End::Completed(done) = ada.ended().await? else { panic!("it went back") };
/// assert_eq!(done.shipped, "tour 3, shelf 7, to Ada");
///
/// let far = sagas.start::<PlaceOrder>("2", to("the moon")).await?;
/// let End::RolledBack(Why::Rejected { step, refusal }) = far.ended().await? else { panic!() };
/// assert_eq!((step.as_str(), refusal), ("Shipped", Refused::NotShipped));
/// # Ok(())
/// # }
/// ```
///
/// # What it writes
///
/// Beside the enum, an implementation of [`Saga`](trait@Saga); a struct `PlaceOrderDone` with the
/// outputs of all steps, named after them in `snake_case`; and a module `place_order` with a type for
/// each step, by which a test [walks](walk) through the saga without an engine, from
/// `PlaceOrder::begin(input)` on.
///
/// # Features
///
/// It is there with `macros` and `saga`.
#[cfg(feature = "macros")]
pub use reliability_macros::saga;
