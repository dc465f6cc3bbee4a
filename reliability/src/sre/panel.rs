//! The promises on the page of `telemetry::dashboard`.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use super::promise::window::Length;
use super::{AlertStatus, ObjectiveStatus, Stance, Status, Urgency, Verdict};
use crate::telemetry::dashboard::{
    Cell, Chart, Column, Number, Panel, Row, Series, Standing, Submitted, Table, Tile, Unit, View,
    Widget,
};
use crate::time::{Clock, Instant};

inventory::submit! {
    Submitted { place: 20, panel: &PROMISES }
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
        let mut view = View::new(standing, summary(&all, stance))
            .with(Widget::Tiles(tiles(&all, stance)))
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

fn standing(of: &ObjectiveStatus) -> Standing {
    let firing = |urgency| {
        let fires = |it: &AlertStatus| it.verdict == Verdict::Firing && it.alert.urgency == urgency;
        of.alerts.iter().any(fires)
    };
    let remaining = of.budget.remaining();
    if firing(Urgency::Page) || remaining.is_some_and(|left| left < 0.0) {
        Standing::Bad
    } else if firing(Urgency::Ticket) || of.stance != Stance::Release {
        Standing::Warn
    } else {
        remaining.map_or(Standing::None, |_| Standing::Ok)
    }
}

fn summary(all: &[Status], stance: Stance) -> String {
    let firing = all.iter().flat_map(Status::firing).count();
    let deploy = match stance {
        Stance::Release => "releases may go on",
        Stance::Freeze => "releases are frozen",
        Stance::RollBack => "the last release should be taken back",
    };
    match (all.len(), firing) {
        (0, _) => "nothing was promised".into(),
        (_, 0) => format!("no alert fires; {deploy}"),
        (_, 1) => format!("one alert fires; {deploy}"),
        (_, more) => format!("{more} alerts fire; {deploy}"),
    }
}

fn tiles(all: &[Status], stance: Stance) -> Vec<Tile> {
    let firing = all.iter().flat_map(Status::firing).count() as u64;
    let least = all.iter().filter_map(Status::remaining).min_by(f64::total_cmp);
    let of_least = match least {
        Some(left) if left < 0.0 => Standing::Bad,
        Some(_) => Standing::Ok,
        None => Standing::None,
    };
    let release = match stance {
        Stance::Release => ("allowed", Standing::Ok),
        Stance::Freeze => ("frozen", Standing::Warn),
        Stance::RollBack => ("roll back", Standing::Bad),
    };
    alloc::vec![
        Tile::new("Releases", release.0).standing(release.1),
        Tile::new("Alerts firing", Number::Count(firing)).standing(if firing > 0 {
            Standing::Bad
        } else {
            Standing::Ok
        }),
        Tile::new("Least budget left", least.map(Number::Share)).standing(of_least),
    ]
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
    let firing = of.alerts.iter().filter(|it| it.verdict == Verdict::Firing);
    let loudest = firing.map(|it| it.alert.urgency).max();
    let alerts = match loudest {
        Some(Urgency::Page) => Cell::new("page").standing(Standing::Bad),
        Some(Urgency::Ticket) => Cell::new("ticket").standing(Standing::Warn),
        None => {
            let said = of.alerts.iter().map(|it| it.verdict).find(|it| *it != Verdict::Quiet);
            Cell::new(said.map_or("quiet", Verdict::as_str).to_string())
        }
    };
    let left = of.budget.remaining();
    let left_level =
        if left.is_some() && *standing > Standing::Ok { *standing } else { Standing::None };
    let cells = [
        Cell::new(Number::Share(promised)),
        Cell::new(reading.error_rate().map(|bad| Number::Share(1.0 - bad))),
        Cell::new(left.map(Number::Share)).standing(left_level),
        Cell::new(of.burn().map(|burn| format!("{burn:.1}×"))),
        Cell::new(of.lasts().map(Number::Duration)),
        alerts,
    ];
    let mut row = Row::new(id.clone(), id.clone(), cells.into());
    row.subtitle = Some(format!("{} over {}", of.objective, slo.window).into());
    row.facts = facts(slo, of);
    row
}

type Fact = (Cow<'static, str>, Cow<'static, str>);

fn facts(slo: &Status, of: &ObjectiveStatus) -> Vec<Fact> {
    let counts = of.budget.reading().counts;
    let mut facts: Vec<Fact> = alloc::vec![
        ("counted".into(), format!("{} good, {} bad", counts.good, counts.bad).into()),
        ("excluded".into(), slo.excluded.to_string().into()),
        ("may be bad".into(), format!("{:.0}", of.budget.allowed()).into()),
        ("releases".into(), of.stance.to_string().into()),
    ];
    facts.extend(of.alerts.iter().map(|it| ("alert".into(), it.to_string().into())));
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
        let describe = format!("{id} burns {now:.1} times as fast as it may on average");
        let mut chart =
            Chart::new(format!("{id}: how fast the budget burns"), describe, Unit::Plain);
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
            Series::new(format!("over {}", Length(alert.long.window)), line(|it| it.long)),
            Series::new(format!("over {}", Length(alert.short.window)), line(|it| it.short)),
        ];
        // What no window can do without: a curve that fills the picture may still be nothing.
        chart.limits.push(("1: the budget just lasts".into(), 1.0));
        let limit = alert.alert.burn.as_millionths() as f64 / 1e6;
        // A line far above all others would press them to the ground.
        if moments.iter().any(|it| it.long.max(it.short) * 4.0 > limit) {
            let told = format!("{} above {}", alert.alert.urgency, alert.alert.burn);
            chart.limits.push((told.into(), limit));
        }
        chart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sre::{Definition, GoodAndBad, Objective, Reading, Slo, Target, Window};
    use crate::telemetry::dashboard::Content;

    fn made(name: &'static str) -> Slo {
        let answered = Objective::availability(Target::percent("99"));
        let definition = Definition::new(name, Window::days(30)).objective(answered);
        Slo::new(definition.min_events(0)).expect("is valid")
    }

    fn row_of(slo: &Slo) -> Row {
        let view = PROMISES.view();
        let rows = view.widgets.iter().filter_map(|widget| match widget {
            Widget::Table(table) => Some(&table.rows),
            _ => None,
        });
        let id = format!("{}/availability", slo.name());
        rows.flatten().find(|row| row.id == id).cloned().expect("is shown")
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_no_number() {
        let slo = made("panel-silent");
        let row = row_of(&slo);
        assert_eq!(row.cells[1].content, Content::Nothing);
        assert_eq!(row.cells[2].content, Content::Nothing);
        assert_eq!(row.cells[5].content, Content::from("no data".to_owned()));
    }

    #[test]
    fn a_budget_that_is_used_up_is_bad() {
        let answered = Objective::availability(Target::percent("99"));
        let definition = Definition::new("panel-spent", Window::days(30)).objective(answered);
        let spent = Status::of(&definition, 3, |_, window| {
            let window = window.unwrap_or(Window::days(30).nominal());
            Reading::rolling(window, window, GoodAndBad::new(500, 500))
        });
        let shown: Vec<Shown<'_>> = shown(&spent).collect();
        assert_eq!(shown[0].standing, Standing::Bad);
        let row = row(&shown[0]);
        assert_eq!(row.cells[1].content, Content::Number(Number::Share(0.5)));
        assert_eq!(row.cells[2].standing, Standing::Bad);
        assert_eq!(row.cells[5], Cell::new("page").standing(Standing::Bad));
        assert!(row.facts.iter().any(|(_, value)| value == "500 good, 500 bad"), "{row:?}");
        assert!(summary(&[spent], Stance::RollBack).contains("should be taken back"));
    }
}
