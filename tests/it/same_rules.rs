//! The attribute and the builders take the same settings: one that compiles is not refused when the
//! function is first called.

use std::fmt::Debug;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use reliability::error::recovery::Degradation;
use reliability::resilience::breaker::{Settings, Window};
use reliability::resilience::concurrency_limit::{self, Aimd, Gradient2, Priority, Shares, Vegas};
use reliability::resilience::degrade::{Degrade, Measures};
use reliability::resilience::rate_limit::{Algorithm, KeyHash, KeyedRateLimit, Quota};
use reliability::resilience::timeout::{Adaptive, Timeout};
use reliability::resilience::{
    Breaker, Bulkhead, Cache, Chaos, ConcurrencyLimit, Hedge, Layer, Policy, PolicyBuilder,
    RateLimit, Retry, RetryBudget,
};
use reliability::sync::Quantile;
use reliability_macros_core::resilient::{self, limits};

const NANO: Duration = Duration::from_nanos(1);

/// Asserts that a builder takes both ends of the range, and nothing beyond.
#[track_caller]
fn same<T: Copy + Debug>(
    range: RangeInclusive<T>,
    below: impl Fn(T) -> Option<T>,
    above: impl Fn(T) -> T,
    accepts: impl Fn(T) -> bool,
) {
    let (least, most) = (*range.start(), *range.end());
    assert!(accepts(least) && accepts(most), "an end of {range:?} is refused");
    assert!(!accepts(above(most)), "more than {range:?} is taken");
    assert!(!below(least).is_some_and(accepts), "less than {range:?} is taken");
}

#[track_caller]
fn same_count(range: RangeInclusive<u32>, accepts: impl Fn(u32) -> bool) {
    same(range, |least| least.checked_sub(1), |most| most + 1, accepts);
}

#[track_caller]
fn same_duration(range: RangeInclusive<Duration>, accepts: impl Fn(Duration) -> bool) {
    same(range, |least| Some(least - NANO), |most| most + NANO, accepts);
}

/// Whether a breaker takes the settings.
fn breaker(change: impl FnOnce(Settings) -> Settings) -> bool {
    Breaker::builder("limits").settings(change(Settings::standard())).build().is_ok()
}

#[test]
fn ranges_of_a_breaker() {
    same_count(limits::CALLS, |calls| breaker(|to| to.min_calls(calls)));
    same_count(limits::CALLS, |calls| breaker(|to| to.window(Window::count(calls))));
    same_count(limits::CALLS, |calls| {
        breaker(|_| Settings::consecutive().window(Window::consecutive(calls)))
    });
    assert!(breaker(|to| to.failure_rate(limits::SHARE_MIN)));
    assert!(breaker(|to| to.slow_calls(Duration::from_secs(1), limits::SHARE_MIN)));
    assert!(breaker(|to| to.open_jitter(limits::SHARE_MIN)));
    same_count(limits::PROBES, |probes| breaker(|to| to.probes(probes)));
    same_duration(limits::TIME_WINDOW, |length| breaker(|to| to.window(Window::time(length))));
    same_duration(limits::SLOW_AFTER, |after| breaker(|to| to.slow_calls(after, 0.5)));
    same_duration(limits::OPEN_FOR, |period| breaker(|to| to.open_for(period)));
    same_duration(limits::OPEN_FOR, |period| breaker(|to| to.half_open_for(period)));
    same_duration(limits::OPEN_FOR, |longest| breaker(|to| to.open_growth(2.0, longest)));
}

#[test]
fn ranges_of_a_bulkhead() {
    let bulkhead = || Bulkhead::builder("limits");
    same_count(limits::CONCURRENT, |calls| bulkhead().concurrent(calls).build().is_ok());
    same_count(limits::QUEUE, |calls| bulkhead().queue(calls).build().is_ok());
}

#[test]
fn ranges_of_a_rate_limit() {
    let takes = |quota| RateLimit::builder("limits").quota(quota).build().is_ok();
    same_count(limits::PERMITS, |permits| takes(Quota::new(permits, Duration::from_millis(1))));
    same_count(limits::PERMITS, |burst| takes(Quota::per_second(1).burst(burst)));
    same_duration(limits::RATE_PERIOD, |period| takes(Quota::new(1, period)));
    let waits = |wait| RateLimit::builder("limits").wait(wait).build().is_ok();
    let longest = *limits::RATE_WAIT.end();
    assert!(waits(longest) && !waits(longest + NANO) && waits(*limits::RATE_WAIT.start()));
    let large = Quota::per_second(100).burst(1_000_000);
    same_count(limits::LEASES, |leases| {
        // None at all is what the attribute says by leaving it out.
        leases > 0 && RateLimit::builder("limits").quota(large).leases(leases).build().is_ok()
    });
    let keyed =
        |keys| KeyedRateLimit::<KeyHash>::builder("limits").capacity(keys as usize).build().is_ok();
    same_count(limits::RATE_KEYS, keyed);
    let interval = Duration::from_secs(365 * 86_400 / 100);
    let fills = |burst| takes(Quota::new(1, 8 * interval).burst(burst));
    let most = (limits::FILL_MAX.as_nanos() / (8 * interval).as_nanos()) as u32;
    assert!(fills(most) && !fills(most + 1));
}

/// Whether the attribute takes the arguments.
fn compiles(arguments: &str) -> bool {
    let function = "async fn price(tenant: u32) -> Result<u32, Rejected> { Ok(7) }";
    let expansion = resilient::expand(arguments.parse().unwrap(), function.parse().unwrap());
    !expansion.to_string().contains("compile_error")
}

#[test]
fn algorithms_and_bursts_of_a_rate_limit_for_each_key() {
    for algorithm in Algorithm::ALL {
        for burst in [10, 20] {
            let name = algorithm.as_str();
            let attribute =
                format!("rate_limit(\"10/s\", key = tenant, algorithm = {name}, burst = {burst})");
            let builder = KeyedRateLimit::<KeyHash>::builder("limits")
                .quota(Quota::per_second(10).burst(burst))
                .algorithm(algorithm);
            assert_eq!(compiles(&attribute), builder.build().is_ok(), "{attribute}");
        }
    }
}

#[test]
fn ranges_of_chaos() {
    let chaos = || Chaos::builder("limits");
    same_duration(limits::LATENCY, |latency| chaos().latency(latency, 0.5).build().is_ok());
    assert!(chaos().error(limits::SHARE_MIN).hang(limits::SHARE_MIN).build().is_ok());
    assert!(chaos().error(1.0).build().is_ok());
}

#[test]
fn ranges_of_a_cache() {
    let cache = || Cache::builder("limits");
    same_duration(limits::TTL, |ttl| cache().ttl(ttl).build().is_ok());
    let stale = |stale| cache().stale(stale).build().is_ok();
    let longest = *limits::STALE.end();
    assert!(stale(longest) && !stale(longest + NANO) && stale(*limits::STALE.start()));
    let negative = |ttl| cache().negative_permanent(ttl).build().is_ok();
    let longest = *limits::NEGATIVE.end();
    assert!(negative(longest) && !negative(longest + NANO) && negative(*limits::NEGATIVE.start()));
    same_duration(limits::FLIGHT_WAIT, |wait| cache().wait(wait).build().is_ok());
    let takes = |capacity| cache().capacity(capacity).build().is_ok();
    let capacities = limits::CACHE_CAPACITY;
    assert!(takes(*capacities.start()) && takes(*capacities.end()) && !takes(0));
}

#[test]
fn ranges_of_a_concurrency_limit() {
    let limit = || ConcurrencyLimit::builder("limits");
    same_count(limits::CONCURRENT, |calls| limit().max(calls).build().is_ok());
    same_count(limits::CONCURRENT, |calls| limit().min(calls).build().is_ok());
    same_count(limits::CONCURRENT, |calls| limit().initial(calls).build().is_ok());
    same_count(limits::SAMPLES, |calls| limit().samples(calls).build().is_ok());
    same_duration(limits::SAMPLING_WINDOW, |window| limit().window(window).build().is_ok());
    same_duration(limits::SAMPLING_WINDOW_USUAL..=*limits::SAMPLING_WINDOW.end(), |window| {
        limit().window_max(window).build().is_ok()
    });
    let takes = |drop_rate| limit().drop_rate(drop_rate).build().is_ok();
    let Range { start, end } = limits::DROP_RATE;
    assert!(takes(start) && takes(end - 0.01) && !takes(start - 0.01) && !takes(end));
    let [high, normal, low] = limits::SHARES;
    assert_eq!(Shares { high, normal, low }, Shares::standard());
    assert!(limit().share(Priority::Low, limits::SHARE_MIN).build().is_ok());
}

fn limit_by(algorithm: impl Into<concurrency_limit::Algorithm>) -> bool {
    ConcurrencyLimit::builder("limits").algorithm(algorithm).build().is_ok()
}

/// Asserts that a builder takes both ends of the range, and nothing beyond.
#[track_caller]
fn same_number(least: f64, most: f64, accepts: impl Fn(f64) -> bool) {
    assert!(accepts(least) && accepts(most), "an end of {least} to {most} is refused");
    assert!(
        !accepts(least - 0.01) && !accepts(most + 0.01),
        "more than {least} to {most} is taken"
    );
}

#[test]
fn ranges_and_defaults_of_the_algorithms_of_a_concurrency_limit() {
    let aimd = Aimd::standard();
    let Range { start, end } = limits::BACKOFF;
    same_number(start, end - 0.01, |backoff| limit_by(Aimd { backoff, ..aimd }));
    assert!(limit_by(Aimd { timeout: NANO, ..aimd }));

    let vegas = Vegas::standard();
    let (queue, share) = ([vegas.alpha, vegas.beta], [vegas.alpha_share, vegas.beta_share]);
    assert_eq!((queue, share), (limits::VEGAS_QUEUE, limits::VEGAS_QUEUE_SHARE));
    let top = *limits::QUEUED.end();
    same_count(limits::QUEUED, |alpha| limit_by(Vegas { alpha, beta: top, ..vegas }));
    same_count(limits::QUEUED, |beta| limit_by(Vegas { alpha: 1, beta, ..vegas }));
    let (least, most) = (*limits::QUEUED_SHARE.start(), *limits::QUEUED_SHARE.end());
    same_number(least, most, |share| {
        limit_by(Vegas { alpha_share: share, beta_share: 1.0, ..vegas })
    });
    same_number(least, most, |share| {
        limit_by(Vegas { alpha_share: 0.0, beta_share: share, ..vegas })
    });
    same_count(limits::LONG, |calls| limit_by(Vegas { probe_every: calls, ..vegas }));

    let gradient2 = Gradient2::standard();
    let (least, most) = (*limits::TOLERANCE.start(), *limits::TOLERANCE.end());
    same_number(least, most, |tolerance| limit_by(Gradient2 { tolerance, ..gradient2 }));
    same_count(limits::QUEUED, |queue| limit_by(Gradient2 { queue, ..gradient2 }));
    same_count(limits::LONG, |windows| limit_by(Gradient2 { long_window: windows, ..gradient2 }));

    for part in [limits::SHARE_MIN, 1.0] {
        assert!(limit_by(Vegas { smoothing: part, ..vegas }));
        assert!(limit_by(Vegas { no_load_smoothing: part, ..vegas }));
        assert!(limit_by(Vegas { probe_share: part, ..vegas }));
        assert!(limit_by(Gradient2 { smoothing: part, ..gradient2 }));
    }
}

/// What goes together, and what does not, where the rest is as it is when nothing is said.
#[test]
fn combinations_of_a_concurrency_limit() {
    let limit = || ConcurrencyLimit::builder("limits");
    let with = |vegas: Vegas| limit().algorithm(vegas).build().is_ok();
    let vegas = Vegas::standard();
    let millis = Duration::from_millis;
    let table = [
        ("vegas(alpha = 6)", with(Vegas { alpha: 6, ..vegas })),
        ("vegas(alpha = 7)", with(Vegas { alpha: 7, ..vegas })),
        ("vegas(beta = 2)", with(Vegas { beta: 2, ..vegas })),
        ("vegas(alpha = 7, beta = 7)", with(Vegas { alpha: 7, beta: 7, ..vegas })),
        ("vegas(alpha_share = 0.3)", with(Vegas { alpha_share: 0.3, ..vegas })),
        ("vegas(beta_share = 0.05)", with(Vegas { beta_share: 0.05, ..vegas })),
        ("vegas(alpha_share = 0)", with(Vegas { alpha_share: 0.0, ..vegas })),
        ("shares(low = 0.8)", limit().share(Priority::Low, 0.8).build().is_ok()),
        ("shares(low = 0.9)", limit().share(Priority::Low, 0.9).build().is_ok()),
        ("shares(high = 0.7)", limit().share(Priority::High, 0.7).build().is_ok()),
        ("shares(normal = 0.95)", limit().share(Priority::Normal, 0.95).build().is_ok()),
        ("window = \"2s\"", limit().window(millis(2_000)).build().is_ok()),
        ("window_max = \"50ms\"", limit().window_max(millis(50)).build().is_ok()),
        ("min = 50, max = 10", limit().min(50).max(10).build().is_ok()),
        ("min = 50", limit().min(50).build().is_ok()),
        ("drop_rate = 1.0", limit().drop_rate(1.0).build().is_ok()),
        ("drop_rate = 0", limit().drop_rate(0.0).build().is_ok()),
    ];
    let mut refused = 0;
    for (text, taken) in table {
        assert_eq!(compiles(&format!("concurrency_limit({text})")), taken, "{text}");
        refused += u32::from(!taken);
    }
    assert_eq!(refused, 10);
}

#[test]
fn ranges_of_a_retry() {
    same_count(limits::ATTEMPTS, |attempts| {
        Policy::builder("limits").retry(Retry::attempts(attempts)).build().is_ok()
    });
    same_count(limits::BUDGET_CAPACITY, |tokens| {
        RetryBudget::builder("limits").capacity(tokens).build().is_ok()
    });
    let smallest = RetryBudget::builder("limits").ratio(limits::BUDGET_RATIO_MIN).build();
    assert_eq!(smallest.unwrap().settings().ratio, limits::BUDGET_RATIO_MIN);
}

#[test]
fn ranges_of_a_hedge() {
    let takes = |hedge| Policy::builder("limits").hedge(hedge).build().is_ok();
    same_count(limits::HEDGES, |hedges| takes(Hedge::standard().max(hedges)));
    same_duration(limits::HEDGE_AFTER, |delay| takes(Hedge::after(delay)));
    same_duration(limits::HEDGE_AFTER, |delay| takes(Hedge::standard().initial(delay)));
    let quantile = |millionths| Quantile::of(f64::from(millionths) / 1_000_000.0);
    same_count(limits::QUANTILE_MILLIONTHS, |share| takes(Hedge::after(quantile(share))));
}

#[test]
fn ranges_and_defaults_of_an_adaptive_timeout() {
    let usual = Timeout::adaptive(Quantile::P99);
    let takes = |timeout: Adaptive| Policy::builder("limits").timeout(timeout).build().is_ok();
    let quantile = |millionths| Quantile::of(f64::from(millionths) / 1_000_000.0);
    same_count(limits::QUANTILE_MILLIONTHS, |share| takes(Timeout::adaptive(quantile(share))));
    let (least, most) = (*limits::ADAPTIVE_TIMEOUT.start(), *limits::ADAPTIVE_TIMEOUT.end());
    assert!(takes(usual.min(least).max(most)));
    assert!(!takes(usual.min(least - NANO)) && !takes(usual.max(most + NANO)));
    let (least, most) = (*limits::ADAPTIVE_FACTOR.start(), *limits::ADAPTIVE_FACTOR.end());
    assert!(takes(usual.times(least)) && takes(usual.times(most)));
    assert!(!takes(usual.times(least - 0.01)) && !takes(usual.times(most + 0.01)));
    assert_eq!((usual.min, usual.max), (limits::ADAPTIVE_MIN, limits::ADAPTIVE_MAX));
}

/// A limit that counts per key stands wherever one that does not may stand.
#[test]
fn orders_of_a_rate_limit_for_each_key() {
    let keyed = |builder: PolicyBuilder| {
        builder.keyed_rate_limit(KeyedRateLimit::builder("order").build().unwrap())
    };
    let text = "rate_limit(\"100/s\", key = tenant)";
    for (layer, other) in LAYERS {
        let outside = with(keyed(Policy::builder("order")), layer).build().is_ok();
        assert_eq!(compiles(&format!("{text}, {other}, idempotent")), outside, "outside `{layer}`");
        let inside = keyed(with(Policy::builder("order"), layer)).build().is_ok();
        assert_eq!(compiles(&format!("{other}, {text}, idempotent")), inside, "inside `{layer}`");
        let plain = |builder: PolicyBuilder| builder.rate_limit(RateLimit::standard("order"));
        assert_eq!(outside, with(plain(Policy::builder("order")), layer).build().is_ok());
        assert_eq!(inside, plain(with(Policy::builder("order"), layer)).build().is_ok());
    }
}

const LAYERS: [(Layer, &str); 12] = [
    (Layer::Fallback, "fallback = other"),
    (Layer::Cache, "cache(ttl = \"30s\", key = 7)"),
    (Layer::Deadline, "deadline = \"3s\""),
    (Layer::Degrade, "degrade(when = SEARCH, shed = 0.5)"),
    (Layer::Retry, "retry"),
    (Layer::Breaker, "breaker"),
    (Layer::RateLimit, "rate_limit(\"100/s\")"),
    (Layer::ConcurrencyLimit, "concurrency_limit"),
    (Layer::Bulkhead, "bulkhead(concurrent = 1)"),
    (Layer::Hedge, "hedge"),
    (Layer::Timeout, "timeout = \"1s\""),
    (Layer::Chaos, "chaos(error(rate = 0.5))"),
];

fn with(builder: PolicyBuilder, layer: Layer) -> PolicyBuilder {
    match layer {
        Layer::Fallback => builder.fallback(),
        Layer::Cache => builder.cache(Cache::standard("order")),
        Layer::Deadline => builder.deadline(Duration::from_secs(3)),
        Layer::Degrade => builder.degrade(degrade(Measures::none().shed(0.5))),
        Layer::Retry => builder.retry(Retry::standard()),
        Layer::Breaker => builder.breaker(Breaker::standard("order")),
        Layer::RateLimit => builder.rate_limit(RateLimit::standard("order")),
        Layer::ConcurrencyLimit => builder.concurrency_limit(ConcurrencyLimit::standard("order")),
        Layer::Bulkhead => builder.bulkhead(Bulkhead::builder("order").build().unwrap()),
        Layer::Hedge => builder.hedge(Hedge::standard()),
        Layer::Timeout => builder.timeout(Duration::from_secs(1)),
        Layer::Chaos => builder.chaos(Chaos::builder("order").error(0.5).build().unwrap()),
        other => panic!("`{other}` is missing here"),
    }
}

fn degrade(measures: Measures) -> Degrade {
    Degrade::when(&Degradation::builder("order").levels(2).build().unwrap(), measures)
}

/// What goes together in `degrade`, alone or beside other layers.
#[test]
fn combinations_of_a_degrade() {
    let builder = || Policy::builder("degrade");
    let none = Measures::none();
    let alone = |measures| builder().degrade(degrade(measures)).build().is_ok();
    let retry =
        |measures| builder().degrade(degrade(measures)).retry(Retry::standard()).build().is_ok();
    let answered = |measures| builder().degrade(degrade(measures).answered()).build().is_ok();
    let severe = |measures| builder().degrade(degrade(none).severe(measures)).build().is_ok();
    let table = [
        ("degrade(when = S)", alone(none)),
        ("degrade(when = S, retry = off)", alone(none.without_retries())),
        ("degrade(when = S, retry = off), retry", retry(none.without_retries())),
        ("degrade(when = S, hedge = off), retry", retry(none.without_hedges())),
        ("degrade(when = S, retry = on), retry", retry(none)),
        ("degrade(when = S, concurrency = 0.5)", alone(none.concurrency(0.5))),
        ("degrade(when = S, shed = 1)", alone(none.shed(1.0))),
        ("degrade(when = S, shed = 1.5)", alone(none.shed(1.5))),
        ("degrade(when = S, shed = 0.000001)", alone(none.shed(limits::SHARE_MIN))),
        ("degrade(when = S, shed = 1, answer = f)", answered(none.shed(1.0))),
        (
            "degrade(when = S, shed(below = high), priority = p)",
            alone(none.shed_below(Priority::High)),
        ),
        (
            "degrade(when = S, shed(below = low), priority = p)",
            alone(none.shed_below(Priority::Low)),
        ),
        ("degrade(when = S, severe(shed = 0.5))", severe(none.shed(0.5))),
        ("degrade(when = S, severe(shed = 1))", severe(none.shed(1.0))),
        ("degrade(when = S, severe(retry = off))", severe(none.without_retries())),
    ];
    for (text, taken) in table {
        assert_eq!(compiles(&format!("{text}, idempotent")), taken, "{text}");
    }
    let full =
        "fallback = f, degrade(when = S, shed = 1, concurrency = 1), bulkhead(concurrent = 1)";
    let policy = builder()
        .fallback()
        .degrade(degrade(none.shed(1.0).concurrency(1.0)))
        .bulkhead(Bulkhead::standard("degrade"));
    assert!(compiles(full) && policy.build().is_ok());
    let one_level = Degrade::when(&Degradation::standard("one"), none.shed(0.1));
    let invalid = builder().degrade(one_level.severe(none.shed(0.2))).build().unwrap_err();
    assert_eq!(invalid.setting(), "severe");
}

#[test]
fn orders_of_layers() {
    let mut refused = 0;
    assert_eq!(LAYERS.map(|(layer, _)| layer), Layer::ALL);
    for (outer, outer_text) in LAYERS {
        for (inner, inner_text) in LAYERS {
            let compiles = compiles(&format!("{outer_text}, {inner_text}, idempotent"));
            let builder = with(with(Policy::builder("order"), outer), inner);
            assert_eq!(compiles, builder.build().is_ok(), "`{outer}` outside `{inner}`");
            refused += u32::from(!compiles);
        }
    }
    let inside_of_chaos = 11;
    assert_eq!(refused, 12 + 35 + inside_of_chaos, "each layer twice, and 35 mistakes");
}
