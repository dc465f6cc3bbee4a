//! Protocols in worlds that are made up from a seed: thousands of schedules of lost, doubled and
//! late messages, partitions, and crashes between any two things that a process does.
//!
//! All schedules of a protocol are tried by one test. When one is wrong, it is printed with all that
//! happened in it, and with the command that repeats it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of it is tests")]

mod saga;
mod three_phase;
mod two_phase;

use reliability::distributed::sim::{Explored, Schedule, Violation, explore};

/// The only schedule that is tried.
const SEED: &str = "RELIABILITY_SIM_SEED";
/// How many times as many schedules are tried.
const TIMES: &str = "RELIABILITY_SIM_TIMES";

/// Tries so many schedules, or the one that the environment names.
fn schedules(count: u64, run: impl Fn(Schedule) -> Result<(), Violation>) -> Explored {
    let number = |name| std::env::var(name).ok().map(|it| it.parse::<u64>().unwrap());
    match number(SEED) {
        Some(seed) => explore(seed..seed + 1, run),
        None => explore(0..count * number(TIMES).unwrap_or(1), run),
    }
}

/// Fails, with the command that repeats what was found.
#[track_caller]
fn none(explored: Explored, test: &str) {
    let command = format!("{SEED}={{seed}} cargo test -p reliability-tests --test sim {test}");
    if let Err(told) = explored.none(&command) {
        panic!("\n{told}\n");
    }
}
