//! The package of the integration tests; see `it/`. What several test programs share is here.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of it is for tests")]

mod guarded;
pub mod nats;
pub mod postgres;
pub mod rabbitmq;
