#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by panicking that it failed"
)]

mod account;
mod commands;
mod crashes;
mod doubtful;
mod outbox;
mod projections;
mod snapshots;
