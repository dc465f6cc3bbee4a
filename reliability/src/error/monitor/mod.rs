//! What goes wrong here, how often, and since when: errors in groups, in bounded memory.
//!
//! A log answers what happened at 3:14; nobody can read in it that one error of last week's release
//! makes up 90 % of the failures since noon. An [`ErrorMonitor`] keeps a group for each kind of
//! error: how often, since when, how fast lately, how bad, and one example with all that led to it.
//!
//! ```
//! use reliability::error::{ErrorMonitor, ResultExt};
//!
//! let errors = ErrorMonitor::standard("import");
//! for line in ["7", "seven", "8", "eight"] {
//!     let parsed = line.parse::<u32>().context("reading the amount");
//!     let _ = errors.watch(parsed);
//! }
//!
//! let now = errors.snapshot();
//! assert_eq!(now.groups.len(), 1);
//! assert_eq!(now.groups[0].count, 2);
//! assert_eq!(now.groups[0].example, "reading the amount: invalid digit found in string");
//! ```
//!
//! # What is one kind
//!
//! Errors are of one kind when they have the same [`Fingerprint`]: that of the type and the *shape*
//! of the whole message, in which everything is masked that differs from one occurrence to the next:
//! numbers, ids, addresses, and what is quoted ([`shape`] shows it). An error that knows better says
//! so by [`Fault::fingerprint`](super::Fault::fingerprint). A fingerprint is the same in every process
//! and every build, so that it can be looked up.
//!
//! # Defaults, and why
//!
//! | setting | default | why |
//! |---|---|---|
//! | [`capacity`](MonitorBuilder::capacity) | 128 groups | more kinds than anybody reads; about 100 KiB when all are in use |
//! | example | the first 1024 bytes | a chain of causes fits, a page of HTML does not |
//! | shape | of the first 512 bytes | what tells errors apart stands in front |
//!
//! # Guarantees
//!
//! - **Bounded.** At most `capacity` groups, each of bounded size, whatever the messages are. When all
//!   are in use, a new kind takes the place of the one that was seen least, and of those the mildest,
//!   and of those the one not seen for longest. It takes over that one's count, which it tells as
//!   [`overcount`](ErrorGroup::overcount): the true count is between `count - overcount` and `count`.
//!   No kind that makes up more than one in `capacity` of all errors is ever without a group.
//!   (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data
//!   streams", ICDT 2005, theorem 2.)
//! - **Off the path that succeeds.** Recording formats the message onto the stack and takes a lock for
//!   as long as it takes to find the group and count; it allocates for new groups only.
//! - **Harmless.** An error whose formatting panics, or never ends, is recorded as such, cut short.

mod builder;
mod fingerprint;
mod groups;
mod handle;
mod rate;
mod shape;
mod snapshot;
mod text;

pub use builder::MonitorBuilder;
pub use fingerprint::Fingerprint;
pub(crate) use handle::describe;
pub use handle::{ErrorMonitor, Settings, monitors};
pub use shape::shape;
pub use snapshot::{ErrorGroup, Snapshot};

#[cfg(all(test, not(reliability_loom)))]
mod tests;
