//! What benches and tests of this package share: polling by hand, threads that work on one object
//! together, and the function with the whole stack around it.
//!
//! ```no_run
//! use reliability_benches::{now_or_panic, together};
//!
//! assert_eq!(now_or_panic(async { 7 }), 7);
//! let wall = together(2, 1_000, &|| || std::hint::black_box(7));
//! assert!(!wall.is_zero());
//! ```

mod poll;
pub mod single;
pub mod stack;
mod together;

pub use poll::{now_or_panic, poll_once, spin};
pub use together::together;
