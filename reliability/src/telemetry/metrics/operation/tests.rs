use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::error::{Class, Reason};
use crate::telemetry::metrics::{Data, Metric};

fn told(of: &Operation) -> Vec<Metric> {
    let mut into = Collection::new();
    of.observe(&mut into);
    into.finish()
}

/// `outcome error calls`, of those that were counted.
fn calls(of: &Operation) -> Vec<alloc::string::String> {
    let metrics = told(of);
    let Data::Counter(points) = &metrics[0].data else { panic!("{metrics:?}") };
    let known = points.iter().filter(|point| point.value > 0);
    let text = |point: &super::super::Point<u64>| {
        let of = |key: &str| point.attributes.iter().find(|it| it.key == key);
        let error = of("error.type").map(|it| alloc::format!("{} ", it.value));
        let outcome = of("reliability.outcome").map(|it| it.value.to_string());
        alloc::format!("{} {}{}", outcome.unwrap(), error.unwrap_or_default(), point.value)
    };
    known.map(text).collect()
}

#[test]
fn every_call_is_counted_once_whichever_way_it_ends() {
    let price = Operation::new("price");
    for outcome in Outcome::all() {
        price.begin().end(outcome);
    }
    drop(price.begin());
    let caught = std::panic::catch_unwind(|| {
        let _call = price.begin();
        panic!("on purpose");
    });
    assert!(caught.is_err());
    for outcome in Outcome::all() {
        let twice = matches!(outcome, Outcome::Cancelled | Outcome::Panicked);
        assert_eq!(price.calls(outcome), 1 + u64::from(twice), "{outcome:?}");
    }
    assert_eq!(calls(&price).len(), OUTCOMES);
    let mut call = price.begin();
    call.finish(Outcome::Ok);
    assert!(call.is_over());
    drop(call);
    assert_eq!(price.calls(Outcome::Ok), 2);
}

#[test]
fn what_may_happen_is_told_before_it_does() {
    let quiet = Operation::new("quiet").kind(Kind::Server);
    let metrics = told(&quiet);
    let names: Vec<_> = metrics.iter().map(|metric| &*metric.name).collect();
    assert_eq!(names, ["reliability.operation.calls", "reliability.operation.duration"]);
    let Data::Counter(points) = &metrics[0].data else { panic!("{metrics:?}") };
    assert_eq!(points.len(), 1 + 5 + 2);
    assert!(points.iter().all(|point| point.value == 0));
    let Data::Histogram(points) = &metrics[1].data else { panic!("{metrics:?}") };
    assert_eq!((points.len(), points[0].count()), (1, 0));
    let attributes: Vec<_> = points[0].attributes.iter().map(ToString::to_string).collect();
    assert_eq!(
        attributes,
        [
            "reliability.operation.kind=server",
            "reliability.operation.name=quiet",
            "reliability.outcome=ok"
        ]
    );
}

#[test]
fn an_error_is_told_by_what_is_known_of_it() {
    let price = Operation::new("price");
    price.begin().end(Outcome::Failed(None));
    price.begin().end(Outcome::of_result::<(), _>(&Err(Class::Overloaded)));
    let refused = crate::error::Rejected::new(Reason::RateLimited, "price");
    price.begin().end(Outcome::of_result::<(), _>(&Err(refused)));
    price.begin().end(Outcome::of_result::<_, Class>(&Ok(1)));
    let all = ["failed _OTHER 1", "failed overloaded 1", "rejected rate_limited 1", "ok 1"];
    let mut told = calls(&price);
    told.sort();
    let mut all = all.map(ToString::to_string);
    all.sort();
    assert_eq!(told, all);
}

#[tokio::test(start_paused = true)]
async fn durations_are_counted_by_how_the_call_ended() {
    let slow = Operation::new("slow");
    for (millis, outcome) in [(30, Outcome::Ok), (30, Outcome::Ok), (700, Outcome::Cancelled)] {
        let call = slow.begin();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        call.end(outcome);
    }
    let metrics = told(&slow);
    let Data::Histogram(points) = &metrics[1].data else { panic!("{metrics:?}") };
    let of = |outcome: &str| {
        let is = |point: &&HistogramPoint| {
            point.attributes.iter().any(|it| it.value.as_str() == Some(outcome))
        };
        points.iter().find(is).unwrap()
    };
    let bucket = |point: &HistogramPoint| {
        let at = point.counts.iter().position(|count| *count > 0).unwrap();
        (point.bounds[at], point.counts[at], point.sum)
    };
    assert_eq!(bucket(of("ok")), (0.05, 2, 0.06));
    assert_eq!(bucket(of("cancelled")), (0.75, 1, 0.7));
    assert_eq!(points.len(), 2, "what never happened has no durations");
}

#[test]
fn operations_of_one_name_are_told_together() {
    let (first, second) = (Operation::new("twin"), Operation::new("twin"));
    for of in [&first, &second] {
        of.begin().end(Outcome::Ok);
    }
    let mut into = Collection::new();
    first.observe(&mut into);
    second.observe(&mut into);
    let metrics = into.finish();
    let Data::Histogram(points) = &metrics[1].data else { panic!("{metrics:?}") };
    assert_eq!((points.len(), points[0].count()), (1, 2));
}
