//! A policy that could do less, and need not: what it costs to have that there. No peer has the layer.

use std::time::Duration;

use criterion::Criterion;
use reliability::error::recovery::Degradation;
use reliability::resilience::Policy;
use reliability::resilience::concurrency_limit::Priority;
use reliability::resilience::degrade::{Degrade, Measures};
use reliability_benches::now_or_panic;
use reliability_benches::single::{Small, ready};

use super::Row;

const LIMIT: Duration = Duration::from_millis(800);

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "degrade");
    row.path("floor_ready", || || now_or_panic(ready::<Small>()));
    let none = Policy::builder("bench").timeout(LIMIT).build().expect("valid settings");
    let none = &none;
    row.path("ours_none", || || now_or_panic(none.call(ready::<Small>)));
    // For longer than a run.
    let switch = Degradation::builder("bench").lasts(Duration::from_secs(3_600));
    let switch = switch.build().expect("valid settings");
    let measures = Measures::none().shed_below(Priority::Normal);
    let with = Policy::builder("bench").degrade(Degrade::when(&switch, measures)).timeout(LIMIT);
    let with = &with.build().expect("valid settings");
    row.path("ours_normal", || || now_or_panic(with.call(ready::<Small>)));
    let asked = &switch;
    row.path("ours_level_normal", || || asked.level());
    switch.raise();
    row.path("ours_degraded", || || now_or_panic(with.call(ready::<Small>)));
}
