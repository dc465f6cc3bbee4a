//! One call for all who ask for the same thing at the same time.
//!
//! When a popular entry of a cache expires, everybody who wants it misses at once, and all of them
//! ask the dependency: a hundred calls for one answer, just when the dependency is slow. In a single
//! flight the first caller *leads* and does the work, and all who ask for the same key meanwhile
//! *follow*: they wait, and get a clone of its answer.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use reliability::resilience::single_flight::SingleFlight;
//!
//! let rates: SingleFlight<String, u32> = SingleFlight::new();
//!
//! let ask = || rates.run("EUR", async { 108 });
//! let (one, other) = tokio::join!(ask(), ask());
//! assert_eq!((one, other), (108, 108));
//! # }
//! ```
//!
//! # Why the leader may go, and nobody is lost
//!
//! The leader is an ordinary call, with a caller of its own: it may be dropped because that caller
//! hung up, and it may panic. Where the followers wait for *the leader's* future, they then fail for
//! a reason that is none of theirs. Here they wait for *their turn*: when a leader goes, the one that
//! has waited for longest leads, with its own work. So a flight is over when somebody has the answer,
//! or nobody wants it any more. And it needs no task of its own, so the work may borrow.
//!
//! # Guarantees
//!
//! - For one key, at most one caller does its work at a time.
//! - Whoever follows gets an answer that came after it asked, or leads itself.
//! - First come, first promoted.
//! - A flight is forgotten when its last caller goes, so there are never more of them than callers.
//!
//! A `Cache` keeps the answers for those who come later. The interleavings of
//! leaders and followers that go are model-checked with loom.

mod flights;
mod handle;
mod seat;
mod waiting;

#[cfg_attr(not(feature = "cache"), allow(unused_imports, reason = "only the cache uses it"))]
pub(crate) use flights::join_first;
pub(crate) use flights::{Field, Flights, Joined, Shard, join};
pub use handle::{Run, SingleFlight};
pub(crate) use seat::{Follower, Lead, Turn};

#[cfg(all(test, reliability_loom))]
mod loom_tests;
#[cfg(test)]
mod table;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
