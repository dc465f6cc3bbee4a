//! What has happened is kept, and what is follows from it.
//!
//! An account is not a row with a balance: it is all that was deposited and withdrawn, and the
//! balance is their sum. Nothing is overwritten, so one can ask later why something is as it is, and
//! show it in ways that nobody had thought of when it happened.
//!
//! ```
//! use reliability::distributed::transaction::event_sourcing::{Aggregate, Events, Repository, given};
//! use reliability::journal::Journal;
//! use reliability::state::StateMachine;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, StateMachine, Aggregate)]
//! #[machine(name = "account", derive(Debug, PartialEq))]
//! #[aggregate(command = Command, event = AccountEvent, refuse = Refused, decide = decide)]
//! enum Account {
//!     #[state(initial, to(Open))]
//!     Unopened,
//!     #[state(to(Open, Closed))]
//!     Open { cents: u64 },
//!     #[state(final)]
//!     Closed,
//! }
//!
//! /// What can happen, in which state, and what it leads to.
//! #[derive(Debug, PartialEq, Events)]
//! #[events(kind = "account", aggregate = Account, states = account)]
//! enum AccountEvent {
//!     #[event(apply(Unopened => opened))]
//!     Opened,
//!     #[event(apply(Open => deposited), version = 2, upcast(1 => in_cents))]
//!     Deposited(Deposited),
//!     #[event(apply(Open => closed))]
//!     Closed,
//! }
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Deposited {
//!     cents: u64,
//! }
//!
//! /// Version 1 had whole euros. Without this function, version 2 would not compile.
//! fn in_cents(euros: u64) -> Deposited {
//!     Deposited { cents: euros * 100 }
//! }
//!
//! // From one state to another, along what `Account` declares:
//! fn opened(_: account::Unopened) -> account::Open {
//!     account::Open { cents: 0 }
//! }
//! fn deposited(open: account::Open, event: &Deposited) -> account::Open {
//!     account::Open { cents: open.cents + event.cents }
//! }
//! fn closed(_: account::Open) -> account::Closed {
//!     account::Closed
//! }
//!
//! enum Command {
//!     Open,
//!     Deposit(u64),
//!     Close,
//! }
//!
//! #[derive(Debug, PartialEq)]
//! enum Refused {
//!     NotNow,
//!     NotEmpty,
//! }
//!
//! fn decide(account: &Account, command: &Command) -> Result<Vec<AccountEvent>, Refused> {
//!     match (account, command) {
//!         (Account::Unopened, Command::Open) => Ok(vec![AccountEvent::Opened]),
//!         (Account::Open { .. }, Command::Deposit(cents)) => {
//!             Ok(vec![AccountEvent::Deposited(Deposited { cents: *cents })])
//!         }
//!         (Account::Open { cents: 0 }, Command::Close) => Ok(vec![AccountEvent::Closed]),
//!         (Account::Open { .. }, Command::Close) => Err(Refused::NotEmpty),
//!         _ => Err(Refused::NotNow),
//!     }
//! }
//!
//! // A test needs no journal:
//! given::<Account>([AccountEvent::Opened, AccountEvent::Deposited(Deposited { cents: 5 })])
//!     .when(&Command::Close)
//!     .then_refused(&Refused::NotEmpty);
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // And the program needs nothing else.
//! let accounts: Repository<Account> = Repository::on(&Journal::in_memory());
//! accounts.execute("4711", &Command::Open).await?;
//! accounts.execute("4711", &Command::Deposit(500)).await?;
//! // Given twice, by the same key, and carried out once:
//! accounts.execute_once("4711", "message-12", &Command::Deposit(200)).await?;
//! let executed = accounts.execute_once("4711", "message-12", &Command::Deposit(200)).await?;
//! assert!(executed.was_repeated);
//! assert_eq!(accounts.load("4711").await?.state, Account::Open { cents: 700 });
//! # Ok(())
//! # }
//! ```
//!
//! # What does not compile
//!
//! - an event that was written in version 1 and 2, and says only how version 1 is read;
//! - an event that leads to a state which its machine does not declare;
//! - an event of which nobody says what it makes of the aggregate;
//! - two events that are written under one name.
//!
//! # What is guaranteed
//!
//! - What was decided is written whole or not at all, and only behind the events on which it was
//!   decided. Who was too late decides again, a bounded number of times.
//! - What is written can be applied: a decision whose events cannot happen in that state is an
//!   error, and nothing is written. A record that no event of this program is, is an error with its
//!   place, and never skipped.
//! - A command with a key ([`execute_once`](Repository::execute_once)) is carried out once, also
//!   after an answer that was lost, and after [`JournalError::Unknown`](crate::journal::JournalError::Unknown).
//! - A snapshot is never the truth: without it, and with one of an older form, the same comes out.

mod aggregate;
mod error;
mod events;
mod execute;
mod given;
mod inbox;
mod observe;
mod outbox;
mod projection;
mod repository;
mod snapshot;
#[cfg(all(test, not(reliability_loom), feature = "macros"))]
mod tests;
mod turn;

pub use aggregate::{Aggregate, OutOfPlace};
pub use error::{CommandError, LoadError};
pub use events::{Applies, EventError, Events};
pub use execute::Executed;
pub use given::{Given, When, given};
#[cfg(feature = "sqlite")]
pub use inbox::accept_in_sqlite;
pub use inbox::{Inbox, InboxFull};
pub use outbox::{Outbox, Publisher};
pub use projection::{
    Failure, Happened, MemoryReadStore, MemoryTransaction, Overtaken, Parked, Place, Progress,
    ProgressWatch, Projection, ProjectionError, Projector, ProjectorBuilder, ReadStore,
    ReadTransaction,
};
#[cfg(feature = "postgres")]
pub use projection::{
    PostgresReadBuilder, PostgresReadError, PostgresReadStore, PostgresTransaction,
};
#[cfg(feature = "sqlite")]
pub use projection::{SqliteReadStore, SqliteTransaction};
pub use repository::{Loaded, Repository, RepositoryBuilder};
pub use snapshot::Snapshots;

/// Makes an aggregate: says where a thing begins, what it is asked to do, and how it decides.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, Aggregate)]
/// #[aggregate(
///     command = Add,
///     event = CounterEvent,
///     refuse = TooMuch,
///     decide = decide,
///     snapshot(every = 100),
/// )]
/// struct Counter {
///     sum: u32,
/// }
///
/// #[derive(Debug, PartialEq, Events)]
/// #[events(kind = "counter", aggregate = Counter)]
/// enum CounterEvent {
///     #[event(apply = added)]
///     Added(u32),
/// }
///
/// struct Add(u32);
///
/// #[derive(Debug, PartialEq)]
/// struct TooMuch;
///
/// fn decide(counter: &Counter, add: &Add) -> Result<Vec<CounterEvent>, TooMuch> {
///     counter.sum.checked_add(add.0).ok_or(TooMuch)?;
///     Ok(vec![CounterEvent::Added(add.0)])
/// }
///
/// fn added(counter: &mut Counter, by: &u32) {
///     counter.sum += by;
/// }
///
/// assert_eq!(Counter::initial().decide(&Add(3)), Ok(vec![CounterEvent::Added(3)]));
/// ```
///
/// # What is written: `#[aggregate(..)]`
///
/// - `command = Add`, `event = CounterEvent`, `refuse = TooMuch`: the types of what it is asked to
///   do, what can happen to it, and why it refuses.
/// - `decide = decide`: a `fn(&Counter, &Add) -> Result<Vec<CounterEvent>, TooMuch>`. It sees the
///   state and the command, and nothing else: no clock, no randomness. What it needs of those is in
///   the command.
/// - `initial = Counter::new`: a `fn() -> Counter`. Without it, the state that is marked
///   `#[state(initial)]` if that holds no data, and else the `Default`.
/// - `snapshot(every = 100, version = 1)`: is written down whole after so many events, if it is
///   `Serialize` and `Deserialize`. Count the version up when the form of the state changes, or what
///   events make of it: older snapshots are then not used any more.
/// - `crate = ::some::path`: where this crate is found, when it is re-exported.
#[cfg(feature = "macros")]
pub use reliability_derive::Aggregate;

/// Makes events of an enum: how each is written, how its older versions are read, and what it makes
/// of an aggregate.
///
/// A variant is an event. It carries nothing, or one payload that is `Serialize` and `Deserialize`.
///
/// # On the enum: `#[events(..)]`
///
/// - `kind = "account"`: in which streams it is kept. Required, and never changed.
/// - `aggregate = Account`: to what it happens. Each event says then what it makes of it.
/// - `states = account`: if that is a `StateMachine`, its module.
/// - `retired("NoteAdded")`: what was written once, and changes nothing any more. Everything else
///   that is no event is an error.
/// - `crate = ::some::path`: where this crate is found, when it is re-exported.
///
/// # On each variant: `#[event(..)]`
///
/// - `apply = added`: a `fn(&mut Account, &Payload)`, without the payload where there is none.
/// - `apply(Open => deposited, Frozen => kept)`: of a machine, for each state in which it can happen a
///   function `fn(account::Open, &Payload) -> account::Open` to one of the states that may follow.
/// - `version = 3`: of what its payload is today; 1 unless said otherwise.
/// - `upcast(1 => from_v1, 2 => from_v2)`: for each version before, a function from what it carried to
///   what the next one does, the last one to the payload of today. One that is missing does not
///   compile.
/// - `name = "Deposited"`: under which name it is written, if the variant has another one by now.
/// - `was("Paid")`: names under which it was written before.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::Events;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Events)]
/// #[events(kind = "parcel", retired("Weighed"))]
/// enum ParcelEvent {
///     Handed,
///     #[event(version = 3, upcast(1 => with_city, 2 => with_country), was("Moved"))]
///     Sent(Sent),
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Sent {
///     city: String,
///     country: String,
/// }
///
/// #[derive(Deserialize)]
/// struct InACity {
///     city: String,
/// }
///
/// fn with_city(city: String) -> InACity {
///     InACity { city }
/// }
///
/// fn with_country(old: InACity) -> Sent {
///     Sent { city: old.city, country: "FR".to_owned() }
/// }
///
/// let sent = ParcelEvent::Sent(Sent { city: "Oslo".to_owned(), country: "NO".to_owned() });
/// assert_eq!((sent.name(), sent.write()?.version()), ("Sent", 3));
/// # Ok::<(), reliability::journal::JournalError>(())
/// ```
///
/// A version that nothing reads:
///
/// ```compile_fail
/// # use reliability::distributed::transaction::event_sourcing::Events;
/// # fn with_city(city: String) -> String { city }
/// #[derive(Events)]
/// #[events(kind = "parcel")]
/// enum ParcelEvent {
///     #[event(version = 3, upcast(1 => with_city))]
///     Sent(String), // nothing reads version `2` of `Sent`
/// }
/// ```
#[cfg(feature = "macros")]
pub use reliability_derive::Events;
