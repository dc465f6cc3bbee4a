//! One call counted for a promise, by hand and by an attribute.
//!
//! The peers keep no promises themselves: they count calls under labels of which one is the name of
//! the promise, for rules that a server evaluates. `labelled` is the least of it: a counter and a
//! histogram that are found by their labels, in a family of prometheus-client. autometrics is the
//! attribute that does so, here with the registry of prometheus.

use std::time::Duration;

use autometrics::autometrics;
use autometrics::objectives::{Objective as Autometric, ObjectiveLatency, ObjectivePercentile};
use criterion::Criterion;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use reliability::sre::{Core, Definition, Objective, Outcome, Slo, Target, Window, slo};
use reliability_benches::now_or_panic;

use super::Row;

const AVAILABILITY: Objective = Objective::availability(Target::percent("99.95"));
const LATENCY: Objective = Objective::latency(Target::percent("99"), Duration::from_millis(500));
const TOOK: Duration = Duration::from_millis(20);

static ONE: Slo = {
    static CORE: Core = Core::new(Definition::new("one", Window::days(30)).objective(AVAILABILITY));
    Slo::from_core(&CORE)
};

static TWO: Slo = {
    static CORE: Core = Core::new(
        Definition::new("two", Window::days(30)).objective(AVAILABILITY).objective(LATENCY),
    );
    Slo::from_core(&CORE)
};

/// What autometrics writes beside each count.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    function: &'static str,
    module: &'static str,
    caller_function: &'static str,
    result: &'static str,
    objective_name: &'static str,
    objective_percentile: &'static str,
}

fn labels(result: &'static str) -> Labels {
    Labels {
        function: "checkout",
        module: "shop::orders",
        caller_function: "serve",
        result,
        objective_name: "checkout",
        objective_percentile: "99.9",
    }
}

type Latencies = Family<Labels, Histogram, fn() -> Histogram>;

fn latencies() -> Latencies {
    Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.005, 2.0, 10)))
}

#[slo(objective = ONE)]
async fn available(value: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(std::hint::black_box(value))
}

#[slo(objective = TWO)]
async fn in_time(value: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(std::hint::black_box(value))
}

const AUTOMETRIC: Autometric = Autometric::new("checkout")
    .success_rate(ObjectivePercentile::P99_9)
    .latency(ObjectiveLatency::Ms500, ObjectivePercentile::P99);

#[autometrics(objective = AUTOMETRIC)]
async fn with_autometrics(value: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(std::hint::black_box(value))
}

async fn bare(value: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(std::hint::black_box(value))
}

pub(super) fn paths(criterion: &mut Criterion) {
    counted(criterion);
    let mut row = Row::new(criterion, "slo_call");
    row.path("floor_call", || || now_or_panic(bare(7)));
    row.path("ours", || || now_or_panic(available(7)));
    row.path("ours_latency", || || now_or_panic(in_time(7)));
    row.path("autometrics", || || now_or_panic(with_autometrics(7)));
}

fn counted(criterion: &mut Criterion) {
    let outcome = || Outcome::of(std::hint::black_box(true));
    let took = || std::hint::black_box(TOOK);
    let counted = Family::<Labels, Counter>::default();
    let latencies = latencies();

    let mut row = Row::new(criterion, "slo_record");
    row.path("ours", || move || ONE.record_outcome(outcome()));
    row.path("labelled", || {
        || {
            counted.get_or_create(&labels(std::hint::black_box("ok"))).inc();
        }
    });
    drop(row);

    let mut row = Row::new(criterion, "slo_record_latency");
    row.path("ours", || move || TWO.record_call(outcome(), took()));
    row.path("labelled", || {
        || {
            let labels = labels(std::hint::black_box("ok"));
            counted.get_or_create(&labels).inc();
            latencies.get_or_create(&labels).observe(took().as_secs_f64());
        }
    });
}
