//! The attributes of the `reliability` crate, documented where that crate re-exports them.
