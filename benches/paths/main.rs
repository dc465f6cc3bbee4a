//! Every path of the table in `README.md`, ours beside the peers', one thread and two.
//!
//! One binary, so that all are built alike, linked once and measured in one run.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

mod breaker;
mod bulkhead;
mod cache;
mod chaos;
mod concurrency_limit;
mod degrade;
mod floor;
mod hedge;
mod journal;
mod metrics;
mod rate_limit;
mod retry;
mod service;
mod sketch;
mod slo;
mod stack;
mod timeout;
mod traced;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};
use reliability_benches::together;

/// The paths of one row of the table.
struct Row<'c> {
    group: BenchmarkGroup<'c, WallTime>,
}

impl<'c> Row<'c> {
    fn new(criterion: &'c mut Criterion, name: &str) -> Self {
        let mut group = criterion.benchmark_group(name);
        // Equal samples of a few milliseconds: a disturbed one stands alone, and is left out.
        group.sampling_mode(SamplingMode::Flat);
        Self { group }
    }

    /// Measures one path on one thread and on two that share what it works on. `make` runs once in
    /// each thread.
    fn path<Op, R>(&mut self, name: &str, make: impl Fn() -> Op + Sync)
    where
        Op: FnMut() -> R,
    {
        for threads in [1, 2] {
            self.group.bench_function(BenchmarkId::new(name, threads), |bencher| {
                bencher.iter_custom(|iterations| together(threads, iterations, &make));
            });
        }
    }
}

fn main() {
    // For the peers that ask for a runtime before they need one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let _inside = runtime.enter();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(100)
        .nresamples(1_000)
        .without_plots()
        .configure_from_args();
    floor::paths(&mut criterion);
    breaker::paths(&mut criterion);
    timeout::paths(&mut criterion);
    retry::paths(&mut criterion);
    bulkhead::paths(&mut criterion);
    rate_limit::paths(&mut criterion);
    cache::paths(&mut criterion);
    chaos::paths(&mut criterion);
    degrade::paths(&mut criterion);
    concurrency_limit::paths(&mut criterion);
    hedge::paths(&mut criterion);
    metrics::paths(&mut criterion);
    sketch::paths(&mut criterion);
    slo::paths(&mut criterion);
    stack::paths(&mut criterion);
    service::paths(&mut criterion);
    traced::paths(&mut criterion);
    traced::work_sizes(&mut criterion);
    journal::paths(&mut criterion);
    criterion.final_summary();
}
