//! What expansions may name. Not for people: it changes without notice.

pub use alloc::string::String;
pub use core;
pub use core::time::Duration;

#[cfg(all(feature = "std", feature = "resilience"))]
pub use inventory;
#[cfg(feature = "telemetry")]
pub use tracing;

#[cfg(all(feature = "std", feature = "resilience"))]
pub use crate::resilience::keyed::Keyed;
#[cfg(all(feature = "std", feature = "resilience"))]
pub use crate::resilience::registry::{Declaration, Declared, Registered, Site};
