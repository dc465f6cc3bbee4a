//! A saga step by step, with its types: what its steps are, and a walk through them by hand.
//!
//! `#[saga]` writes a type for each step, in a module named after the enum, and says of each what it
//! takes and what it comes to ([`TypedStep`], [`Run`], [`Undo`], [`Probe`]). The engine calls them
//! through a table ([`Calls`]). A unit test goes from one to the next itself, without an engine and
//! without a journal: [`At`] is where it stands, and its type says what is done so far. So a step
//! cannot be skipped, an output that is not there yet cannot be read, and behind the pivot there is
//! no way back.
//!
//! See [`At`] for an example.

mod at;
mod calls;
mod done;
mod needs;
mod nested;
mod step;

pub use at::{At, Finish, Rollback, Walked};
pub use calls::Calls;
pub use done::{Did, Has, HasAll, Here, Nil, There, Unwind};
pub use needs::Needs;
pub use nested::{CannotRefuse, Nested, Refusable};
pub use step::{Ends, MayRefuse, MustSucceed, Probe, Run, TypedStep, Undo};
