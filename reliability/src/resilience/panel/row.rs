use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Rates, Shown};
use crate::error::plural;
use crate::resilience::registry::{Entry, Force};
use crate::telemetry::dashboard::{Action, Cell, Content, Number, Row, Standing, words};
use crate::telemetry::{DegradeSnapshot, PolicySnapshot};

/// A policy as a row; `known` are all policies, whose order is that of the ids.
pub(super) fn row(shown: &Shown, known: &[Entry]) -> Row {
    let Shown { id, now, rates, standing } = shown;
    let number = Number::Rate;
    let lately = &now.attempts;
    let of_attempts = lately.recent > 0;
    let (p50, p99) =
        if of_attempts { (lately.p50, lately.p99) } else { (now.latency.p50, now.latency.p99) };
    let cells = [
        breaker(now),
        Cell::new(number(rates.calls)).history(rates.calls_before.clone()),
        failing(rates, *standing).history(rates.failing_before.clone()),
        Cell::new(number(rates.refused)),
        Cell::new(number(rates.retries)),
        Cell::new(p50.map(took)),
        Cell::new(p99.map(took)),
        Cell::new(inside(now)),
    ];
    let mut row = Row::new(id.clone(), id.clone(), cells.into());
    row.subtitle = (!now.layers.is_empty()).then(|| now.layers.join(" › ").into());
    row.facts = facts(now);
    row.actions = actions(id, known);
    row
}

/// A call that never waited reads no clock, and counts as no time at all.
fn took(duration: Duration) -> Content {
    if duration.is_zero() { "< 1 µs".into() } else { Number::Duration(duration).into() }
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
    Cell::new(words::spoken(breaker.state)).standing(standing)
}

fn failing(rates: &Rates, standing: Standing) -> Cell {
    let cell = Cell::new(super::share_of(rates.failing, rates.ended));
    let stands_out = rates.failing.is_some_and(|share| share >= super::WORTH_A_LOOK);
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

type Fact = (Cow<'static, str>, Content);

/// Everything that was counted, in words.
fn facts(now: &PolicySnapshot) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut add = |name: &'static str, value: Content| facts.push((name.into(), value));
    if let Some(site) = &now.site {
        add("declared at", site.clone().into());
    }
    add("ended well", Number::Count(now.ok).into());
    facts.extend(each("failed", &now.failed));
    facts.extend(each("refused", &now.rejected));
    let counted = [
        ("cancelled by the caller", now.cancelled),
        ("panicked", now.panicked),
        ("retries", now.retries),
        ("retries the budget denied", now.retries_denied),
        ("hedges", now.hedges),
        ("hedges that won", now.hedges_won),
        ("fell back", now.fallbacks),
    ];
    facts.extend(counted_only(&counted));
    let mut add = |name: &'static str, value: Content| facts.push((name.into(), value));
    if let Some(timeout) = now.attempts.timeout {
        add("timeout in force", Number::Duration(timeout).into());
    }
    if let Some(breaker) = &now.breaker {
        for (from, to, times) in &breaker.transitions {
            let (from, to) = (words::spoken(from), words::spoken(to));
            facts.push((format!("breaker {from} → {to}").into(), Number::Count(*times).into()));
        }
    }
    if let Some(degrade) = &now.degrade {
        facts.extend(of_degrade(degrade));
    }
    facts.extend(of_limits(now));
    facts
}

/// One for each kind of it.
fn each(what: &'static str, counts: &[(&'static str, u64)]) -> impl Iterator<Item = Fact> {
    counts.iter().map(move |(kind, count)| {
        (format!("{what}: {}", words::spoken(kind)).into(), Number::Count(*count).into())
    })
}

fn counted_only(counts: &[(&'static str, u64)]) -> impl Iterator<Item = Fact> {
    let counted = counts.iter().filter(|(_, count)| *count > 0);
    counted.map(|(name, count)| ((*name).into(), Number::Count(*count).into()))
}

fn of_degrade(degrade: &DegradeSnapshot) -> Vec<Fact> {
    let mut facts: Vec<Fact> = alloc::vec![("degraded".into(), degraded(degrade).into())];
    facts.extend(each("shed", &degrade.shed));
    facts.extend(counted_only(&[
        ("kept out of the limit", degrade.crowded),
        ("kept out and answered", degrade.answered),
        ("not retried", degrade.not_retried),
    ]));
    facts
}

fn of_limits(now: &PolicySnapshot) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut add = |name: &'static str, value: String| facts.push((name.into(), value.into()));
    let count = words::count;
    if let Some(limit) = &now.rate_limit {
        let quota = format!("{} per {}", limit.permits, words::duration(limit.period));
        let refused = count(limit.rejected);
        add("rate limit", format!("{quota}, {} left, {refused} refused", limit.remaining));
    }
    if let Some(limit) = &now.concurrency_limit {
        let windows = count(limit.windows);
        add("limit found by", format!("{} over {windows} windows", words::spoken(limit.algorithm)));
    }
    if let Some(cache) = &now.cache {
        let found = count(cache.hits + cache.negative_hits + cache.stale);
        let (size, missed) = (count(cache.size), count(cache.misses));
        add("cache", format!("{size} entries, {found} found, {missed} missed"));
    }
    facts
}

/// How far, and how long it was so far.
fn degraded(now: &DegradeSnapshot) -> String {
    let so_far = match now.times {
        0 => "never so far".into(),
        times => {
            let lasted = words::duration(now.lasted);
            format!("{} so far, {lasted} in all", plural(times, "time", "times"))
        }
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
