//! At most so many calls at a time, so that one slow dependency cannot take all there is.
//!
//! When a dependency that answers in 20 ms begins to take 20 s, a thousand times as many calls to it
//! are in flight, and with them connections, memory and the callers' patience - also of those who
//! never needed it. A bulkhead is the wall that keeps the water in one compartment: at most
//! `concurrent` calls are inside, at most `queue` wait for at most `wait`, and everybody else is told
//! at once.
//!
//! ```
//! use reliability::resilience::bulkhead::Bulkhead;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bulkhead = Bulkhead::builder("inventory").build()?;
//!
//! let permit = bulkhead.enter().await?;
//! // ... call the dependency ...
//! drop(permit);
//! # Ok(())
//! # }
//! ```
//!
//! # Defaults, and why
//!
//! | setting | default | why |
//! |---|---|---|
//! | [`concurrent`](BulkheadBuilder::concurrent) | 64 | 640 calls a second at 100 ms each; measure yours and set it |
//! | [`queue`](BulkheadBuilder::queue) | 128 | smooths a burst of two bulkheads' worth; a longer queue only makes stale work |
//! | [`wait`](BulkheadBuilder::wait) | 100 ms | longer than a burst, shorter than anybody's timeout |
//!
//! # Why not a semaphore
//!
//! A semaphore has no end to its queue and none to the wait, so it turns a slow dependency into a
//! slow caller: exactly what a bulkhead is to prevent. And it cannot be made smaller while in use.
//!
//! # Guarantees
//!
//! - Never more calls inside than `concurrent`, but for those that were inside when it was lowered.
//! - First come, first served: nobody, not even [`try_enter`](Bulkhead::try_enter), passes a call
//!   that waits.
//! - A permit is given back however the call ends: result, panic, or a future that is dropped. A
//!   call that is dropped while it waits leaves the queue; if a place was just granted to it, the
//!   next one gets it.
//! - No call is refused while there is room and nobody waits.
//! - What was done under the only place (`concurrent` of 1) happened before what is done under it
//!   next.
//! - Nothing is allocated per call, waiting or not. The clock is read and the timer armed only when
//!   a call waits; entering and leaving is two atomic operations on one word when none does.
//!
//! The interleavings of two and three threads are model-checked with loom, and sequences of calls
//! are compared with a naive model.

mod builder;
mod enter;
pub(super) mod gate;
mod handle;
mod permit;
mod settings;
mod shed;
pub(crate) mod ticket;

pub use builder::BulkheadBuilder;
pub use enter::{Enter, EnterOwned};
pub use handle::Bulkhead;
pub use permit::{OwnedPermit, Permit};
pub use settings::Settings;
pub use shed::Shed;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
