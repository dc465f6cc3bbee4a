//! Answers for those who ask again.
//!
//! A dependency that is asked the same thing a thousand times a second gives the same answer a
//! thousand times. A cache asks it once in a while, and it has three more things to say when that is
//! not enough: who asks when a popular answer is gone (one caller, not all), what is said while a new
//! answer is on its way (the old one), and what is said when there is none (the old one, for a while).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::cache::Cache;
//!
//! let prices = Cache::builder("price")
//!     .ttl(Duration::from_secs(30))
//!     .stale(Duration::from_secs(300))
//!     .build()?;
//!
//! let price: u32 = prices.get_or("tea", || async { Ok::<_, Rejected>(299) }).await?;
//! assert_eq!(price, 299);
//! # Ok(())
//! # }
//! ```
//!
//! # The life of an entry
//!
//! ```text
//!        the work succeeds                                       the work succeeds
//!   ┌────────────────────────────┐   ┌───────────────────────────────────────────────────────┐
//!   │                            ▼   ▼                                                       │
//! ┌───────────┐  ttl over   ┌─────────┐                                                      │
//! │   stale   │ ◀────────── │  fresh  │ ◀── the work fails, and the error is kept (negative) │
//! │ all hit,  │             │ all hit │ ─── an error that is kept: its own ttl is over ──┐   │
//! │ and one   │             └─────────┘                                                  ▼   │
//! │ refreshes │                                                                   ┌────────────┐
//! │           │ ── stale over, or the work ends in a permanent error ───────────▶ │    gone    │
//! │           │ ──┐                                                               │  one does  │
//! └───────────┘   │ the work fails: answered by the stale value,                  │  the work, │
//!        ▲        │ and left alone for refresh_pause                              │  all wait  │
//!        └────────┘                                                               └────────────┘
//! ```
//!
//! # Who does the work
//!
//! One caller for a key at a time, the *leader*; those who find nothing meanwhile *follow*, and get
//! its answer (see [`single_flight`](super::single_flight)). When the leader is dropped or panics,
//! the follower that has waited for longest leads, with its own work.
//!
//! | what came of the leader's work | its caller gets | those who wait get |
//! |---|---|---|
//! | a value | the value | the value |
//! | an error, and errors are [shared](Sharing::errors) | the error | the error |
//! | an error of a type that cannot be cloned | the error | their turn, one after the other |
//! | a refusal: breaker open, timed out, .. | the refusal | the same refusal |
//! | its deadline has passed | the refusal | their turn: they may have more time |
//! | an error that is cancelled, a drop, a panic | | their turn |
//! | any of these but a value, cancelled or a permanent error, and there is a stale value | the stale value | the stale value |
//!
//! Why not let all of them work when a leader fails: then a hundred calls would hit a dependency in
//! the moment in which it is known to have trouble. One at a time is bounded; and so is the wait, by
//! [`wait`](Settings::wait) and by each caller's own deadline, so nobody sits through one failing
//! leader after the other.
//!
//! # Which errors end a stale value
//!
//! Those after which the dependency has *done its work*: what a breaker counts as a success, such as
//! a permanent "no such article". Then the old answer is known to be wrong. After all others it is
//! still the best there is.
//!
//! # Defaults, and why
//!
//! | setting | default | why |
//! |---|---|---|
//! | [`ttl`](CacheBuilder::ttl) | 30 s | takes nearly all load off a dependency that is asked often, and is soon over when it is wrong |
//! | [`stale`](CacheBuilder::stale) | none | only the owner of the data knows whether an old answer is honest |
//! | [`negative`](Settings::negative) | none | an unknown record may be known in a moment |
//! | [`capacity`](CacheBuilder::capacity) | 10,000 | a few megabytes for small answers; measure yours and set it |
//! | [`wait`](CacheBuilder::wait) | 10 s | longer than calls should take: it ends only waits that no deadline ends |
//! | [`refresh_pause`](CacheBuilder::refresh_pause) | 1 s | a dependency in trouble costs one caller a second its patience |
//!
//! # Where the answers are
//!
//! In `moka`, all but those that are used now. Those have places in front of it, a quarter of the
//! capacity, eight for each set of keys: a look at a place costs less than half of one into moka, and
//! an answer that is put there a fraction of one that moka takes. When a place is wanted, the answer in
//! it goes to moka if anybody asked for it, or asked for the key not long ago, or moka has room; else
//! it is forgotten. So what nobody asks for again costs next to nothing. Where values are weighed, and
//! where the capacity is below four, moka has all of it, and TinyLFU decides what stays.
//!
//! # Guarantees
//!
//! - Never more entries, or weight, than `capacity`, but for what is thrown out a moment later; what
//!   is used often stays, and keys that come once drive nothing out.
//! - What is fresh is decided by the cache's own [`Clock`](crate::time::Clock); a clock that jumps
//!   back makes nothing older.
//! - A hit allocates nothing but what the value's own `clone` does, and, where the key was not used
//!   lately, moka's bookkeeping. It neither begins nor polls the work.
//! - What was [invalidated](Cache::invalidate), or replaced, is an answer for nobody once that call
//!   has returned, on whatever thread; all that moves between places and moka is model-checked with
//!   loom. What was invalidated while it was being found out is not kept, and who asks after that
//!   gets an answer of after that.
//! - Settings can change while it works, for what is kept already.

mod asking;
mod behind;
mod builder;
mod entry;
mod events;
mod front;
mod get_or;
mod handle;
mod inner;
mod key;
mod lead;
mod look_up;
mod outside;
mod settings;
mod sharing;
mod snapshot;
mod store;
mod tags;

pub(in crate::resilience) use asking::Asking;
pub use asking::Found;
pub use builder::CacheBuilder;
pub use entry::Value;
pub use handle::Cache;
pub use key::Key;
pub use lead::Lead;
pub use look_up::LookUp;
pub use settings::{Negative, Settings};
pub use sharing::Sharing;

// The same with and without the feature: what a policy's snapshot holds.
#[cfg(not(feature = "telemetry"))]
#[path = "../../telemetry/cache.rs"]
mod counted;
#[cfg(not(feature = "telemetry"))]
pub use counted::CacheSnapshot as Snapshot;

#[cfg(feature = "telemetry")]
#[doc(no_inline)]
pub use crate::telemetry::CacheSnapshot as Snapshot;

#[cfg(all(test, reliability_loom))]
mod loom_tests;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
