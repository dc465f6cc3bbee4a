//! What is read is what the guide says.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::super::sources::{self, Calls, Limited, Used};
use super::{between, everything};

const ALL_CALLS: [Calls; 4] =
    [sources::HTTP_SERVER, sources::RPC_SERVER, sources::OPERATION, sources::POLICY];
const ALL_RESOURCES: [Limited; 5] = [
    sources::BULKHEAD,
    sources::CONCURRENCY_LIMIT,
    sources::RATE_LIMIT,
    sources::RETRY_BUDGET,
    sources::BREAKER,
];

/// The names of all metrics that are read.
fn read() -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for calls in ALL_CALLS {
        names.extend(calls.calls);
        names.insert(calls.duration);
    }
    for resource in ALL_RESOURCES {
        match resource.used {
            Used::Is(a, b) | Used::Left(a, b) => names.extend([a, b]),
            Used::Never => {}
        }
        names.extend(resource.waiting);
        names.extend(resource.refused);
        names.extend(resource.broken.map(|(metric, _)| metric));
    }
    names
}

#[test]
fn every_metric_that_is_said_to_be_read_makes_a_difference_and_no_other_does() {
    let whole = between(vec![], everything());
    let names: Vec<String> = everything().iter().map(|metric| metric.name.to_string()).collect();
    for name in names {
        let rest = everything().into_iter().filter(|metric| metric.name != name).collect();
        let differs = between(vec![], rest) != whole;
        assert_eq!(differs, read().contains(&*name), "{name}");
    }
    let told = everything();
    let missing = read().into_iter().find(|name| told.iter().all(|metric| metric.name != *name));
    assert_eq!(missing, None);
}

#[test]
fn the_table_of_the_guide_names_what_is_read() {
    let guide = include_str!("../../../guide/telemetry.md");
    let table = guide.lines().skip_while(|line| !line.starts_with("| way | question |"));
    let table: String = table.take_while(|line| line.starts_with('|')).collect();
    let quoted = table.split('`').skip(1).step_by(2);
    let is_attribute = |name: &&str| {
        let names =
            ALL_CALLS.iter().map(|it| it.name).chain(ALL_RESOURCES.iter().map(|it| it.name));
        let others = ["reliability.outcome", "reliability.operation.kind"];
        names.chain(others).any(|it| it == *name)
    };
    let is_metric =
        |name: &&str| ["reliability.", "http.", "rpc."].iter().any(|of| name.starts_with(of));
    let told: BTreeSet<&str> =
        quoted.filter(is_metric).filter(|name| !is_attribute(name)).collect();
    assert_eq!(told, read());
    let untold = read().into_iter().find(|name| {
        let row = alloc::format!("\n| `{name}` | ");
        name.starts_with("reliability.") && !guide.contains(&row)
    });
    assert_eq!(untold, None, "the table of all metrics has no row for it");
}
