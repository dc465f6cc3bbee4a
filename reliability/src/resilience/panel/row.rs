use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Shown;
use crate::error::plural;
use crate::resilience::registry::{Entry, Force};
use crate::telemetry::dashboard::{Action, Cell, Content, Number, Row, Standing};
use crate::telemetry::{DegradeSnapshot, PolicySnapshot};

/// A policy as a row; `known` are all policies, whose order is that of the ids.
pub(super) fn row(shown: &Shown, known: &[Entry]) -> Row {
    let Shown { id, now, rates, standing } = shown;
    let number = |rate: f64| Number::Rate(rate);
    let lately = &now.attempts;
    let of_attempts = lately.recent > 0;
    let (p50, p99) =
        if of_attempts { (lately.p50, lately.p99) } else { (now.latency.p50, now.latency.p99) };
    let cells = [
        breaker(now),
        Cell::new(number(rates.calls)).history(rates.calls_before.clone()),
        failing(rates.failing, *standing).history(rates.failing_before.clone()),
        Cell::new(number(rates.refused)),
        Cell::new(number(rates.retries)),
        Cell::new(p50.map(Number::Duration)),
        Cell::new(p99.map(Number::Duration)),
        Cell::new(inside(now)),
    ];
    let mut row = Row::new(id.clone(), id.clone(), cells.into());
    row.subtitle = (!now.layers.is_empty()).then(|| now.layers.join(" › ").into());
    row.facts = facts(now);
    row.actions = actions(id, known);
    row
}

fn breaker(now: &PolicySnapshot) -> Cell {
    let Some(breaker) = &now.breaker else {
        return Cell::new(Content::Nothing);
    };
    let standing = match breaker.state {
        "closed" => Standing::Ok,
        "open" => Standing::Bad,
        _ => Standing::Warn,
    };
    Cell::new(breaker.state.replace('_', " ")).standing(standing)
}

fn failing(share: Option<f64>, standing: Standing) -> Cell {
    let cell = Cell::new(share.map(Number::Share));
    let stands_out = share.is_some_and(|share| share >= super::WORTH_A_LOOK);
    if stands_out { cell.standing(standing) } else { cell }
}

fn inside(now: &PolicySnapshot) -> Content {
    let of = |inside: u64, limit: u64| Content::Text(format!("{inside} of {limit}").into());
    match (&now.bulkhead, &now.concurrency_limit) {
        (Some(it), _) if it.queued > 0 => {
            Content::Text(format!("{} of {}, {} wait", it.in_use, it.concurrent, it.queued).into())
        }
        (Some(it), _) => of(it.in_use, it.concurrent),
        (None, Some(it)) => of(it.in_flight, it.limit),
        (None, None) => Content::Nothing,
    }
}

type Fact = (Cow<'static, str>, Cow<'static, str>);

/// Everything that was counted, in words.
fn facts(now: &PolicySnapshot) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut add = |name: &'static str, value: String| facts.push((name.into(), value.into()));
    let listed = |counts: &[(&str, u64)]| {
        let counts = counts.iter().map(|(name, count)| format!("{name} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    };
    if let Some(site) = &now.site {
        add("declared at", site.clone());
    }
    add("ended well", now.ok.to_string());
    for (name, counts) in [("failed", &now.failed), ("refused", &now.rejected)] {
        if !counts.is_empty() {
            add(name, listed(counts));
        }
    }
    for (name, count) in [
        ("cancelled", now.cancelled),
        ("panicked", now.panicked),
        ("retries", now.retries),
        ("retries denied", now.retries_denied),
        ("hedges", now.hedges),
        ("hedges won", now.hedges_won),
        ("fell back", now.fallbacks),
    ] {
        if count > 0 {
            add(name, count.to_string());
        }
    }
    if let Some(timeout) = now.attempts.timeout {
        add("timeout in force", format!("{timeout:?}"));
    }
    if let Some(breaker) = &now.breaker {
        let changes = breaker.transitions.iter();
        let changes = changes.map(|(from, to, times)| format!("{from} → {to}: {times} ×"));
        let changes: Vec<String> = changes.collect();
        if !changes.is_empty() {
            add("breaker", changes.join(", "));
        }
    }
    if let Some(degrade) = &now.degrade {
        add("degraded", degraded(degrade));
        if !degrade.shed.is_empty() {
            add("shed", listed(&degrade.shed));
        }
        for (name, count) in [
            ("kept out of the limit", degrade.crowded),
            ("kept out and answered", degrade.answered),
            ("not retried", degrade.not_retried),
        ] {
            if count > 0 {
                add(name, count.to_string());
            }
        }
    }
    if let Some(limit) = &now.rate_limit {
        let quota = format!("{} per {:?}", limit.permits, limit.period);
        add("rate limit", format!("{quota}, {} left, {} refused", limit.remaining, limit.rejected));
    }
    if let Some(limit) = &now.concurrency_limit {
        add("limit found by", format!("{}, {} windows", limit.algorithm, limit.windows));
    }
    if let Some(cache) = &now.cache {
        let found = cache.hits + cache.negative_hits + cache.stale;
        add("cache", format!("{} entries, {found} found, {} missed", cache.size, cache.misses));
    }
    facts
}

/// How far, and how long it was so far.
fn degraded(now: &DegradeSnapshot) -> String {
    let so_far = match now.times {
        0 => "never so far".into(),
        times => format!("{} so far, {:.1?} in all", plural(times, "time", "times"), now.lasted),
    };
    match now.level {
        0 => format!("not now, by {}; {so_far}", now.name),
        level => format!("to level {level}, by {}; {so_far}", now.name),
    }
}

/// What may be forced upon a policy that has the layer for it.
fn actions(id: &str, known: &[Entry]) -> Vec<Action> {
    let names = known.iter().map(|entry| entry.policy().name().as_str());
    let Some(entry) = super::ids(names).position(|it| it == id).and_then(|at| known.get(at)) else {
        return Vec::new();
    };
    let possible = Force::ALL.iter().filter(|force| force.check(entry.policy()).is_ok());
    possible.map(|force| Action::new(force.as_str(), title(*force), describe(*force))).collect()
}

pub(super) const fn title(force: Force) -> &'static str {
    match force {
        Force::BreakerOpen => "Open the breaker",
        Force::BreakerDisabled => "Disable the breaker",
        Force::BreakerMetricsOnly => "Let the breaker only watch",
        Force::BreakerReset => "Reset the breaker",
        Force::DegradeRaise => "Do less",
        Force::DegradeLift => "Do all again",
        #[cfg(feature = "cache")]
        Force::CacheClear => "Clear the cache",
        #[cfg(feature = "chaos")]
        Force::ChaosOn => "Switch chaos on",
        #[cfg(feature = "chaos")]
        Force::ChaosOff => "Switch chaos off",
    }
}

const fn describe(force: Force) -> &'static str {
    match force {
        Force::BreakerOpen => "all calls are refused until the breaker is reset.",
        Force::BreakerDisabled => "all calls pass and nothing is counted, until it is reset.",
        Force::BreakerMetricsOnly => "calls are judged, and none is refused, until it is reset.",
        Force::BreakerReset => "the breaker closes, forgets, and decides by itself again.",
        Force::DegradeRaise => "things are degraded by one level, for all who follow the switch.",
        Force::DegradeLift => "nothing is degraded any more, until something raises it again.",
        #[cfg(feature = "cache")]
        Force::CacheClear => "all answers are forgotten, so the next calls do the work.",
        #[cfg(feature = "chaos")]
        Force::ChaosOn => "faults are injected on purpose until it is switched off.",
        #[cfg(feature = "chaos")]
        Force::ChaosOff => "no more faults are injected.",
    }
}
