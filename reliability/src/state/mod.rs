//! The state kernel: one enum declares a machine, and what it does not declare does not happen.
//!
//! A breaker, a saga, a participant in two-phase commit, a Raft role: whatever has a lifecycle is
//! here one enum, its transitions written on its variants.
//!
//! ```text
//!                      open(now)
//!            +--------+ -------------> +------------------+
//!     o----> | Closed |                | Open { since }   |
//!            +--------+ <------------- +------------------+
//!              |    ^       close
//!         lock |    | unlock
//!              v    |
//!            +==================+
//!            | Locked { code }  |      doubly framed: it may end here
//!            +==================+
//! ```
//!
//! ```
//! use reliability::state::StateMachine;
//!
//! #[derive(StateMachine)]
//! #[machine(name = "door", derive(Debug, Clone))]
//! pub enum Door {
//!     #[state(initial, to(Open, Locked))]
//!     Closed,
//!     #[state(to(Closed))]
//!     Open { since: u64 },
//!     #[state(to(Closed), final)]
//!     Locked { code: u32 },
//! }
//!
//! // What makes sense in one state only, is there in that state only.
//! impl door::Typed<door::Locked> {
//!     fn unlock(self, code: u32) -> Result<door::Typed<door::Closed>, Self> {
//!         if code == self.state().code { Ok(self.go(door::Closed)) } else { Err(self) }
//!     }
//! }
//!
//! let locked = door::Typed::new(door::Closed).go(door::Locked { code: 42 });
//! let locked = locked.unlock(1).unwrap_err();
//! let closed = locked.unlock(42).unwrap();
//! // `closed.unlock(42)` does not compile, and neither does `closed.go(door::Closed)`:
//! // "`Closed` cannot go to `Closed`", and the list of what is declared.
//! # drop(closed);
//! ```
//!
//! # Why not an enum and a `match`
//!
//! An enum with a `match` in every method says what happens in each state, and nowhere which state
//! may follow which: that rule is spread over all the methods, and a wrong assignment is as easy
//! to write as a right one. A struct with flags is worse, because it has states that nobody meant.
//! The usual cure, a struct with a type parameter for the state, has the compiler keep the rule,
//! but then the state must be known where the code is written, and it rarely is where a request,
//! a file or another machine decides.
//!
//! So the derive gives three views of one declaration, and each has its place:
//!
//! | who knows the state | what to hold | a wrong step |
//! |---|---|---|
//! | the code, where it is written | `door::Typed<door::Open>`, and its `go` | does not compile |
//! | the program, while it runs | the enum itself, and `Door::try_go` | is [`Refused`], and loses nothing |
//! | several threads at once | [`AtomicMachine`], and its `transition` | does not compile; a lost race says what won |
//!
//! Each state owns its data: what `Open` knows cannot be asked of `Closed`, because it is not
//! there. They turn into each other: a state's struct and a `Typed` into the enum by `From`, and
//! back by `TryFrom`, which returns the enum when it was in another state.
//!
//! The declaration is data as well ([`Machine::TRANSITIONS`], `Door::mermaid()`, `Door::dot()`), is
//! drawn in the documentation of the enum, and can be walked in a test ([`check`]).
//!
//! # Limits
//!
//! `Typed` is about transitions, not about secrets: who can name a state's struct can make one, and
//! the enum can be assigned. Keep the enum in a module of its own, with the methods that decide, to
//! let nobody else decide.

mod atomic_machine;
mod check;
mod diagram;
#[cfg(all(test, reliability_loom, feature = "resilience"))]
mod loom_tests;
mod machine;
pub(crate) mod packed;
mod refused;
mod snapshot;
#[cfg(all(test, not(reliability_loom), feature = "macros"))]
mod tests;
mod transition;
mod typed;

pub use atomic_machine::AtomicMachine;
pub use check::{Mismatch, check};
pub use machine::{Machine, PackedMachine};
pub use packed::Packed;
pub use refused::Refused;
pub use snapshot::Snapshot;
pub use transition::{ReachableFrom, Transition};
pub use typed::{Initial, State};

/// Makes a state machine of an enum: a type per state, and transitions that compile only where
/// they are declared.
///
/// # What is written
///
/// ```
/// use reliability::state::{StateMachine, Transition};
///
/// #[derive(Debug, PartialEq, StateMachine)]
/// #[machine(name = "order", derive(Debug, PartialEq))]
/// enum Order {
///     #[state(initial, to(Paid, Cancelled))]
///     Placed { sku: String },
///     #[state(to(Shipped))]
///     Paid(u32),
///     #[state(final)]
///     Shipped,
///     #[state(final)]
///     Cancelled,
/// }
///
/// // In `mod order`: a struct for each state, of the shape of its variant,
/// let placed = order::Placed { sku: "A-1".to_owned() };
/// // and `Typed<S, Shared = ()>`, which begins in the initial state, holds what all states share,
/// let order = order::Typed::new(placed).with("customer 7");
/// // and goes along declared transitions only, whereby it consumes the state before.
/// let order = order.go(order::Paid(990));
/// assert_eq!(order.state(), &order::Paid(990));
/// let (paid, shared) = order.go(order::Shipped).into_parts();
/// assert_eq!(shared, "customer 7");
///
/// // On the enum: conversions from and to the structs,
/// let mut order = Order::from(paid);
/// assert_eq!(order::Paid::try_from(order), Err(Order::Shipped));
/// // the same transitions at run time, where what is refused is handed back,
/// order = Order::Placed { sku: "A-2".to_owned() };
/// let refused = order.try_go(Order::Shipped).unwrap_err();
/// assert_eq!(refused.to_string(), "order cannot go from `Placed` to `Shipped`; declared: `Paid`, `Cancelled`");
/// assert_eq!(refused.next, Order::Shipped);
/// // and the declaration as data and as diagrams.
/// assert_eq!(Order::TRANSITIONS[0], Transition { from: "Placed", to: "Paid" });
/// assert!(Order::mermaid().contains("Placed --> Paid"));
/// assert!(Order::dot().contains("Placed -> Paid;"));
/// ```
///
/// The module, the structs and their fields are visible where the enum is; documentation on
/// variants and fields is kept. The fields of `Typed`, `state` and `shared`, are for the module of
/// the enum, which writes the methods of each state; everybody else has the accessors.
///
/// # On the enum: `#[machine(..)]`
///
/// - `name = "door"`: the name of the module, and of the machine in telemetry. Required.
/// - `derive(Debug, Clone)`: derives for the states' structs. `Typed` gets them too, but not `Copy`,
///   because a transition consumes, and not `Default`, because a machine begins in its initial
///   state.
/// - `atomic`: the machine fits into an [`AtomicMachine`]. The data of each state must be
///   [`Packed`], and there are at most 16 states.
/// - `crate = ::some::path`: where this crate is found, when it is re-exported.
///
/// # On each variant: `#[state(..)]`
///
/// - `initial`: the machine begins here. Exactly one.
/// - `to(Open, Locked)`: the states that may follow. The state itself may be among them.
/// - `final`: the machine may end here, so a way out is not required.
///
/// # What is checked
///
/// That there is one initial state, that every state can be reached from it, that every state that
/// is not `final` leads to another, and that all names are right. All mistakes are reported at
/// once, each where it stands:
///
/// ```text
/// error: `Locked` can never be reached from `Closed`: add `Locked` to the `to(..)` of a state that leads here, or remove it
///   --> src/door.rs:12:5
///    |
/// 12 |     Locked { code: u32 },
///    |     ^^^^^^
/// ```
///
/// A transition that is not declared does not compile:
///
/// ```compile_fail,E0277
/// # use reliability::state::StateMachine;
/// # #[derive(StateMachine)]
/// # #[machine(name = "door")]
/// # enum Door {
/// #     #[state(initial, to(Open, Locked))]
/// #     Closed,
/// #     #[state(to(Closed))]
/// #     Open,
/// #     #[state(to(Closed), final)]
/// #     Locked,
/// # }
/// let open = door::Typed::new(door::Closed).go(door::Open);
/// open.go(door::Locked); // `Open` cannot go to `Locked`
/// ```
///
/// # Generics
///
/// Each state has the part of the enum's generics that its data uses, so a state without data has
/// none:
///
/// ```
/// use reliability::state::StateMachine;
///
/// #[derive(StateMachine)]
/// #[machine(name = "job")]
/// enum Job<'a, T: Clone> {
///     #[state(initial, to(Running))]
///     Waiting,
///     #[state(to(Done))]
///     Running { input: &'a T },
///     #[state(final)]
///     Done(T),
/// }
///
/// let running: job::Typed<job::Running<'_, u8>> =
///     job::Typed::new(job::Waiting).go(job::Running { input: &3 });
/// let output = running.state().input.clone();
/// let done: Job<'_, u8> = running.go(job::Done(output)).into();
/// # drop(done);
/// ```
///
/// # Inside a function
///
/// It works there too, when the types of the data come from outside of the function: the structs
/// stand in a module, and no module sees into a function.
#[cfg(feature = "macros")]
pub use reliability_derive::StateMachine;

/// Packs a struct, or an enum without data, into at most 32 bits.
///
/// The fields of a struct stand side by side, the first in the lowest bits; each must be `Packed`
/// itself. Of an enum it is the position of the variant. More than 32 bits are a compile error.
///
/// # Examples
///
/// ```
/// use reliability::state::Packed;
///
/// #[derive(Debug, Clone, Copy, PartialEq, Packed)]
/// enum Mode {
///     Off,
///     On,
///     Auto,
/// }
///
/// #[derive(Debug, Clone, Copy, PartialEq, Packed)]
/// struct Setting {
///     mode: Mode,
///     level: u8,
/// }
///
/// assert_eq!(Setting::BITS, 10);
/// let setting = Setting { mode: Mode::Auto, level: 3 };
/// assert_eq!(setting.to_bits(), 0b11_10);
/// assert_eq!(Setting::from_bits(0b11_10), setting);
/// ```
///
/// `#[packed(crate = ::some::path)]` says where this crate is found, when it is re-exported.
#[cfg(feature = "macros")]
pub use reliability_derive::Packed;
