#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod order;
mod schedules;
mod whole;
