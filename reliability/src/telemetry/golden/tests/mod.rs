use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::telemetry::Attribute;
use crate::telemetry::metrics::{Data, HistogramPoint, Metric, Point};
use crate::time::ManualClock;

mod drift;
mod properties;

fn attributes(pairs: &str) -> Vec<Attribute> {
    let pairs = pairs.split_whitespace().filter_map(|pair| pair.split_once('='));
    let mut all: Vec<_> =
        pairs.map(|(key, value)| Attribute::new(key.to_string(), value.to_string())).collect();
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

fn metric(name: &str, data: Data) -> Metric {
    Metric::new(name.to_string(), "", "", data)
}

fn counter(name: &str, points: &[(&str, u64)]) -> Metric {
    let points = points.iter().map(|(of, value)| Point::new(attributes(of), *value));
    metric(name, Data::Counter(points.collect()))
}

fn gauge(name: &str, points: &[(&str, f64)]) -> Metric {
    let points = points.iter().map(|(of, value)| Point::new(attributes(of), *value));
    metric(name, Data::Gauge(points.collect()))
}

fn now(name: &str, points: &[(&str, i64)]) -> Metric {
    let points = points.iter().map(|(of, value)| Point::new(attributes(of), *value));
    metric(name, Data::UpDownCounter(points.collect()))
}

const BOUNDS: [f64; 3] = [0.01, 0.1, 1.0];

fn histogram(name: &str, points: &[(&str, [u64; 4])]) -> Metric {
    let points = points
        .iter()
        .map(|(of, counts)| HistogramPoint::new(attributes(of), &BOUNDS[..], counts.to_vec(), 0.0));
    metric(name, Data::Histogram(points.collect()))
}

/// What came between two moments that are ten seconds apart.
fn between(earlier: Vec<Metric>, later: Vec<Metric>) -> Period {
    let clock = ManualClock::new();
    let earlier = Collected::new(earlier, clock.clock().now());
    clock.advance(Duration::from_secs(10));
    Collected::new(later, clock.clock().now()).since(&earlier)
}

/// Everything there is, of one service in one bad minute.
fn everything() -> Vec<Metric> {
    let http = "http.request.method=GET http.route=/orders";
    let failed = "http.request.method=GET http.route=/orders error.type=500";
    let (price, ok) = ("reliability.operation.name=price", "reliability.outcome=ok");
    let op = |rest: &str| [price, "reliability.operation.kind=server", rest].join(" ");
    let policy = |rest: &str| ["reliability.policy.name=stock", rest].join(" ");
    let (bulkhead, adaptive) =
        ("reliability.bulkhead.name=places", "reliability.concurrency_limit.name=fits");
    let (rate, budget) =
        ("reliability.rate_limit.name=quota", "reliability.retry_budget.name=spare");
    let breaker = |state: &str| {
        let state = alloc::format!("reliability.breaker.state={state}");
        ["reliability.breaker.name=fuse", &state].join(" ")
    };
    let broken = "reliability.outcome=failed error.type=transient";
    let refused = "reliability.outcome=rejected error.type=timed_out";
    vec![
        histogram("rpc.server.call.duration", &[("rpc.method=shop.Orders/Cancel", [50, 0, 0, 0])]),
        histogram("http.server.request.duration", &[(http, [0, 90, 0, 0]), (failed, [0, 0, 9, 1])]),
        counter(
            "reliability.operation.calls",
            &[
                (&op(ok), 60),
                (&op(broken), 20),
                (&op(refused), 15),
                (&op("reliability.outcome=cancelled"), 5),
            ],
        ),
        histogram(
            "reliability.operation.duration",
            &[(&op(ok), [60, 0, 0, 0]), (&op(broken), [0, 0, 40, 0])],
        ),
        counter(
            "reliability.policy.calls",
            &[(&policy(ok), 40), (&policy("reliability.outcome=panicked"), 10)],
        ),
        histogram(
            "reliability.policy.duration",
            &[("reliability.policy.name=stock", [50, 0, 0, 0])],
        ),
        now("reliability.bulkhead.limit", &[(bulkhead, 30)]),
        now("reliability.bulkhead.in_use", &[(bulkhead, 27)]),
        now("reliability.bulkhead.queued", &[(bulkhead, 4)]),
        counter("reliability.bulkhead.rejections", &[(bulkhead, 12)]),
        now("reliability.concurrency_limit.limit", &[(adaptive, 8)]),
        now("reliability.concurrency_limit.in_use", &[(adaptive, 2)]),
        counter(
            "reliability.concurrency_limit.rejections",
            &[
                (&[adaptive, "reliability.priority=low"].join(" "), 2),
                (&[adaptive, "reliability.priority=high"].join(" "), 1),
            ],
        ),
        now("reliability.rate_limit.limit", &[(rate, 10)]),
        now("reliability.rate_limit.remaining", &[(rate, 7)]),
        counter("reliability.rate_limit.rejections", &[(rate, 5)]),
        now("reliability.rate_limit.store_away", &[(rate, 1)]),
        gauge("reliability.retry_budget.tokens", &[(budget, 25.0)]),
        gauge("reliability.retry_budget.capacity", &[(budget, 100.0)]),
        counter("reliability.breaker.rejections", &[("reliability.breaker.name=fuse", 6)]),
        now("reliability.breaker.state", &[(&breaker("closed"), 0), (&breaker("open"), 1)]),
        counter("reliability.policy.retries", &[("reliability.policy.name=stock", 3)]),
    ]
}

#[test]
fn what_is_known_is_told_as_a_person_reads_it() {
    let told = between(vec![], everything()).to_string();
    let expected = "\
latency     p50 35ms, p90 95ms, p99 950ms
traffic     15.0/s (150 calls)
errors      6.67% (10 of 150)  500 10
saturation  bulkhead places 90% (27 of 30), 4 wait, 12 refused

request                        rate   errors      p50      p90      p99
/orders                      10.0/s      10%     60ms    100ms       1s  500 10
shop.Orders/Cancel            5.0/s       0%      5ms      9ms    9.9ms

operation                      rate   errors      p50      p90      p99
price                        10.0/s   36.84%    8.3ms    775ms    978ms  timed_out 15  transient 20

policy                         rate   errors      p50      p90      p99
stock                         5.0/s      20%      5ms      9ms    9.9ms  panicked 10

resource
bulkhead places 90% (27 of 30), 4 wait, 12 refused
concurrency limit fits 25% (2 of 8), 3 refused
rate limit quota 30% (3 of 10), 5 refused, its store is away
retry budget spare 75% (75 of 100)
breaker fuse, 6 refused, open
";
    assert_eq!(told, expected);
}

#[test]
fn only_what_came_since_counts_and_what_fell_back_was_started_again() {
    let of = |outcome: &str| {
        alloc::format!("reliability.policy.name=stock reliability.outcome={outcome}")
    };
    let calls = |ok, panicked| {
        counter("reliability.policy.calls", &[(&of("ok"), ok), (&of("panicked"), panicked)])
    };
    let took = |counts| {
        histogram("reliability.policy.duration", &[("reliability.policy.name=stock", counts)])
    };
    for (before, after, counts, durations) in [
        // It went on.
        ((100, 5), (130, 8), (33, 3), 40),
        // The process was started again, and has counted as much as that since.
        ((100, 5), (20, 1), (21, 1), 5),
        // Nothing happened.
        ((100, 5), (100, 5), (0, 0), 0),
    ] {
        let durations_after = match durations {
            40 => [10, 20, 40, 1],
            5 => [1, 4, 0, 0],
            _ => [9, 10, 11, 1],
        };
        let period = between(
            vec![calls(before.0, before.1), took([9, 10, 11, 1])],
            vec![calls(after.0, after.1), took(durations_after)],
        );
        let stock = &period.policies[0];
        assert_eq!((stock.outcomes.calls, stock.outcomes.errors), counts);
        assert_eq!(stock.durations.count(), durations);
        assert_eq!(stock.rate(), Some(counts.0 as f64 / 10.0));
    }
}

#[test]
fn a_service_is_what_others_call() {
    let all = |kinds: &[(&str, u64)]| {
        let of = |(kind, calls): &(&str, u64)| {
            (
                alloc::format!(
                    "reliability.operation.name={kind} reliability.operation.kind={kind} reliability.outcome=ok"
                ),
                *calls,
            )
        };
        let points: Vec<_> = kinds.iter().map(of).collect();
        let points: Vec<_> = points.iter().map(|(of, calls)| (&**of, *calls)).collect();
        counter("reliability.operation.calls", &points)
    };
    let policies = counter(
        "reliability.policy.calls",
        &[("reliability.policy.name=stock reliability.outcome=ok", 7)],
    );
    let calls = |later: Vec<Metric>| between(vec![], later).golden_signals().outcomes.calls;
    assert_eq!(calls(vec![all(&[("server", 3), ("internal", 50), ("consumer", 2)])]), 5);
    assert_eq!(calls(vec![all(&[("client", 4), ("internal", 50)]), policies.clone()]), 54);
    assert_eq!(calls(vec![policies]), 7);
    assert_eq!(calls(everything()), 150);
}

#[test]
fn who_gave_up_is_neither_an_error_nor_a_success() {
    let of = |rest: &str| alloc::format!("reliability.policy.name=stock {rest}");
    let later = counter(
        "reliability.policy.calls",
        &[
            (&of("reliability.outcome=ok"), 3),
            (&of("reliability.outcome=cancelled"), 10),
            (&of("reliability.outcome=failed error.type=cancelled"), 5),
            (&of("reliability.outcome=failed error.type=permanent"), 1),
        ],
    );
    let stock = &between(vec![], vec![later]).policies[0];
    assert_eq!(
        (stock.outcomes.calls, stock.outcomes.cancelled, stock.outcomes.errors),
        (19, 15, 1)
    );
    assert_eq!(stock.error_ratio(), Some(0.25));
}

#[test]
fn nothing_is_nothing_and_no_number() {
    for later in [
        vec![],
        vec![
            counter("reliability.policy.calls", &[]),
            now("reliability.bulkhead.limit", &[("reliability.bulkhead.name=none", 0)]),
        ],
    ] {
        let period = between(vec![], later);
        let signals = period.golden_signals();
        assert_eq!(
            (signals.outcomes.calls, signals.traffic(), signals.error_ratio()),
            (0, Some(0.0), None)
        );
        assert_eq!(signals.latency.quantile(0.5), None);
        assert_eq!(signals.saturation.and_then(|it| it.utilization()), None);
        assert!(period.to_string().starts_with(
            "latency     p50 -, p90 -, p99 -\ntraffic     0.0/s (0 calls)\nerrors      - (0 of 0)\n"
        ));
    }
    let clock = ManualClock::new();
    let now = Collected::new(everything(), clock.clock().now());
    let period = now.since(&now);
    assert_eq!(period.golden_signals().traffic(), None, "no time has passed");
    assert!(period.operations.iter().all(|red| red.outcomes.calls == 0 && red.rate().is_none()));
}

#[test]
fn quantiles_are_those_of_prometheus() {
    let calls = Durations::new(vec![0.1, 0.2, 0.4], vec![10, 20, 10, 10]);
    let told = |share| calls.quantile(share).map(|it| it.to_string());
    // histogram_quantile(0.5, ..): 0.1 + (0.2 - 0.1) * (25 - 10) / 20.
    let expected = [
        (0.0, "0us"),
        (0.1, "50ms"),
        (0.5, "175ms"),
        (0.6, "200ms"),
        (0.8, "400ms"),
        (0.81, ">400ms"),
    ];
    for (share, expected) in expected {
        assert_eq!(told(share).as_deref(), Some(expected), "{share}");
    }
    for odd in [-0.1, 1.1, f64::NAN] {
        assert_eq!(told(odd), None);
    }
    let coarse = Durations::new(vec![0.2, 5.0], vec![1, 2, 3]);
    let mut both = calls.clone();
    both.add(&coarse);
    assert_eq!(both, Durations::new(vec![0.2], vec![31, 25]));
}
