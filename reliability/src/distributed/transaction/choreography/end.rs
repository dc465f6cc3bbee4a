//! What a transaction comes to.

use alloc::string::String;
use alloc::vec::Vec;

/// How a transaction ended.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::choreography::{End, Why};
/// # use reliability::distributed::transaction::choreography::bus::JournalBus;
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let journal = Journal::in_memory();
/// # let orders = Orders::on(&journal, JournalBus::on(&journal), (Warehouse, Card)).start().await?;
/// let End::RolledBack(Why::Refused { event, refusal }) = orders.start("order-1", 99).await?.ended().await?
/// else {
///     panic!("nobody has so much money")
/// };
/// assert_eq!((event.as_str(), refusal.as_str()), ("Charged", "no money"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End<T, R> {
    /// All events were made; these are their payloads.
    Completed(T),
    /// Whatever was done is undone.
    RolledBack(Why<R>),
    /// An [operator](super::Operator) has ended it, as it was.
    Abandoned {
        /// Who it was.
        by: String,
        /// Why.
        why: String,
    },
}

/// Why a transaction went back.
///
/// # Examples
///
/// See [`End`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why<R> {
    /// A participant has refused to make an event.
    Refused {
        /// Which event that was.
        event: String,
        /// Why.
        refusal: R,
    },
    /// Somebody has called it off.
    Cancelled {
        /// Who, and why.
        why: String,
    },
}

/// A handler that has failed too often, and waits for somebody to look at it.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// # use reliability::distributed::transaction::choreography::bus::JournalBus;
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let journal = Journal::in_memory();
/// # let orders = Orders::on(&journal, JournalBus::on(&journal), (Warehouse, Card)).start().await?;
/// orders.start("order-1", 13).await?; // of which the bank does not like the number
/// let parked = loop {
///     match orders.parked().await?.pop() {
///         Some(parked) => break parked,
///         None => tokio::task::yield_now().await,
///     }
/// };
/// assert_eq!(parked.participant, "card");
/// assert_eq!(parked.reasons[0].1, "the bank does not like this number");
/// orders.retry(&parked, "ada", "they like it now").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// Whose it is.
    pub participant: String,
    /// The transaction, as [`Handle::transaction`](super::Handle::transaction) says it.
    pub transaction: String,
    /// Why, for each of its handlers that is parked.
    pub reasons: Vec<(String, String)>,
}
