//! What a file with protected functions needs: `use reliability::prelude::*;`.

pub use crate::error::{Class, Fault, Rejected, ResultExt};
#[cfg(all(feature = "macros", feature = "resilience", feature = "std"))]
pub use crate::resilience::resilient;
#[cfg(all(feature = "macros", feature = "sre"))]
pub use crate::sre::slo;
#[cfg(feature = "macros")]
pub use crate::state::StateMachine;
#[cfg(all(feature = "macros", feature = "std", feature = "telemetry"))]
pub use crate::telemetry::traced;
