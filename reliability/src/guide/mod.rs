//! Long chapters: read them when you need them.
//!
//! 1. [`policies`]: what each layer is for, what it does unless told otherwise, and why.
//! 2. [`watching`]: what the policies have counted, and how to read it.
//! 3. [`by_hand`]: policies without macros, for when you need to know, or to do something else.

#[doc = include_str!("policies.md")]
pub mod policies {}

#[doc = include_str!("watching.md")]
pub mod watching {}

#[doc = include_str!("by_hand.md")]
pub mod by_hand {}
