//! Parsing, checking and expansion of the macros of the `reliability` crate.
//!
//! An ordinary library, because two proc-macro crates can share code only through a third, and
//! because its functions take and return `proc_macro2` tokens and so can be tested.
//!
//! Every macro is one function from tokens to tokens. It never fails: its errors are
//! `compile_error!` items among the tokens it returns, all of them, each on the token that is
//! wrong ([`Diagnostics`]).

mod body;
pub mod choreography;
mod crate_path;
pub mod derive;
mod diagnostics;
mod dump;
mod item;
mod literal;
mod meant;
mod options;
mod params;
pub mod resilient;
pub mod saga;
mod settings;
pub mod slo;
mod stack;
pub mod traced;

pub use crate_path::CratePath;
pub use diagnostics::{Diagnostics, did_you_mean, list_in_words};
pub use dump::{dump, pretty};
pub use options::{Choice, Value};
