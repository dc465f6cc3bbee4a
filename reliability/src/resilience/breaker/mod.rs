//! Stop calling what does not answer, and notice when it does again.

mod builder;
mod circuit;
mod engine;
mod handle;
mod live;
mod orders;
mod permit;
mod settings;
mod snapshot;
mod state;
mod window;

pub use builder::Builder;
pub use handle::Breaker;
pub use permit::{OwnedPermit, Permit};
pub use settings::Settings;
pub use snapshot::{Probes, Snapshot};
pub use state::State;
pub use window::{Counts, Window};

#[cfg(all(test, reliability_loom))]
mod loom_tests;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
