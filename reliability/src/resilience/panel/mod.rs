//! The policies on the page of `telemetry::dashboard`.

mod history;
mod row;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use crate::resilience::registry::{self, Force};
use crate::telemetry::dashboard::{
    Column, Content, NotDone, Number, Panel, Standing, Submitted, Table, Tile, View, Widget, words,
};
use crate::telemetry::{self, PolicySnapshot};
use history::{History, Rates};

inventory::submit! {
    Submitted { place: 20, panel: &POLICIES }
}

static POLICIES: Policies = Policies { history: Mutex::new(History::new()) };

/// How many policies are shown. The others are counted.
const ROWS: usize = 200;

struct Policies {
    history: Mutex<History>,
}

/// A policy as it is shown.
struct Shown {
    id: String,
    now: PolicySnapshot,
    rates: Rates,
    standing: Standing,
}

impl Panel for Policies {
    fn id(&self) -> &'static str {
        "policies"
    }

    fn title(&self) -> &'static str {
        "Policies"
    }

    fn view(&self) -> View {
        let snapshot = telemetry::snapshot();
        let mut shown = self.judge(snapshot.policies);
        // By standing alone, so that rows do not jump: the order within a standing is that of the code.
        shown.sort_by_key(|it| core::cmp::Reverse(it.standing));
        let standing = shown.iter().map(|it| it.standing).max().unwrap_or(Standing::None);
        let chaos = snapshot.chaos.iter().filter(|chaos| chaos.on).count();
        let standing = if chaos > 0 { standing.max(Standing::Warn) } else { standing };
        let mut view =
            View::new(standing, summary(&shown)).with(Widget::Tiles(tiles(&shown, chaos)));
        let columns = [
            Column::text("Breaker"),
            Column::number("Calls"),
            Column::number("Failing"),
            Column::number("Refused"),
            Column::number("Retries"),
            Column::number("p50"),
            Column::number("p99"),
            Column::number("In flight"),
        ];
        let empty = "No policy yet. Annotate a function with #[resilient(..)], or build a Policy.";
        let mut table = Table::new("Policy", columns.into(), empty);
        let known = registry::entries();
        table.rows = shown.iter().take(ROWS).map(|it| row::row(it, &known)).collect();
        view = view.with(Widget::Table(table));
        match shown.len().saturating_sub(ROWS) {
            0 => view,
            more => view.with(Widget::Note(format!("and {more} more, none of them worse").into())),
        }
    }

    fn act(&self, row: &str, action: &str) -> Result<String, NotDone> {
        let force: Force = action.parse().map_err(|error| NotDone::new(format!("{error}")))?;
        let entries = registry::entries();
        let names = entries.iter().map(|entry| entry.policy().name().as_str());
        let entry = ids(names).position(|id| id == row).and_then(|at| entries.get(at));
        let Some(entry) = entry else {
            return Err(NotDone::new(format!("no policy `{row}` is there any more")));
        };
        force.check(entry.policy()).map_err(|error| NotDone::new(format!("{error}")))?;
        force.apply(entry.policy());
        Ok(format!("{} was told: {}", entry.policy().name(), row::title(force)))
    }
}

impl Policies {
    fn judge(&self, policies: Vec<PolicySnapshot>) -> Vec<Shown> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<String> = ids(policies.iter().map(|policy| policy.name.as_str())).collect();
        history.keep(&ids);
        let shown = ids.into_iter().zip(policies).map(|(id, now)| {
            let rates = history.add(&id, &now);
            let standing = standing(&now, &rates);
            Shown { id, now, rates, standing }
        });
        shown.collect()
    }
}

/// The name, with a number from the second policy of that name on.
fn ids<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    names.map(move |name| {
        let times = seen.entry(name).or_default();
        *times += 1;
        if *times == 1 { name.into() } else { format!("{name}#{times}") }
    })
}

/// Of late one call in ten, or every second one.
const WORTH_A_LOOK: f64 = 0.1;
const BAD: f64 = 0.5;

/// Fewer calls than that are told one by one, and are not bad: a share of three says little.
const FEW: u64 = 10;

fn standing(now: &PolicySnapshot, rates: &Rates) -> Standing {
    let breaker = of_breaker(now);
    let failing = of_failing(rates.failing, rates.ended.0);
    let answers = if now.finished() > 0 { Standing::Ok } else { Standing::None };
    let degraded = if is_degraded(now) { Standing::Warn } else { Standing::None };
    breaker.max(failing).max(answers).max(degraded)
}

fn of_breaker(now: &PolicySnapshot) -> Standing {
    match now.breaker.as_ref().map(|breaker| breaker.state) {
        Some("open") => Standing::Bad,
        Some("half_open" | "forced_open" | "disabled" | "metrics_only") => Standing::Warn,
        _ => Standing::None,
    }
}

fn of_failing(share: Option<f64>, calls: u64) -> Standing {
    match share {
        Some(share) if share >= BAD && calls >= FEW => Standing::Bad,
        Some(share) if share >= WORTH_A_LOOK => Standing::Warn,
        Some(_) => Standing::Ok,
        None => Standing::None,
    }
}

/// A share, or the calls themselves where there are few.
fn share_of(share: Option<f64>, (calls, failed): (u64, u64)) -> Content {
    match share {
        Some(_) if calls < FEW => format!("{failed} of {calls}").into(),
        share => share.map(Number::Share).into(),
    }
}

/// A few names, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.as_slice() {
        [a, b, c, others @ ..] if !others.is_empty() => {
            format!("{a}, {b}, {c} and {} more", others.len())
        }
        few => few.join(", "),
    }
}

fn is_open(now: &PolicySnapshot) -> bool {
    now.breaker.as_ref().is_some_and(|it| matches!(it.state, "open" | "forced_open"))
}

fn is_degraded(now: &PolicySnapshot) -> bool {
    now.degrade.as_ref().is_some_and(|degrade| degrade.level > 0)
}

fn summary(shown: &[Shown]) -> String {
    let of = |standing| shown.iter().filter(move |it| it.standing == standing);
    let bad: Vec<String> = of(Standing::Bad).map(what).collect();
    let looks: Vec<String> = of(Standing::Warn).map(what).collect();
    let looks = match looks.as_slice() {
        [] => None,
        looks => Some(format!("worth a look: {}", listed(looks.iter().map(String::as_str)))),
    };
    let bad = (!bad.is_empty()).then(|| listed(bad.iter().map(String::as_str)));
    match (bad, looks, shown.len()) {
        (.., 0) => "none yet".into(),
        (None, None, 1) => "it is as it should be".into(),
        (None, None, all) => format!("all {all} are as they should be"),
        (Some(bad), Some(looks), _) => format!("{bad}; {looks}"),
        (one, other, _) => one.or(other).unwrap_or_default(),
    }
}

/// Who stands out, and why: `price (breaker open, 73 % fail)`.
fn what(shown: &Shown) -> String {
    let Shown { id, now, rates, .. } = shown;
    let mut why: Vec<String> = Vec::new();
    if let Some(breaker) = now.breaker.as_ref().filter(|_| of_breaker(now) != Standing::None) {
        why.push(format!("breaker {}", words::spoken(breaker.state)));
    }
    match (rates.failing, rates.ended) {
        (Some(share), (calls, failed)) if share >= WORTH_A_LOOK && calls < FEW => {
            why.push(format!("{failed} of {calls} failed"));
        }
        (Some(share), _) if share >= WORTH_A_LOOK => {
            why.push(format!("{:.0}\u{a0}% fail", share * 100.0))
        }
        _ => {}
    }
    if is_degraded(now) {
        why.push("degraded".into());
    }
    if why.is_empty() { id.clone() } else { format!("{id} ({})", why.join(", ")) }
}

fn tiles(shown: &[Shown], chaos: usize) -> Vec<Tile> {
    let mut tiles = if shown.is_empty() { Vec::new() } else { of_calls(shown) };
    let degraded = shown.iter().filter(|it| is_degraded(&it.now)).count();
    if degraded > 0 {
        tiles.push(
            Tile::new("Degraded", Number::Count(degraded as u64))
                .standing(Standing::Warn)
                .hint("policies that do less for a while"),
        );
    }
    if chaos > 0 {
        tiles.push(
            Tile::new("CHAOS IS ON", Number::Count(chaos as u64))
                .standing(Standing::Warn)
                .hint("faults are injected on purpose"),
        );
    }
    tiles
}

fn of_calls(shown: &[Shown]) -> Vec<Tile> {
    let sum = |rate: fn(&Rates) -> f64| shown.iter().map(|it| rate(&it.rates)).sum::<f64>();
    let calls = sum(|rates| rates.calls);
    let failed = sum(|rates| rates.failed);
    let share = (calls > 0.0).then(|| failed / calls);
    let ended = shown.iter().map(|it| it.rates.ended);
    let ended = ended.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let mut tiles = alloc::vec![
        Tile::new("Calls", Number::Rate(calls)).hint("all policies, the last 10 seconds"),
        Tile::new("Failing", share_of(share, ended))
            .standing(of_failing(share, ended.0))
            .hint("an error or a refusal, before any fallback"),
    ];
    if shown.iter().any(|it| it.now.layers.contains(&"fallback")) {
        let asked = Number::Rate(sum(|rates| rates.fallbacks));
        tiles.push(Tile::new("Fell back", asked).hint("failed, and a fallback was asked instead"));
    }
    tiles.push(
        Tile::new("Retries", Number::Rate(sum(|rates| rates.retries)))
            .hint("attempts after the first"),
    );
    tiles.push(breakers_open(shown));
    tiles
}

fn breakers_open(shown: &[Shown]) -> Tile {
    let open = shown.iter().filter(|it| is_open(&it.now));
    let names = listed(open.clone().map(|it| it.id.as_str()));
    let with = shown.iter().filter(|it| it.now.breaker.is_some()).count();
    // What a person has opened is known to that person.
    let by_itself = open.clone().any(|it| of_breaker(&it.now) == Standing::Bad);
    let by_itself = if by_itself { Standing::Bad } else { Standing::Warn };
    let open = open.count();
    let tile = Tile::new("Breakers open", Number::Count(open as u64));
    match (with, open) {
        (0, _) => tile.hint("no policy has one"),
        (with, 0) => tile.standing(Standing::Ok).hint(format!("of {with}")),
        _ => tile.standing(by_itself).hint(names),
    }
}

#[cfg(test)]
mod tests;
