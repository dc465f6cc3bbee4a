//! Two-phase commit.

pub mod core;
