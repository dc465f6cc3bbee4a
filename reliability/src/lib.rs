//! Reliability that is declared on a function, checked by the compiler, and visible from outside.
#![cfg_attr(not(feature = "std"), no_std)]
extern crate alloc;
extern crate self as reliability;

pub mod error;
pub mod state;
pub mod sync;
pub mod time;
