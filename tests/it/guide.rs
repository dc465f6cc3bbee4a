//! The chapters of the layers: built alike, with the defaults and the metrics that the code has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reliability::error::ErrorMonitor;
use reliability::error::recovery::Degradation;
use reliability::resilience::concurrency_limit::{self, Priority};
use reliability::resilience::hedge::After;
use reliability::resilience::rate_limit::{self, KeyedRateLimit};
use reliability::resilience::timeout::Timeout;
use reliability::resilience::{
    Bulkhead, Chaos, Hedge, Layer, Policy, RateLimit, Retry, RetryBudget, breaker, cache, retry,
};
use reliability::sync::Quantile;

/// The chapter that a layer has.
fn chapter(layer: Layer) -> &'static str {
    match layer {
        Layer::Fallback => "fallbacks",
        Layer::Cache => "caching",
        Layer::Deadline | Layer::Timeout => "timeouts",
        Layer::Degrade => "degradation",
        Layer::Retry => "retries",
        Layer::Breaker => "breakers",
        Layer::RateLimit => "rate_limiting",
        Layer::ConcurrencyLimit => "adaptive_concurrency",
        Layer::Bulkhead => "bulkheads",
        Layer::Hedge => "hedging",
        Layer::Chaos => "chaos",
        other => panic!("`{other}` has no chapter"),
    }
}

/// The chapters of all layers, and the one that is built like them.
fn chapters() -> BTreeSet<&'static str> {
    Layer::ALL.into_iter().map(chapter).chain(["errors"]).collect()
}

fn text_of(chapter: &str) -> String {
    super::tidy::read(format!("reliability/src/guide/{chapter}.md"))
}

/// What stands below a heading of the chapter, outside of its code.
fn part(chapter: &str, heading: &str) -> Option<String> {
    let text = text_of(chapter);
    let (mut inside, mut in_code, mut found) = (false, false, None::<String>);
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        match line.strip_prefix("# ").filter(|_| !in_code) {
            Some(title) => inside = title == heading,
            None if inside => {
                let found = found.get_or_insert_default();
                found.push_str(line);
                found.push('\n');
            }
            None => {}
        }
    }
    found
}

/// The first two cells of each row of the first table.
fn rows(part: &str) -> BTreeMap<String, String> {
    let mut table = part.lines().skip_while(|line| !line.starts_with('|'));
    let table = table.by_ref().take_while(|line| line.starts_with('|')).skip(2);
    table
        .map(|row| {
            let mut cells = row.split('|').skip(1).map(str::trim);
            let mut cell = || cells.next().unwrap_or_default().to_owned();
            (cell(), cell())
        })
        .collect()
}

fn none_if(none: bool) -> String {
    if none { "none".into() } else { "something".into() }
}

/// As the chapters write it: `5 s`, `100 ms`.
fn time(of: Duration) -> String {
    if of.subsec_millis() > 0 {
        format!("{} ms", of.as_millis())
    } else {
        format!("{} s", of.as_secs())
    }
}

/// As the chapters write it: `10,000`.
fn thousands(number: u32) -> String {
    let (thousands, rest) = (number / 1_000, number % 1_000);
    if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") }
}

type Defaults = Vec<(&'static str, String)>;

fn of_breaker() -> Defaults {
    let it = breaker::Settings::standard();
    let breaker::Window::Count(calls) = it.window else { panic!("{:?}", it.window) };
    let growth = none_if((it.open_growth, it.open_jitter) == (1.0, 0.0));
    vec![
        ("`window`", format!("the last {calls} calls")),
        ("`failure_rate`", it.failure_rate.to_string()),
        ("`min_calls`", it.min_calls.to_string()),
        ("`slow_calls`", none_if(it.slow_calls.is_none())),
        ("`open_for`", time(it.open_for)),
        ("`open_growth`, `open_jitter`", growth),
        ("`probes`", it.probes.to_string()),
        ("`half_open_for`", time(it.half_open_for)),
    ]
}

fn of_bulkhead() -> Defaults {
    let it = Bulkhead::standard("default").settings();
    vec![
        ("`concurrent`", format!("{} by hand", it.concurrent)),
        ("`queue`", Bulkhead::DEFAULT_QUEUE.to_string()),
        ("`wait`", time(it.wait)),
        ("`shed`", none_if(it.shed.is_none())),
    ]
}

fn of_retry() -> Defaults {
    let it = retry::Settings::standard();
    assert_eq!(it.backoff.to_string(), "exponential from 100ms, up to 10s, full jitter");
    let (ratio, capacity) = (RetryBudget::DEFAULT_RATIO, RetryBudget::DEFAULT_CAPACITY);
    let policy = Policy::builder("default").retry(Retry::standard()).build().unwrap();
    let budget = none_if(policy.retry_budget().is_none());
    vec![
        ("`attempts`", format!("{},", it.attempts)),
        ("`backoff`", r#"`exponential("100ms", max = "10s")`"#.into()),
        ("`jitter`", "`full`".into()),
        ("`budget`", format!("{budget}; a ratio of {ratio} and a capacity of {capacity} where")),
        ("`retry_after_max`", format!("{} s", it.retry_after_max.as_secs())),
    ]
}

fn of_hedge() -> Defaults {
    let policy = Policy::builder("default").hedge(Hedge::standard()).build().unwrap();
    let it = policy.settings().hedge.unwrap();
    let After::Quantile(quantile) = it.after else { panic!("{:?}", it.after) };
    let budget = policy.retry_budget().unwrap().settings();
    assert_eq!(budget.capacity, RetryBudget::DEFAULT_CAPACITY);
    vec![
        ("`after`", format!("`{quantile}`")),
        ("`max`", it.max.to_string()),
        ("`initial`", none_if(it.initial.is_none())),
        ("`budget`", "the one of `retry`; a default one".into()),
    ]
}

fn of_timeout() -> Defaults {
    let it = Timeout::adaptive(Quantile::P99);
    vec![
        ("quantile", "required".into()),
        ("factor", format!("{},", it.factor)),
        ("`min`", time(it.min)),
        ("`max`", time(it.max)),
    ]
}

fn of_cache() -> Defaults {
    let it = cache::Settings::standard();
    vec![
        ("`ttl`", format!("{} by hand", time(it.ttl))),
        ("`stale`", none_if(it.stale.is_zero())),
        ("`negative`", none_if(it.negative == cache::Negative::default())),
        ("`capacity`", format!("{} answers", thousands(it.capacity))),
        ("`wait`", time(it.wait)),
        ("`refresh_pause`", time(it.refresh_pause)),
        ("`refresh`", "inline".into()),
    ]
}

fn of_concurrency_limit() -> Defaults {
    let it = concurrency_limit::Settings::standard();
    let shares = format!("{}, {}, {}", it.shares.high, it.shares.normal, it.shares.low);
    vec![
        ("algorithm", format!("`{}`", it.algorithm.as_str())),
        ("`min`", it.min.to_string()),
        ("`initial`", it.initial.to_string()),
        ("`max`", it.max.to_string()),
        ("`window`", time(it.window)),
        ("`samples`", it.samples.to_string()),
        ("`window_max`", time(it.window_max)),
        ("`drop_rate`", it.drop_rate.to_string()),
        ("`shares`", shares),
        ("`priority`", Priority::default().as_str().into()),
    ]
}

fn of_rate_limit() -> Defaults {
    let it = rate_limit::Settings::standard();
    assert_eq!((it.quota.permits, it.quota.period), (it.quota.burst, Duration::from_secs(1)));
    let capacity = u32::try_from(KeyedRateLimit::<u64>::DEFAULT_CAPACITY).unwrap();
    vec![
        ("the rate", format!("{} a second by hand", it.quota.permits)),
        ("`burst`", "as many as the rate says".into()),
        ("`algorithm`", format!("`{}`", RateLimit::standard("default").algorithm())),
        ("`wait`", none_if(it.wait.is_none())),
        ("`key`", "none".into()),
        ("`capacity`", format!("{} keys", thousands(capacity))),
        ("`leases`", "none".into()),
        ("clock", "precise".into()),
    ]
}

fn of_chaos() -> Defaults {
    let it = Chaos::builder("default").error(0.0).build();
    assert!(it.is_err(), "what can do nothing is refused");
    let it = Chaos::builder("default").error(0.1).build().unwrap();
    assert!(!it.is_on());
    let rates = [it.settings().latency_rate, it.settings().hang_rate];
    vec![
        ("the switch", "off".into()),
        ("rates", if rates == [0.0, 0.0] { "0".into() } else { format!("{rates:?}") }),
        ("`seed`", "random".into()),
        ("the feature", "not in `full`".into()),
    ]
}

fn of_degrade() -> Defaults {
    let it = Degradation::standard("default");
    let levels = it.raise_to(u8::MAX);
    let lasts = it.snapshot().remaining.unwrap().as_secs_f64().round();
    let kept_out = "[`Reason::Degraded`](crate::error::Reason::Degraded), overloaded";
    vec![
        ("measures", "none".into()),
        ("levels of a degradation", levels.to_string()),
        ("it lasts", format!("{lasts} s")),
        ("what a kept-out call gets", kept_out.into()),
        ("when it is decided", "once".into()),
    ]
}

fn defaults(chapter: &str) -> Option<Defaults> {
    Some(match chapter {
        "breakers" => of_breaker(),
        "bulkheads" => of_bulkhead(),
        "retries" => of_retry(),
        "hedging" => of_hedge(),
        "timeouts" => of_timeout(),
        "caching" => of_cache(),
        "adaptive_concurrency" => of_concurrency_limit(),
        "rate_limiting" => of_rate_limit(),
        "chaos" => of_chaos(),
        "degradation" => of_degrade(),
        // Of a fallback they are words; those of components are private.
        _ => return None,
    })
}

#[test]
fn every_chapter_of_a_layer_has_all_its_parts() {
    let parts =
        ["In short", "Defaults, and why", "What is guaranteed", "What it emits", "Do and do not"];
    for chapter in chapters() {
        for heading in parts {
            assert!(part(chapter, heading).is_some(), "`{chapter}` has no \"{heading}\"");
        }
        let first = text_of(chapter).lines().next().unwrap_or_default().to_owned();
        assert!(!first.starts_with('#'), "`{chapter}` does not begin with what it is for");
    }
}

#[test]
fn the_defaults_in_the_chapters_are_those_of_the_code() {
    for chapter in chapters() {
        let Some(defaults) = defaults(chapter) else { continue };
        let mut rows = rows(&part(chapter, "Defaults, and why").unwrap());
        for (setting, default) in defaults {
            let row = rows.remove(setting);
            let row = row.unwrap_or_else(|| panic!("`{chapter}` has no row for {setting}"));
            let rest = row.strip_prefix(&default);
            let whole = rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
            assert!(whole, "`{chapter}` says `{row}` of {setting}, which is `{default}`");
        }
        assert!(rows.is_empty(), "`{chapter}`: nobody looks whether this holds: {rows:?}");
    }
    let errors = rows(&part("errors", "Defaults, and why").unwrap());
    let kinds = &errors["kinds that a monitor keeps"];
    assert_eq!(*kinds, ErrorMonitor::DEFAULT_CAPACITY.to_string());
}

/// Where the metrics are told that begin like this.
const METRICS: [(&str, &str); 18] = [
    ("reliability.policy.retries", "retries"),
    ("reliability.policy.denied_retries", "retries"),
    ("reliability.retry_budget.", "retries"),
    ("reliability.policy.hedges", "hedging"),
    ("reliability.policy.won_hedges", "hedging"),
    ("reliability.policy.denied_hedges", "hedging"),
    ("reliability.policy.hedge_delay", "hedging"),
    ("reliability.policy.fallbacks", "fallbacks"),
    ("reliability.policy.timeout", "timeouts"),
    ("reliability.policy.attempt.", "timeouts"),
    ("reliability.degradation.", "degradation"),
    ("reliability.degrade.", "degradation"),
    ("reliability.breaker.", "breakers"),
    ("reliability.bulkhead.", "bulkheads"),
    ("reliability.concurrency_limit.", "adaptive_concurrency"),
    ("reliability.rate_limit.", "rate_limiting"),
    ("reliability.cache.", "caching"),
    ("reliability.chaos.", "chaos"),
];

/// The metrics of the table of all metrics, and the events of the table of all events.
fn known() -> (BTreeSet<String>, BTreeSet<String>) {
    let first_cell = |row: &str| row.split('`').nth(1).unwrap_or_default().to_owned();
    let guide = text_of("telemetry");
    let metrics = guide.lines().filter(|line| line.starts_with("| `reliability."));
    let events = super::tidy::read("reliability/src/telemetry/mod.rs");
    let events = events.lines().filter(|line| line.starts_with("//! | `reliability."));
    (metrics.map(first_cell).collect(), events.map(first_cell).collect())
}

/// The names between backticks: `` `reliability.chaos.on`, `.injections` `` are two of one module.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let mut module = String::new();
        for word in line.split('`').skip(1).step_by(2) {
            let word = word.split(' ').next().unwrap_or_default();
            if word.starts_with("reliability.") {
                module = word.rsplit_once('.').unwrap_or_default().0.to_owned();
                names.insert(word.to_owned());
            } else if word.starts_with('.') && !module.is_empty() {
                names.insert(format!("{module}{word}"));
            }
        }
    }
    names
}

#[test]
fn each_metric_of_a_layer_is_told_in_its_chapter() {
    let (metrics, _) = known();
    for metric in &metrics {
        let of = METRICS.iter().find(|(prefix, _)| metric.starts_with(prefix));
        let Some((_, chapter)) = of else { continue };
        let told = names(&part(chapter, "What it emits").unwrap());
        assert!(told.contains(metric), "`{chapter}` does not say that there is `{metric}`");
    }
    let errors = names(&part("errors", "What it emits").unwrap());
    let of_errors = metrics.iter().filter(|metric| metric.starts_with("reliability.errors."));
    assert!(
        of_errors.count() > 0
            && metrics.iter().all(|metric| {
                !metric.starts_with("reliability.errors.") || errors.contains(metric)
            })
    );
}

#[test]
fn what_the_chapters_name_is_emitted() {
    let (metrics, events) = known();
    for chapter in chapters() {
        for name in names(&part(chapter, "What it emits").unwrap()) {
            let attribute = ["reliability.reason", "reliability.retry_after_ms"];
            let is_known = metrics.contains(&name) || events.contains(&name);
            assert!(is_known || attribute.contains(&&*name), "`{chapter}`: `{name}`?");
        }
    }
}

#[test]
fn parts_rows_and_names_are_read() {
    let table = "Words.\n\n| a | b | c |\n|---|---|---|\n| `x` | 5 s | why |\n\n| other | d |\n";
    assert_eq!(rows(table), BTreeMap::from([("`x`".into(), "5 s".into())]));
    let told = names("| `reliability.chaos.on`, `.injections` | `.not_this`\n`.nor_this`");
    let expected =
        ["reliability.chaos.injections", "reliability.chaos.not_this", "reliability.chaos.on"];
    assert_eq!(told, expected.map(String::from).into());
    assert_eq!(part("chaos", "In the middle of nowhere"), None);
    assert_eq!(time(Duration::from_millis(100)), "100 ms");
    assert_eq!(thousands(10_000), "10,000");
}
