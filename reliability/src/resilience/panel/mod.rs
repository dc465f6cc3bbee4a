//! The policies on the page of `telemetry::dashboard`.

mod history;
mod row;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use crate::resilience::registry::{self, Force};
use crate::telemetry::dashboard::{
    Column, NotDone, Panel, Standing, Submitted, Table, Tile, View, Widget,
};
use crate::telemetry::{self, PolicySnapshot};
use history::{History, Rates};

inventory::submit! {
    Submitted { place: 10, panel: &POLICIES }
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

fn standing(now: &PolicySnapshot, rates: &Rates) -> Standing {
    let breaker = match now.breaker.as_ref().map(|breaker| breaker.state) {
        Some("open") => Standing::Bad,
        Some("half_open" | "forced_open" | "disabled" | "metrics_only") => Standing::Warn,
        _ => Standing::None,
    };
    let failing = rates.failing.map_or(Standing::None, of_failing);
    let answers = if now.finished() > 0 { Standing::Ok } else { Standing::None };
    let degraded = if is_degraded(now) { Standing::Warn } else { Standing::None };
    breaker.max(failing).max(answers).max(degraded)
}

fn of_failing(share: f64) -> Standing {
    match share {
        share if share >= BAD => Standing::Bad,
        share if share >= WORTH_A_LOOK => Standing::Warn,
        _ => Standing::Ok,
    }
}

fn is_degraded(now: &PolicySnapshot) -> bool {
    now.degrade.as_ref().is_some_and(|degrade| degrade.level > 0)
}

fn summary(shown: &[Shown]) -> String {
    let of = |standing| shown.iter().filter(|it| it.standing == standing).count();
    let open = |it: &&Shown| it.now.breaker.as_ref().is_some_and(|b| b.state == "open");
    let open = shown.iter().filter(open).count();
    let degraded = shown.iter().filter(|it| is_degraded(&it.now)).count();
    let told = [
        (of(Standing::Bad), "bad"),
        (of(Standing::Warn), "worth a look"),
        (degraded, "degraded"),
        (open, if open == 1 { "breaker open" } else { "breakers open" }),
    ];
    let told: Vec<String> = told
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match (told.len(), shown.len()) {
        (_, 0) => "there is none".into(),
        (0, 1) => "it is as it should be".into(),
        (0, all) => format!("all {all} are as they should be"),
        (_, all) => format!("of {all}: {}", told.join(", ")),
    }
}

fn tiles(shown: &[Shown], chaos: usize) -> Vec<Tile> {
    use crate::telemetry::dashboard::Number;

    let sum = |rate: fn(&Rates) -> f64| shown.iter().map(|it| rate(&it.rates)).sum::<f64>();
    let calls = sum(|rates| rates.calls);
    let failed = sum(|rates| rates.failed);
    let share = (calls > 0.0).then(|| failed / calls);
    let open = |it: &&Shown| it.now.breaker.as_ref().is_some_and(|b| b.state == "open");
    let open = shown.iter().filter(open).count() as u64;
    let mut tiles = alloc::vec![
        Tile::new("Calls", Number::Rate(calls)).hint("all policies, the last 10 seconds"),
        Tile::new("Failing", share.map(Number::Share))
            .standing(share.map_or(Standing::None, of_failing))
            .hint("an error or a refusal, before any fallback"),
        Tile::new("Retries", Number::Rate(sum(|rates| rates.retries))),
        Tile::new("Breakers open", Number::Count(open)).standing(if open > 0 {
            Standing::Bad
        } else {
            Standing::Ok
        }),
    ];
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

#[cfg(test)]
mod tests;
