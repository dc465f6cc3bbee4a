use super::*;
use crate::sre::{GoodAndBad, Target, Window};
use alloc::string::ToString;

const MS: Duration = Duration::from_millis(1);

static ALL_KINDS: Slo = {
    static CORE: Core = Core::new(
        Definition::new("all-kinds", Window::days(30))
            .objective(Objective::availability(Target::percent("99.9")))
            .objective(Objective::error_rate(Target::percent("0.1")))
            .objective(Objective::latency(Target::percent("50"), MS).named("p50"))
            .objective(
                Objective::latency(Target::percent("99"), Duration::from_millis(9)).named("p99"),
            )
            .objective(Objective::throughput(Target::percent("99"), 10, Duration::from_secs(60)))
            .objective(Objective::correctness(Target::percent("99.99"))),
    );
    inventory::submit! { registry::Registered::new(&CORE) }
    Slo::from_core(&CORE)
};

#[test]
fn each_event_counts_for_the_objectives_it_concerns() {
    let slo = &ALL_KINDS;
    slo.record(true);
    slo.record(false);
    slo.record_outcome(Outcome::Excluded);
    slo.record_latency(MS);
    slo.record_call(Outcome::Good, 9 * MS);
    slo.record_call(Outcome::Bad, Duration::MAX);
    slo.record_correct(false);
    let sums = slo.tally.sums();
    let expected = [(2, 2), (2, 2), (0, 2), (1, 1), (2, 0), (0, 1), (0, 0)]
        .map(|(g, b)| GoodAndBad::new(g, b));
    assert_eq!(sums.objectives, expected);
    assert_eq!(sums.excluded, 1);
    assert!(slo.wants_latency());
}

#[test]
fn a_static_one_is_listed_and_found_before_it_is_used() {
    assert!(registry::all().contains(&ALL_KINDS));
    assert_eq!(registry::find("all-kinds").as_ref(), Some(&ALL_KINDS));
}

#[test]
fn one_that_is_made_is_listed_until_it_is_dropped() {
    let answered = Objective::availability(Target::percent("99.9"));
    let definition = Definition::new("made", Window::days(30)).objective(answered);
    let made = Slo::new(definition).expect("a valid one");
    assert_eq!(made.to_string(), "made over 30d: availability 99.9%");
    let clone = made.clone();
    drop(made);
    assert_eq!(registry::find("made"), Some(clone.clone()));
    drop(clone);
    assert_eq!(registry::find("made"), None);
}
