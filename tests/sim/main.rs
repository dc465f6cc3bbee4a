//! Protocols in worlds that are made up from a seed: thousands of schedules of lost, doubled and
//! late messages, partitions, and crashes between any two things that a process does.
//!
//! All schedules of a protocol are tried by one test. When one is wrong, it is printed with all that
//! happened in it, and with the command that repeats it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of it is tests")]

mod choreography;
mod disk;
mod outside;
mod saga;
mod sites;
mod tcc;
mod three_phase;
mod two_phase;

use reliability::distributed::sim::{Explored, Schedule, Violation, explore};

/// The only schedule that is tried.
const SEED: &str = "RELIABILITY_SIM_SEED";
/// How many times as many schedules are tried.
const TIMES: &str = "RELIABILITY_SIM_TIMES";

/// How many schedules of each protocol must be right, whenever the tests run.
mod right {
    pub(crate) const CHOREOGRAPHY: u64 = 2_000;
    pub(crate) const NESTED: u64 = 2_000;
    pub(crate) const SAGA: u64 = 2_500;
    pub(crate) const SITES: u64 = 2_000;
    pub(crate) const TWO_PHASE: u64 = 6_000;
    /// With deaths, and as many with crashes.
    pub(crate) const THREE_PHASE: u64 = 4_000;
    /// With each of four kinds of faults.
    pub(crate) const TCC: u64 = 1_500;
}

#[test]
fn more_than_ten_thousand_schedules_are_tried() {
    let all = [
        ("choreography", right::CHOREOGRAPHY),
        ("nested", right::NESTED),
        ("saga", right::SAGA),
        ("sites", right::SITES),
        ("two_phase", right::TWO_PHASE),
        ("three_phase", 2 * right::THREE_PHASE),
        ("tcc", 4 * right::TCC),
    ];
    println!("schedules that must be right: {all:?}");
    assert!(all.iter().all(|(_, count)| *count >= 2_000));
    assert!(all.iter().map(|(_, count)| count).sum::<u64>() >= 20_000);
}

/// Tries so many schedules, or the one that the environment names.
fn schedules(count: u64, run: impl Fn(Schedule) -> Result<(), Violation>) -> Explored {
    let number = |name| std::env::var(name).ok().map(|it| it.parse::<u64>().unwrap());
    match number(SEED) {
        Some(seed) => explore(seed..seed + 1, run),
        None => explore(0..count * number(TIMES).unwrap_or(1), run),
    }
}

/// One thread, whose time goes by when all wait.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// What has happened in a schedule, and how it has ended or what is wrong.
type Played<T> = (Vec<String>, Result<T, String>);

/// Plays schedules twice: what went wrong in one of them must go wrong again in the same way.
#[track_caller]
fn replays<T: PartialEq + std::fmt::Debug>(played: impl Fn(u64) -> Played<T>) {
    for seed in 0..60 {
        let ((first, end), (again, other_end)) = (played(seed), played(seed));
        let differs = first.iter().zip(&again).position(|(one, other)| one != other);
        let at = differs.unwrap_or(first.len().min(again.len()));
        assert_eq!(
            (first.get(at), first.len(), end),
            (again.get(at), again.len(), other_end),
            "schedule {seed} differs at {at}, behind {:?}",
            &first[at.saturating_sub(5)..at],
        );
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
