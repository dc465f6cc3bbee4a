#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by panicking that it failed"
)]

mod barriers;
mod engine;
mod hard;
mod machine;
mod retention;
mod stuck;
