//! A network, disks and crashes that are made up from a seed, to drive protocols by.
//!
//! A protocol that is right in nine hundred and ninety-nine orders of events is wrong, and no test
//! with real processes comes by the last one. Here, processes are [`Node`]s: they are told what has
//! happened, and say what to do. The [`World`] between them loses, doubles and reorders messages,
//! cuts the network in two, and kills a node between any two things that it does, with what it was
//! just writing lost or not. All of it follows from one number, so that what went wrong once goes
//! wrong again.
//!
//! ```
//! use reliability::distributed::sim::{Effect, Faults, Node, Schedule, World};
//! use reliability::time::Instant;
//!
//! /// Sends its number to the other one, and keeps the largest that it has heard of.
//! struct Largest(usize, usize);
//!
//! impl Node for Largest {
//!     type Message = usize;
//!     type Record = usize;
//!
//!     fn start(&mut self, _: Instant, disk: &[usize]) -> Vec<Effect<usize, usize>> {
//!         self.1 = disk.iter().copied().max().unwrap_or(self.0);
//!         vec![Effect::Send { to: 1 - self.0, message: self.1 }]
//!     }
//!
//!     fn receive(&mut self, _: Instant, _: usize, message: usize) -> Vec<Effect<usize, usize>> {
//!         vec![Effect::Write(message)]
//!     }
//!
//!     fn written(&mut self, _: Instant, record: usize) -> Vec<Effect<usize, usize>> {
//!         self.1 = self.1.max(record);
//!         vec![]
//!     }
//! }
//!
//! let schedule = Schedule::of(42);
//! let mut world = World::new(schedule, Faults::crashes(), 2, |index| Largest(index, index));
//! world.run(|world| match world.disk(0).contains(&7) {
//!     true => Err("a number out of nowhere".into()),
//!     false => Ok(()),
//! })?;
//! # Ok::<(), reliability::distributed::sim::Violation>(())
//! ```
//!
//! What is made up is kinder than the world in two ways: a disk forgets nothing that it has
//! acknowledged, and every clock goes at the same rate.

mod explore;
mod faults;
mod node;
mod random;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
mod world;

pub use explore::{Explored, Schedule, Violation, explore};
pub use faults::Faults;
pub use node::{Effect, Node};
pub use random::Random;
pub use world::World;
