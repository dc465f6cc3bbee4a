//! What the stores in a file share: one thread that writes, and one that reads.
//!
//! Why threads of our own: a commit waits for the disk, and whatever comes meanwhile goes into the
//! next one together. So sixty writers cost hardly more than one, and nobody's runtime is blocked.
//!
//! ```text
//!   append, claim, ..                  queue, bounded               the thread that writes
//!   ------------------> [ call ] [ call ] [ call ] [ call ] ----> one transaction:
//!         ^                                                         each call by itself: done,
//!         |                                                           or refused and without a trace
//!         |                     the answers                         one commit
//!         +------------------------------------------------------   all are answered
//! ```
//!
//! A store brings an [`Engine`]: how a transaction is begun and ended, and what is written in it.

mod call;
mod engine;
mod place;
mod reader;
mod settings;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
mod threads;
mod writer;

pub(super) use engine::{Engine, Failed, Outcome, Work, Writing};
pub(super) use place::check_place;
pub(super) use settings::Settings;
pub(super) use threads::Threads;
#[cfg(all(test, feature = "sqlite", not(reliability_loom)))]
pub(super) use {call::Call, call::Write, writer::write};
