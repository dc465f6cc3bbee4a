//! The promises on the page of `telemetry::dashboard`.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use super::{Alert, AlertStatus, ObjectiveStatus, Stance, Status, Urgency, Verdict};
use crate::error::plural;
use crate::telemetry::dashboard::{
    Cell, Chart, Column, Content, Number, Panel, Row, Series, Standing, Submitted, Table, Tile,
    Unit, View, Widget, words,
};
use crate::time::{Clock, Instant};

inventory::submit! {
    Submitted { place: 10, panel: &PROMISES }
}

static PROMISES: Promises = Promises { burns: Mutex::new(BTreeMap::new()) };

/// How many objectives are shown, and for how many of them how they burned.
const ROWS: usize = 200;
const CHARTS: usize = 4;

/// Ten minutes of frames.
const MOMENTS: usize = 600;

struct Promises {
    burns: Mutex<BTreeMap<String, VecDeque<Moment>>>,
}

/// How fast an objective burned, in both windows of its first alert.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    long: f64,
    short: f64,
}

/// One objective, as it is shown.
struct Shown<'a> {
    id: String,
    slo: &'a Status,
    of: &'a ObjectiveStatus,
    standing: Standing,
}

impl Panel for Promises {
    fn id(&self) -> &'static str {
        "slos"
    }

    fn title(&self) -> &'static str {
        "Promises"
    }

    fn view(&self) -> View {
        let all: Vec<Status> = super::all().iter().map(super::Slo::status).collect();
        let mut shown: Vec<Shown<'_>> = all.iter().flat_map(shown).collect();
        shown.sort_by_key(|it| core::cmp::Reverse(it.standing));
        self.remember(&shown);
        let standing = shown.iter().map(|it| it.standing).max().unwrap_or(Standing::None);
        let stance = all.iter().map(Status::stance).max().unwrap_or_default();
        let mut view = View::new(standing, summary(&all, &shown, stance))
            .with(Widget::Tiles(tiles(&shown, stance)))
            .with(Widget::Table(table(&shown)));
        for it in shown.iter().filter(|it| it.standing != Standing::None).take(CHARTS) {
            view = view.with(Widget::Chart(self.chart(it)));
        }
        view
    }
}

fn shown(slo: &Status) -> impl Iterator<Item = Shown<'_>> {
    slo.objectives.iter().map(move |of| Shown {
        id: format!("{}/{}", slo.name, of.objective.name),
        slo,
        of,
        standing: standing(of),
    })
}

/// Fewer events than that are told one by one: a share of three says little.
const FEW: u64 = 100;

fn is_few(of: &ObjectiveStatus) -> bool {
    of.budget.reading().counts.total() < FEW
}

/// Whether less was kept than promised, in what was seen. What was not may have been clean, so this
/// fires nothing.
fn is_broken_so_far(of: &ObjectiveStatus) -> bool {
    !is_few(of) && of.budget.reading().counts.bad as f64 > of.budget.allowed()
}

fn firing(of: &ObjectiveStatus, urgency: Urgency) -> bool {
    let fires = |it: &AlertStatus| it.verdict == Verdict::Firing && it.alert.urgency == urgency;
    of.alerts.iter().any(fires)
}

fn standing(of: &ObjectiveStatus) -> Standing {
    let spent = of.budget.remaining().is_some_and(|left| left < 0.0);
    if firing(of, Urgency::Page) || of.stance == Stance::RollBack || spent && !is_few(of) {
        Standing::Bad
    } else if firing(of, Urgency::Ticket) || of.stance != Stance::Release || is_broken_so_far(of) {
        Standing::Warn
    } else if is_few(of) {
        Standing::None
    } else {
        Standing::Ok
    }
}

fn summary(all: &[Status], shown: &[Shown<'_>], stance: Stance) -> String {
    let firing = all.iter().flat_map(Status::firing).count() as u64;
    let deploy = match stance {
        Stance::Release => "releases may go on",
        Stance::Freeze => "releases are frozen",
        Stance::RollBack => "the last release should be taken back",
    };
    let few = shown.iter().filter(|it| is_few(it.of)).count();
    match (shown.len(), firing) {
        (0, _) => "nothing was promised".into(),
        (objectives, 0) if few == objectives => {
            format!("too few events so far to judge; {deploy}")
        }
        (_, 0) if shown.iter().any(|it| is_broken_so_far(it.of)) => {
            format!("less was kept than promised so far, and no alert fires; {deploy}")
        }
        (_, 0) => format!("no alert fires; {deploy}"),
        (_, more) => format!("{}; {deploy}", plural(more, "alert fires", "alerts fire")),
    }
}

fn tiles(shown: &[Shown<'_>], stance: Stance) -> Vec<Tile> {
    if shown.is_empty() {
        return Vec::new();
    }
    let firing =
        shown.iter().filter(|it| it.of.alerts.iter().any(|it| it.verdict == Verdict::Firing));
    let names: Vec<&str> = firing.map(|it| it.id.as_str()).collect();
    let alerts = Tile::new("Alerts", if names.is_empty() { "none fires" } else { "firing" });
    let alerts = match names.as_slice() {
        [] => alerts.standing(Standing::Ok),
        [name] => alerts.standing(Standing::Bad).hint(String::from(*name)),
        [first, others @ ..] => {
            alerts.standing(Standing::Bad).hint(format!("{first}, and {} more", others.len()))
        }
    };
    let (word, standing) = match stance {
        Stance::Release => ("allowed", Standing::Ok),
        Stance::Freeze => ("frozen", Standing::Warn),
        Stance::RollBack => ("roll back", Standing::Bad),
    };
    let of_least = |it: &&Shown<'_>| it.of.budget.remaining().map(|left| (left, it.id.clone()));
    let judged = shown.iter().filter(|it| !is_few(it.of));
    let least = judged.filter_map(|it| of_least(&it)).min_by(|a, b| a.0.total_cmp(&b.0));
    let budget = match least {
        Some((left, id)) => {
            let standing = if left < 0.0 { Standing::Bad } else { Standing::Ok };
            Tile::new("Least budget left", Number::Share(left)).standing(standing).hint(id)
        }
        None => Tile::new("Least budget left", Content::Nothing).hint("too few events so far"),
    };
    let what = "by what is left of the budgets";
    alloc::vec![alerts, budget, Tile::new("Releases", word).standing(standing).hint(what)]
}

fn table(shown: &[Shown<'_>]) -> Table {
    let columns = [
        Column::number("Promised"),
        Column::number("Kept"),
        Column::number("Budget left"),
        Column::number("Burn rate"),
        Column::number("Budget lasts"),
        Column::text("Alerts"),
    ];
    let empty = "Nothing was promised. Write `static CHECKOUT: Slo = reliability::slo! { .. };`.";
    let mut table = Table::new("Objective", columns.into(), empty);
    table.rows = shown.iter().take(ROWS).map(row).collect();
    table
}

fn row(shown: &Shown<'_>) -> Row {
    let Shown { id, slo, of, standing } = shown;
    let reading = of.budget.reading();
    let promised = f64::from(of.objective.target.as_parts_per_billion()) / 1e9;
    let left = of.budget.remaining();
    let said = if left.is_some() && *standing > Standing::Ok { *standing } else { Standing::None };
    let (kept_standing, left_standing) = match is_broken_so_far(of) && *standing == Standing::Warn {
        true => (said, Standing::None),
        false => (Standing::None, said),
    };
    let kept: Content = match (reading.error_rate(), reading.counts) {
        (None, _) => Content::Nothing,
        (Some(_), counts) if is_few(of) => format!("{} of {}", counts.good, counts.total()).into(),
        (Some(bad), _) => Number::Share(1.0 - bad).into(),
    };
    let left: Content = match left {
        Some(_) if is_few(of) && *standing <= Standing::Ok => "too few events".into(),
        left => left.map(Number::Share).into(),
    };
    let cells = [
        Cell::new(Number::Share(promised)),
        Cell::new(kept).standing(kept_standing),
        Cell::new(left).standing(left_standing),
        Cell::new(of.burn().filter(|_| !is_few(of)).map(Number::Times)),
        Cell::new(lasts(slo, of)),
        alerts(of),
    ];
    let mut row = Row::new(id.clone(), id.clone(), cells.into());
    let seen = match reading.is_whole() {
        true => String::new(),
        false => format!(", {} of it seen", words::duration(whole_seconds(reading.seen))),
    };
    row.subtitle = Some(format!("{} over {}{seen}", of.objective, slo.window).into());
    row.facts = facts(slo, of);
    row
}

const fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

/// What lasts for longer than the window is renewed before it ends.
fn lasts(slo: &Status, of: &ObjectiveStatus) -> Content {
    match of.lasts() {
        _ if is_few(of) => Content::Nothing,
        Some(lasts) if lasts >= slo.window.nominal() => {
            format!("> {}", words::duration(slo.window.nominal())).into()
        }
        lasts => lasts.map(Number::Duration).into(),
    }
}

fn alerts(of: &ObjectiveStatus) -> Cell {
    if firing(of, Urgency::Page) {
        return Cell::new("page").standing(Standing::Bad);
    }
    if firing(of, Urgency::Ticket) {
        return Cell::new("ticket").standing(Standing::Warn);
    }
    let said = of.alerts.iter().map(|it| it.verdict).find(|it| *it != Verdict::Quiet);
    Cell::new(said.map_or("quiet", Verdict::as_str))
}

type Fact = (Cow<'static, str>, Content);

fn facts(slo: &Status, of: &ObjectiveStatus) -> Vec<Fact> {
    let counts = of.budget.reading().counts;
    let releases = match of.stance {
        Stance::Release => "allowed",
        Stance::Freeze => "frozen",
        Stance::RollBack => "take the last one back",
    };
    let mut facts: Vec<Fact> = alloc::vec![
        ("good events".into(), Number::Count(counts.good).into()),
        ("bad events".into(), Number::Count(counts.bad).into()),
        ("bad events allowed".into(), Number::Count(of.budget.allowed().round() as u64).into()),
        ("releases".into(), releases.into()),
    ];
    if slo.excluded > 0 {
        facts.push(("events excluded".into(), Number::Count(slo.excluded).into()));
    }
    facts.extend(of.alerts.iter().map(|it| {
        let Alert { long, short, burn, .. } = it.alert;
        let (long, short) = (words::duration(long), words::duration(short));
        let told = format!("burns above {burn}× over {long} and over {short}: {}", it.verdict);
        (format!("alert: {}", it.alert.urgency).into(), told.into())
    }));
    facts.extend(of.left_out.iter().map(|it| ("no alert".into(), it.to_string().into())));
    facts
}

impl Promises {
    fn remember(&self, shown: &[Shown<'_>]) {
        let mut burns = self.burns.lock().unwrap_or_else(PoisonError::into_inner);
        burns.retain(|id, _| shown.iter().any(|it| it.id == *id));
        let at = Clock::coarse().now();
        for it in shown {
            let target = it.of.objective.target;
            let Some(alert) = it.of.alerts.first() else { continue };
            let (Some(long), Some(short)) = (alert.long.burn(target), alert.short.burn(target))
            else {
                continue;
            };
            let moments = burns.entry(it.id.clone()).or_default();
            moments.push_back(Moment { at, long, short });
            if moments.len() > MOMENTS {
                moments.pop_front();
            }
        }
    }

    fn chart(&self, shown: &Shown<'_>) -> Chart {
        let Shown { id, of, .. } = shown;
        let burns = self.burns.lock().unwrap_or_else(PoisonError::into_inner);
        let moments = burns.get(id).into_iter().flatten().copied().collect::<Vec<Moment>>();
        drop(burns);
        let now = of.burn().unwrap_or_default();
        let describe = format!("{id} burns {now:.2} times as fast as it may on average");
        let mut chart =
            Chart::new(format!("{id}: how fast the budget burns"), describe, Unit::Times);
        let Some(alert) = of.alerts.first() else {
            return chart;
        };
        let line = |value: fn(&Moment) -> f64| {
            let start = moments.first().map(|it| it.at);
            let seconds = |it: &Moment| {
                start.map_or(0.0, |start| it.at.saturating_duration_since(start).as_secs_f64())
            };
            moments.iter().map(|it| (seconds(it), value(it))).collect()
        };
        chart.series = alloc::vec![
            Series::new(format!("over {}", words::duration(alert.long.window)), line(|it| it.long)),
            Series::new(
                format!("over {}", words::duration(alert.short.window)),
                line(|it| it.short)
            ),
        ];
        // What no window can do without: a curve that fills the picture may still be nothing.
        chart.limits.push(("1×: the budget just lasts".into(), 1.0));
        let limit = alert.alert.burn.as_millionths() as f64 / 1e6;
        // A line far above all others would press them to the ground.
        if moments.iter().any(|it| it.long.max(it.short) * 4.0 > limit) {
            let told = format!("{} above {}×", alert.alert.urgency, alert.alert.burn);
            chart.limits.push((told.into(), limit));
        }
        chart
    }
}

#[cfg(test)]
mod tests;
