//! Agree with other processes: on what has happened, and on what happens next.

pub mod transaction;
