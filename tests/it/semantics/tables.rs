//! All files of tables, and what the guide says of them.

use std::collections::BTreeMap;

use super::table::{self, File};

macro_rules! files {
    ($($name:ident = $file:literal;)*) => {
        $(
            pub(super) const $name: File =
                File { name: $file, text: include_str!(concat!("tables/", $file)) };
        )*

        const ALL: &[File] = &[$($name),*];
    };
}

files! {
    CONCURRENCY_LIMITS_AIMD = "concurrency_limits_aimd.table";
    CONCURRENCY_LIMITS_PARTITIONS = "concurrency_limits_partitions.table";
    CONCURRENCY_LIMITS_VEGAS = "concurrency_limits_vegas.table";
    FAILSAFE_GO_BREAKER = "failsafe_go_breaker.table";
    FAILSAFE_GO_BUDGET = "failsafe_go_budget.table";
    FAILSAFE_GO_CANCELLATION = "failsafe_go_cancellation.table";
    FAILSAFE_GO_COMPOSITION = "failsafe_go_composition.table";
    FAILSAFE_GO_RATE_LIMITER = "failsafe_go_rate_limiter.table";
    FINAGLE_BACKOFF = "finagle_backoff.table";
    FINAGLE_BUDGET = "finagle_budget.table";
    GRPC_THROTTLING = "grpc_throttling.table";
    POLLY_BREAKER = "polly_breaker.table";
    POLLY_CONTROLLER = "polly_controller.table";
    POLLY_DELAYS = "polly_delays.table";
    POLLY_HEALTH = "polly_health.table";
    RESILIENCE4J_BREAKER = "resilience4j_breaker.table";
    RESILIENCE4J_BULKHEAD = "resilience4j_bulkhead.table";
    RESILIENCE4J_INTERVALS = "resilience4j_intervals.table";
    RESILIENCE4J_RATE_LIMITER = "resilience4j_rate_limiter.table";
    RESILIENCE4J_WINDOW_COUNT = "resilience4j_window_count.table";
    RESILIENCE4J_WINDOW_TIME = "resilience4j_window_time.table";
    SEATBELT_ENGINE = "seatbelt_engine.table";
}

/// The differences that the tables name, and from whom each is one.
fn differences() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for file in ALL {
        let suite = table::parse(file.text).unwrap_or_else(|told| panic!("{}: {told}", file.name));
        let peer = suite.source.split(',').next().unwrap_or_default().to_owned();
        for difference in suite.tables.into_iter().filter_map(|table| table.difference) {
            let peers = found.entry(difference.word).or_default();
            if !peers.contains(&peer) {
                peers.push(peer.clone());
            }
        }
    }
    found.values_mut().for_each(|peers| peers.sort());
    found
}

/// The differences that a page lists: `` | `word` | peer, peer | .. ``.
fn listed(page: &str) -> BTreeMap<String, Vec<String>> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let row = |row: &str| {
        let (word, rest) = row.split_once('`')?;
        let peers = rest.trim_start_matches(" |").split('|').next()?;
        let mut peers: Vec<_> = peers.split(',').map(|peer| peer.trim().to_owned()).collect();
        peers.sort();
        Some((word.to_owned(), peers))
    };
    rows.filter_map(row).collect()
}

#[test]
fn the_guide_lists_exactly_the_differences_that_the_tables_show() {
    let page = include_str!("../../../reliability/src/guide/semantics.md");
    assert_eq!(listed(page), differences());
}

#[test]
fn every_file_of_tables_is_replayed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/it/semantics/tables");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ALL.iter().map(|file| file.name).collect::<Vec<_>>());
}
