#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod inbox;
mod lease;
mod names;
mod order;
mod schedules;
mod starters;
mod whole;
