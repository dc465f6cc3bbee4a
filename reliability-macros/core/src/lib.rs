//! Parsing, checking and expansion of the macros of the `reliability` crate.
//!
//! An ordinary library, because two proc-macro crates can share code only through a third, and
//! because its functions take and return `proc_macro2` tokens and so can be tested.
