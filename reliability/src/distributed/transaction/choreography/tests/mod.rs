#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod inbox;
mod order;
mod schedules;
mod whole;
