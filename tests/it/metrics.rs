//! What the policies tell in numbers, and whether the guide says it right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reliability::error::{ErrorMonitor, Reason, Rejected};
use reliability::resilience::rate_limit::redis::RedisRateLimit;
use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
use reliability::resilience::{
    Breaker, Bulkhead, Cache, Chaos, ConcurrencyLimit, Hedge, Policy, RateLimit, Retry, resilient,
};
use reliability::telemetry::Attribute;
use reliability::telemetry::metrics::{self, Data, Metric};

const SECOND: Duration = Duration::from_secs(1);

/// The attributes of each point, and its number or count.
fn points(metric: &Metric) -> Vec<(&[Attribute], f64)> {
    match &metric.data {
        Data::Counter(all) => all.iter().map(|it| (&*it.attributes, it.value as f64)).collect(),
        Data::UpDownCounter(all) => {
            all.iter().map(|it| (&*it.attributes, it.value as f64)).collect()
        }
        Data::Gauge(all) => all.iter().map(|it| (&*it.attributes, it.value)).collect(),
        Data::Histogram(all) => all.iter().map(|it| (&*it.attributes, it.count() as f64)).collect(),
        other => panic!("{other:?}"),
    }
}

/// What is told of a name, as `key=value,.. number`, without the name itself.
pub(crate) fn told(metric: &str, of: &str) -> Vec<String> {
    let metrics = metrics::collect();
    let metric = metrics.iter().find(|it| it.name == metric).expect("it is told");
    let mut rows = Vec::new();
    for (attributes, value) in points(metric) {
        let is_name = |it: &&Attribute| it.key.ends_with(".name");
        if attributes.iter().any(|it| is_name(&it) && it.value.as_str() == Some(of)) {
            let rest = attributes.iter().filter(|it| !is_name(it)).map(ToString::to_string);
            rows.push(format!("{} {value}", rest.collect::<Vec<_>>().join(",")).trim().to_owned());
        }
    }
    rows.sort();
    rows
}

/// What a metric says of all points that have those attributes, together.
pub(crate) fn sum(metric: &str, having: &[(&str, &str)]) -> f64 {
    let metrics = metrics::collect();
    let Some(metric) = metrics.iter().find(|it| it.name == metric) else { return 0.0 };
    let has = |attributes: &[Attribute], (key, value): &(&str, &str)| {
        attributes.iter().any(|it| it.key == *key && it.value.as_str() == Some(*value))
    };
    let all = |(attributes, _): &(&[Attribute], f64)| having.iter().all(|it| has(attributes, it));
    points(metric).into_iter().filter(all).map(|(_, value)| value).sum()
}

/// By how much a metric grows, of the points that have one attribute, or of all.
pub(crate) type Grows = (&'static str, Option<(&'static str, &'static str)>, f64);

/// Other tests count meanwhile, so these grow by so much while that is done, or by more.
pub(crate) async fn grows(all: &[Grows], work: impl Future<Output = ()>) {
    let now = || all.iter().map(|(metric, having, _)| sum(metric, having.as_slice()));
    let before: Vec<f64> = now().collect();
    work.await;
    for ((of, before), after) in all.iter().zip(before).zip(now()) {
        assert!(after >= before + of.2, "{of:?}: {before} -> {after}");
    }
}

/// A row of the table in the guide.
#[derive(Debug)]
struct Row {
    kind: String,
    unit: String,
    always: BTreeSet<String>,
    sometimes: BTreeSet<String>,
}

fn documented() -> BTreeMap<String, Row> {
    let guide = super::tidy::read("reliability/src/guide/telemetry.md");
    let plain = |cell: &str| cell.trim_matches(['`', '[', ']', '\\', ' ']).to_owned();
    let mut rows = BTreeMap::new();
    for line in guide.lines().filter(|line| line.starts_with("| `reliability.")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, unit, attributes] = *cells else { continue };
        let (sometimes, always) = attributes
            .split(", ")
            .filter(|attribute| !attribute.is_empty())
            .partition::<Vec<_>, _>(|attribute| attribute.starts_with("\\["));
        let set = |all: Vec<&str>| all.into_iter().map(plain).collect();
        let row = Row {
            kind: kind.to_owned(),
            unit: plain(unit),
            always: set(always),
            sometimes: set(sometimes),
        };
        assert!(rows.insert(plain(name), row).is_none(), "{name} has two rows");
    }
    assert!(rows.len() > 40, "the table is not where it was");
    rows
}

/// Whether a chapter names it, in a table of its own or in a sentence.
fn has_a_chapter(metric: &str) -> bool {
    let name = format!("`{metric}`");
    let chapters = super::tidy::files("reliability/src/guide", &["md"]);
    chapters.iter().any(|chapter| super::tidy::read(chapter).contains(&name))
}

/// Whatever is told by now of those metrics stands in that chapter as it is told: the kind, the unit, the
/// attributes, and the values of those that have few.
pub(crate) fn as_the_chapter_says(chapter: &str, prefix: &str) {
    let guide = super::tidy::read(format!("reliability/src/guide/{chapter}.md"));
    let (metrics, mut complaints) = (metrics::collect(), Vec::new());
    let of_it = || metrics.iter().filter(|metric| metric.name.starts_with(prefix));
    assert!(of_it().count() > 0, "nothing is told of {prefix}");
    for metric in of_it() {
        let begin = format!("| `{}` |", metric.name);
        let row = guide.lines().find(|line| line.starts_with(&begin)).unwrap_or_default();
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, kind, unit, attributes] = *cells else {
            complaints
                .push(format!("{}: has no row with a kind, unit and attributes", metric.name));
            continue;
        };
        let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let words: BTreeSet<String> = quoted(attributes);
        let (always, values): (BTreeSet<_>, BTreeSet<_>) =
            words.into_iter().partition(|word| word.contains('.'));
        let (kind, unit, sometimes) = (kind.to_owned(), unit.replace('`', ""), BTreeSet::new());
        complaints.extend(complaint(&Row { kind, unit, always, sometimes }, metric));
        let of_few =
            |attribute: &&Attribute| attributes.contains(&format!("`{}`: ", attribute.key));
        let told = points(metric).into_iter().flat_map(|(all, _)| all).filter(of_few);
        let told: BTreeSet<_> = told.filter_map(|it| it.value.as_str()).collect();
        let unsaid = told.into_iter().filter(|value| !values.contains(*value));
        complaints.extend(unsaid.map(|value| format!("{}: has the value {value}", metric.name)));
    }
    super::tidy::refuse(&complaints);
}

fn complaint(row: &Row, metric: &Metric) -> Option<String> {
    let (kind, unit) = (metric.data.kind(), &metric.unit);
    if row.kind != kind || row.unit != *unit {
        return Some(format!("{}: is a {kind} in `{unit}`", metric.name));
    }
    if metric.description.is_empty() {
        return Some(format!("{}: has no description", metric.name));
    }
    points(metric).into_iter().find_map(|(attributes, _)| {
        let keys: BTreeSet<_> = attributes.iter().map(|it| it.key.to_string()).collect();
        let known = keys.iter().all(|key| row.always.contains(key) || row.sometimes.contains(key));
        (!known || !row.always.is_subset(&keys)).then(|| format!("{}: has {keys:?}", metric.name))
    })
}

fn everything(name: &'static str) -> Policy {
    let keyed = KeyedRateLimit::builder(name).quota(Quota::per_second(7)).build().unwrap();
    let policy = Policy::builder(name)
        .fallback()
        .cache(Cache::standard(name))
        .deadline(9 * SECOND)
        .retry(Retry::attempts(2))
        .breaker(Breaker::standard(name))
        .keyed_rate_limit(keyed)
        .concurrency_limit(ConcurrencyLimit::standard(name))
        .bulkhead(Bulkhead::standard(name))
        .hedge(Hedge::after(Duration::from_millis(10)))
        .timeout(SECOND)
        .chaos(Chaos::standard(name));
    policy.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_table_of_the_guide_is_what_is_told() {
    let _policy = everything("in-the-table");
    let limit = ConcurrencyLimit::standard("waits-in-the-table");
    let limited = Policy::builder("waits-in-the-table").concurrency_limit(limit).timeout(SECOND);
    let limited = limited.build().unwrap();
    for _ in 0..200 {
        let work = || async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, Rejected>(())
        };
        limited.call(work).await.unwrap();
    }
    let _errors = ErrorMonitor::standard("in-the-table");
    let store = RedisRateLimit::builder("in-the-table", "redis://127.0.0.1:1/");
    let _store = store.quota(Quota::per_second(1)).build().unwrap();

    let documented = documented();
    let metrics = metrics::collect();
    let mut complaints = Vec::new();
    for metric in metrics.iter().filter(|metric| metric.name.starts_with("reliability.")) {
        match documented.get(&*metric.name) {
            None if has_a_chapter(&metric.name) => {}
            None => complaints.push(format!("{}: write a row for it", metric.name)),
            Some(row) => complaints.extend(complaint(row, metric)),
        }
    }
    let told: BTreeSet<_> = metrics.iter().map(|metric| &*metric.name).collect();
    let untold = documented.keys().filter(|name| !told.contains(name.as_str()));
    complaints.extend(untold.map(|name| format!("{name}: is not told")));
    super::tidy::refuse(&complaints);
}

#[tokio::test(start_paused = true)]
async fn calls_are_told_by_how_they_ended() {
    let breaker = Breaker::builder("told").min_calls(2).build().unwrap();
    let policy = Policy::builder("told").breaker(breaker.clone()).timeout(SECOND).build().unwrap();
    let other = Policy::builder("told-too").breaker(breaker).build().unwrap();
    for _ in 0..3 {
        policy.call(|| async { Ok::<_, Rejected>(()) }).await.unwrap();
    }
    let slow = || async {
        tokio::time::sleep(2 * SECOND).await;
        Ok::<_, Rejected>(())
    };
    assert_eq!(policy.call(slow).await.unwrap_err().reason(), Reason::TimedOut);
    let mut dropped = Box::pin(policy.call(slow));
    assert!(is_pending(dropped.as_mut()).await);
    drop(dropped);
    policy.breaker().unwrap().force_open();
    for policy in [&policy, &other, &other] {
        let call = policy.call(|| async { Ok::<_, Rejected>(()) });
        assert_eq!(call.await.unwrap_err().reason(), Reason::BreakerOpen);
    }
    assert_eq!(
        told("reliability.policy.calls", "told"),
        [
            "error.type=breaker_open,reliability.outcome=rejected 1",
            "error.type=cancelled,reliability.outcome=failed 0",
            "error.type=overloaded,reliability.outcome=failed 0",
            "error.type=permanent,reliability.outcome=failed 0",
            "error.type=timed_out,reliability.outcome=rejected 1",
            "error.type=transient,reliability.outcome=failed 0",
            "reliability.outcome=cancelled 1",
            "reliability.outcome=ok 3",
            "reliability.outcome=panicked 0",
        ]
    );
    assert_eq!(told("reliability.policy.duration", "told"), ["6"]);
    // One breaker of two policies.
    assert_eq!(told("reliability.breaker.rejections", "told"), ["3"]);
    let states = told("reliability.breaker.state", "told");
    let on: Vec<_> = states.iter().filter(|row| row.ends_with(" 1")).collect();
    assert_eq!(on, ["reliability.breaker.state=forced_open 1"]);
}

async fn is_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[resilient(key = town, breaker, timeout = "1s")]
async fn told_by_town(town: &str) -> Result<usize, Rejected> {
    Ok(town.len())
}

#[tokio::test]
async fn the_policies_of_all_keys_are_told_together() {
    for town in ["rome", "oslo", "oslo"] {
        assert_eq!(told_by_town(town).await, Ok(4));
    }
    let calls = told("reliability.policy.calls", "told_by_town");
    assert!(calls.contains(&"reliability.outcome=ok 3".to_owned()), "{calls:?}");
    let states = told("reliability.breaker.state", "told_by_town");
    assert!(states.contains(&"reliability.breaker.state=closed 2".to_owned()), "{states:?}");
    let own = metrics::collect();
    let own = own.iter().flat_map(points).flat_map(|(attributes, _)| attributes);
    let mut own = own.filter_map(|it| it.value.as_str());
    assert_eq!(own.find(|name| name.starts_with("told_by_town/")), None);
}

#[test]
fn limits_are_told_by_what_is_used_of_them() {
    let bulkhead = Bulkhead::builder("told-places").concurrent(5).build().unwrap();
    let rate = RateLimit::builder("told-rate").quota(Quota::per_minute(60).burst(10));
    let rate = rate.build().unwrap();
    let policy = Policy::builder("told-limits").rate_limit(rate.clone()).bulkhead(bulkhead.clone());
    let _policy = policy.build().unwrap();
    let _inside = [bulkhead.try_enter().unwrap(), bulkhead.try_enter().unwrap()];
    assert!(rate.check().is_allowed());
    for (metric, of, value) in [
        ("reliability.bulkhead.limit", "told-places", "5"),
        ("reliability.bulkhead.in_use", "told-places", "2"),
        ("reliability.bulkhead.queued", "told-places", "0"),
        ("reliability.rate_limit.limit", "told-rate", "10"),
        ("reliability.rate_limit.rate", "told-rate", "1"),
        ("reliability.rate_limit.remaining", "told-rate", "9"),
    ] {
        assert_eq!(told(metric, of), [value], "{metric}");
    }
}
