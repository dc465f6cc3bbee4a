//! Reliability that is declared on a function, checked by the compiler, and visible from outside.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
// So that the macros work in this crate's own modules, tests and examples.
extern crate self as reliability;

#[doc(hidden)]
pub mod __private;
pub mod error;
#[cfg(all(doc, feature = "macros", feature = "resilience", feature = "telemetry"))]
pub mod guide;
#[cfg(feature = "resilience")]
pub mod resilience;
pub mod state;
pub mod sync;
#[cfg(feature = "telemetry")]
pub mod telemetry;
pub mod time;
