//! What `#[traced(metrics)]` counts: every call, whatever is kept of its trace.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use reliability::error::{Class, Fault, Reason, Rejected};
use reliability::resilience::resilient;
use reliability::telemetry::metrics::{self, Data, HistogramPoint};
use reliability::telemetry::trace::{Rules, Sampler};
use reliability::telemetry::{Attribute, traced};

use super::recorded::Recording;

fn is_of(attributes: &[Attribute], operation: &str) -> bool {
    let of = |it: &Attribute| {
        it.key == "reliability.operation.name" && it.value.as_str() == Some(operation)
    };
    attributes.iter().any(of)
}

/// `kind outcome [error] calls`, of those that happened.
fn calls(operation: &str) -> Vec<String> {
    let metrics = metrics::collect();
    let calls = metrics.iter().find(|it| it.name == "reliability.operation.calls").unwrap();
    let Data::Counter(points) = &calls.data else { panic!("{calls:?}") };
    let own = points.iter().filter(|it| is_of(&it.attributes, operation) && it.value > 0);
    let mut rows: Vec<_> = own
        .map(|point| {
            let rest = point.attributes.iter().filter(|it| !it.key.ends_with(".name"));
            let mut row: Vec<_> = rest.map(|it| it.value.to_string()).collect();
            row.sort_by_key(|word| word != "internal" && word != "client");
            row.push(point.value.to_string());
            row.join(" ")
        })
        .collect();
    rows.sort();
    rows
}

fn durations(operation: &str) -> Vec<HistogramPoint> {
    let metrics = metrics::collect();
    let durations = metrics.iter().find(|it| it.name == "reliability.operation.duration").unwrap();
    let Data::Histogram(points) = &durations.data else { panic!("{durations:?}") };
    points.iter().filter(|it| is_of(&it.attributes, operation)).cloned().collect()
}

#[derive(Debug, Fault)]
enum PriceError {
    #[fault(permanent)]
    Unknown,
    #[fault(from)]
    Rejected(Rejected),
}

#[traced(metrics, name = "counted.price", kind = client)]
#[resilient(timeout = "100ms")]
async fn counted_price(sku: &str) -> Result<usize, PriceError> {
    match sku {
        "slow" => tokio::time::sleep(Duration::from_secs(9)).await,
        "panic" => panic!("on purpose"),
        _ => tokio::time::sleep(Duration::from_millis(20)).await,
    }
    if sku.is_empty() { Err(PriceError::Unknown) } else { Ok(sku.len()) }
}

#[tokio::test(start_paused = true)]
async fn every_call_is_counted_by_how_it_ended() {
    assert_eq!(counted_price("tea").await.unwrap(), 3);
    assert_eq!(counted_price("milk").await.unwrap(), 4);
    assert!(matches!(counted_price("").await, Err(PriceError::Unknown)));
    let late = counted_price("slow").await.unwrap_err();
    assert_eq!(late.rejection().map(Rejected::reason), Some(Reason::TimedOut));
    assert!(tokio::spawn(counted_price("panic")).await.is_err());
    {
        let mut dropped = pin!(counted_price("slow"));
        assert!(dropped.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
        tokio::time::advance(Duration::from_millis(60)).await;
    }
    drop(counted_price("never polled"));
    assert_eq!(
        calls("counted.price"),
        [
            "client cancelled 1",
            "client ok 2",
            "client panicked 1",
            "client permanent failed 1",
            "client timed_out rejected 1",
        ]
    );
    let took: Vec<_> = durations("counted.price").iter().map(|it| (it.count(), it.sum)).collect();
    // In the order of their attributes: what has an `error.type` comes first.
    assert_eq!(took, [(1, 0.02), (1, 0.1), (1, 0.06), (2, 0.04), (1, 0.0)]);
}

struct Opaque;

#[traced(metrics, name = "counted.opaque")]
fn opaque(fails: bool) -> Result<(), Opaque> {
    if fails { Err(Opaque) } else { Ok(()) }
}

#[traced(metrics, name = "counted.plain")]
fn plain(calls: &mut u32) {
    *calls += 1;
}

#[traced(metrics, name = "counted.generic", skip_all)]
fn generic<T: Into<u64>>(value: T) -> Option<u64> {
    Some(value.into())
}

trait Shop {
    async fn order(&self) -> u32;
}

struct Corner;

impl Shop for Corner {
    #[traced(metrics, name = "counted.method")]
    async fn order(&self) -> u32 {
        tokio::task::yield_now().await;
        42
    }
}

#[tokio::test]
async fn functions_of_any_shape_are_counted() {
    assert!(opaque(false).is_ok() && opaque(true).is_err());
    assert_eq!(calls("counted.opaque"), ["internal _OTHER failed 1", "internal ok 1"]);
    let mut count = 0;
    plain(&mut count);
    plain(&mut count);
    assert_eq!((count, calls("counted.plain")), (2, vec!["internal ok 2".to_owned()]));
    assert_eq!((generic(1_u8), generic(2_u32)), (Some(1), Some(2)));
    assert_eq!(calls("counted.generic"), ["internal ok 2"], "one of all instances");
    assert_eq!(Corner.order().await, 42);
    assert_eq!(calls("counted.method"), ["internal ok 1"]);
}

#[traced(metrics, name = "counted.never")]
fn never() -> Result<u32, Class> {
    Err(Class::Permanent)
}

#[test]
fn what_is_declared_is_told_before_it_is_called() {
    let points = durations("counted.never");
    assert_eq!(points.iter().map(HistogramPoint::count).collect::<Vec<_>>(), [0]);
    assert_eq!(calls("counted.never"), [""; 0]);
    let _declared: fn() -> Result<u32, Class> = never;
}

#[traced(metrics, name = "counted.sampled")]
fn sampled(fails: bool) -> Result<u32, Class> {
    if fails { Err(Class::Transient) } else { Ok(1) }
}

#[test]
fn samplers_and_rules_do_not_change_what_is_counted() {
    for (sampler, rules) in [
        (Sampler::always_off(), None),
        (Sampler::ratio(0.01).unwrap(), None),
        (Sampler::default(), Some(Rules::standard().otherwise(0.0))),
        (Sampler::always_on(), None),
    ] {
        let _recording = Recording::with(sampler, rules);
        for call in 0..50 {
            assert_eq!(sampled(call % 5 == 0).is_err(), call % 5 == 0);
        }
    }
    assert_eq!(calls("counted.sampled"), ["internal ok 160", "internal transient failed 40"]);
}

#[traced(metrics, name = "counted.exemplary")]
async fn exemplary(polls: usize) {
    for _ in 0..polls {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_duration_names_the_trace_of_its_call() {
    let recording = Recording::all();
    exemplary(1).await;
    let [ok] = &*durations("counted.exemplary") else { panic!("only good calls") };
    let trace = recording.trace("counted.exemplary");
    let [example] = &*ok.exemplars else { panic!("one call, one example: {ok:?}") };
    assert_eq!((example.trace_id, example.span_id), (trace.id, trace.spans[0].id));

    {
        let mut dropped = pin!(exemplary(9));
        assert!(dropped.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    }
    let all = durations("counted.exemplary");
    let is_cancelled = |point: &&HistogramPoint| {
        point.attributes.iter().any(|it| it.value.as_str() == Some("cancelled"))
    };
    let cancelled = all.iter().find(is_cancelled).unwrap();
    let trace = recording.trace("counted.exemplary");
    assert_eq!(cancelled.exemplars[0].span_id, trace.spans[0].id);
}
