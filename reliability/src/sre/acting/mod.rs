//! What acts on promises: the watch that looks at them, whom it tells, what it keeps on disk, and the
//! gate that asks before a release.

mod decision;
mod events;
mod gate;
mod notify;
mod reaction;
mod state;
mod watch;
#[cfg(feature = "reqwest")]
mod webhook;

pub use decision::{Decision, DecisionKind};
pub use gate::{Gate, GateAnswer, gate};
pub use notify::{Console, Notify};
pub use state::StateError;
pub use watch::{Watch, WatchBuilder};
#[cfg(feature = "reqwest")]
pub use webhook::Webhook;
