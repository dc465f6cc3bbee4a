use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::thread;

use super::*;
use crate::metrics;
use crate::telemetry::metrics::{Counter, Data, Histogram, Metric, UpDownCounter};

metrics! {
    /// Answers to requests.
    static ANSWERS: Family<Counter, 2> = Counter::builder("test.family.answers")
        .attributes(&[("region", "eu")])
        .by(["route", "status"]);
}

/// The points of a family, as `attributes = value`.
fn counts(family: &Members<Counter, 1>) -> Vec<(String, u64)> {
    let mut into = Collection::new();
    family.observe(&mut into);
    told(&into.finish())
}

fn told(metrics: &[Metric]) -> Vec<(String, u64)> {
    let [Metric { data: Data::Counter(points), .. }] = metrics else { return Vec::new() };
    let attributes = |point: &[Attribute]| -> String {
        point.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    points.iter().map(|point| (attributes(&point.attributes), point.value)).collect()
}

#[test]
fn each_set_of_values_has_a_series() {
    assert_eq!(ANSWERS.series(), 0);
    ANSWERS.with(("/orders", 200)).add(1);
    ANSWERS.with(("/orders", 404)).add(2);
    let bound = ANSWERS.bind(("/orders", 200));
    bound.add(4);
    // What looks alike and is not.
    ANSWERS.with(("/orders", "200")).add(8);
    ANSWERS.clone().with((&String::from("/orders"), 404_u16)).add(16);
    assert_eq!(ANSWERS.series(), 3);

    let metrics = crate::telemetry::metrics::collect();
    let at = metrics.iter().position(|metric| metric.name == "test.family.answers");
    let at = at.expect("it is declared");
    assert_eq!(metrics[at].description, "Answers to requests.");
    let expected = [
        ("region=eu,route=/orders,status=200", 5),
        ("region=eu,route=/orders,status=404", 18),
        ("region=eu,route=/orders,status=200", 8),
    ];
    assert_eq!(told(&metrics[at..=at]), expected.map(|(row, count)| (String::from(row), count)));
}

#[test]
fn a_series_can_be_without_an_attribute() {
    let family = Counter::builder("test.family.absent").by(["route", "status"]).build();
    let family = family.expect("valid settings");
    family.with((None::<&str>, 404)).add(1);
    family.with(("", 404)).add(2);
    family.with((Some("/orders"), None::<u16>)).add(4);
    let mut into = Collection::new();
    family.members().observe(&mut into);
    let mut all = told(&into.finish());
    all.sort();
    let expected = [("route=,status=404", 2), ("route=/orders", 4), ("status=404", 1)];
    assert_eq!(all, expected.map(|(row, count)| (String::from(row), count)));
}

#[test]
fn what_there_is_no_room_for_is_counted_together() {
    let family = Counter::builder("test.family.full").by(["user"]).series(2).build();
    let family = family.expect("valid settings");
    for user in 0..10_u32 {
        family.with([user]).add(1);
    }
    family.with([1]).add(1);
    let overflow = family.bind([7]);
    overflow.add(1);
    assert_eq!(family.series(), 3);
    let rows = [("otel.metric.overflow=true", 9), ("user=0", 1), ("user=1", 2)];
    assert_eq!(counts(family.members()), rows.map(|(row, count)| (String::from(row), count)));
}

#[test]
fn threads_that_ask_at_once_get_the_same_series_and_lose_nothing() {
    for round in 0..20 {
        let family = Counter::builder("test.family.shared").by(["key"]).series(8).build();
        let family = family.expect("valid settings");
        thread::scope(|scope| {
            for first in 0..4_u32 {
                let family = &family;
                // Each begins elsewhere, so that there is something to quarrel about.
                scope.spawn(move || {
                    (0..120).for_each(|n| family.with([(first * 3 + n) % 12]).add(1))
                });
            }
        });
        let counts = counts(family.members());
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 480, "round {round}");
        assert_eq!(counts.len(), 9, "round {round}");
        let overflow = counts.iter().find(|(row, _)| row.contains("overflow"));
        assert_eq!(overflow.map(|(_, count)| *count), Some(160), "round {round}");
    }
}

#[test]
fn families_can_be_of_any_instrument() {
    let sizes = Histogram::builder("test.family.sizes").bounds(&[1.0, 2.0]).by(["kind"]);
    let sizes = sizes.build().expect("valid settings");
    sizes.with(["a"]).record(1.5);
    assert_eq!(sizes.with(["a"]).counts(), [0, 1, 0]);
    let waiting = UpDownCounter::builder("test.family.waiting").by(["first", "second", "third"]);
    let waiting = waiting.build().expect("valid settings");
    waiting.with((true, "x", 7_u8)).add(-3);
    assert_eq!(waiting.with((true, "x", 7)).sum(), -3);
}

#[test]
fn a_number_of_series_that_makes_no_sense_is_refused() {
    for series in [0, 65_537] {
        let wrong = Counter::builder("test.family").by(["key"]).series(series).build();
        assert_eq!(wrong.expect_err("wrong settings").setting(), "series");
    }
    let wrong = Counter::builder("no name").by(["key"]).build();
    assert_eq!(wrong.expect_err("wrong settings").setting(), "name");
}
