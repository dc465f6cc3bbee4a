//! What expansions may name. Not for people: it changes without notice.

pub use alloc::string::String;
