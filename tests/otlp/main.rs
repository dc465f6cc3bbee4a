//! What leaves the process, as receivers see it that share no line with the exporter: a decoder on
//! Google's protobuf in Python, and a collector. Each test has its own, on free ports.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of it is tests")]

mod arrival;
mod collector;
mod failures;
mod program;
mod receiver;
mod restart;
mod silence;
mod storefront;
mod telling;
