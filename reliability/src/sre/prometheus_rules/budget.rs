//! What is left of a budget.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::objective::{PART, Promise};
use super::record::{self, Over, Range};
use super::rule::{Line, record};
use crate::json::Text;
use crate::sre::{CalendarUnit, Definition, UtcOffset, Window, observe};
use crate::telemetry::prometheus::name;

/// How often what came in a part of a calendar's window is looked at: five times, in five minutes.
const STEP: Duration = Duration::from_secs(60);

impl Promise<'_> {
    /// Rules about the window of the promise; events weigh the same, whenever they came.
    pub(super) fn budget_rules(&self) -> Vec<Line> {
        let over = Over::window(self.definition.window);
        let mut lines = Vec::new();
        match self.definition.window {
            Window::Rolling(length) if self.windows().contains(&length) => {}
            Window::Rolling(length) => lines.extend(self.window_rules(length)),
            Window::Calendar { unit, offset } => lines.extend(self.calendar_rules(unit, offset)),
        }
        let left = format!("1 - {}", self.recorded(&over.burn()));
        lines.push(record(record::BUDGET_REMAINING, left));
        lines
    }

    /// Since the calendar's window began, what came is put together from parts of five minutes.
    fn calendar_rules(&self, unit: CalendarUnit, offset: UtcOffset) -> [Line; 3] {
        let over = Over::Calendar(unit);
        let part = Over::Last(PART);
        let start = format!("{}{{{}}}", record::WINDOW_START, matcher(self.definition));
        let (events, bad, step) = match self.slice() {
            None => {
                let events = self.recorded(&part.events());
                let bad = format!("{} * {events}", self.recorded(&part.error()));
                (events, bad, STEP)
            }
            Some(slice) => {
                let slices = self.recorded(record::SLICE_BAD);
                let last = format!("last_over_time({slices}[{}])", Range(slice));
                (format!("({last} * 0 + 1)"), last, slice)
            }
        };
        // What comes within a part is seen in each step of it.
        let times = if self.slice().is_some() { 1 } else { PART.as_secs() / STEP.as_secs() };
        let since = |what: &str| {
            let (longest, step) = (Range(self.longest()), Range(step));
            let within = format!("(time() > bool scalar({start} @ end()))");
            format!("sum_over_time(({what} * {within})[{longest}:{step}]) / {times}")
        };
        let all = self.recorded(&over.events());
        let seen = self.recorded(record::SEEN_SINCE);
        let known = format!("(time() - clamp_min({seen}, scalar({start})))");
        let length = length(unit, offset);
        let burn = format!(
            "{}\n  * clamp({known} / scalar({length}), 0, 1)\n  / {}",
            self.recorded(&over.error()),
            self.budget()
        );
        [
            record(over.events(), since(&events)),
            record(over.error(), format!("{}\n  / ({all} > 0)", since(&bad))),
            record(over.burn(), burn),
        ]
    }
}

/// When the calendar's window began: one series for all objectives.
pub(super) fn window_start(definition: &Definition) -> Option<Line> {
    let Window::Calendar { unit, offset } = definition.window else { return None };
    let label = (String::from(name::label(observe::NAME)), definition.name.clone().into_owned());
    Some(match record(record::WINDOW_START, start(unit, offset)) {
        Line::Rule { kind, name, expr, annotations, .. } => {
            Line::Rule { kind, name, expr, annotations, labels: Vec::from([label]) }
        }
        line => line,
    })
}

fn matcher(definition: &Definition) -> String {
    format!("{}={}", name::label(observe::NAME), Text(&definition.name))
}

/// The beginning of the unit, in seconds since 1970.
fn start(unit: CalendarUnit, offset: UtcOffset) -> String {
    let local = Local(offset);
    let ahead = i64::from(offset.as_minutes()) * 60;
    let days_before = match unit {
        CalendarUnit::Day => String::from("0"),
        CalendarUnit::Week => format!("(({} + 6) % 7)", local.of("day_of_week")),
        CalendarUnit::Month => format!("({} - 1)", local.of("day_of_month")),
        CalendarUnit::Quarter => {
            format!("({} - 1 - ({}))", local.of("day_of_year"), local.quarter())
        }
    };
    let midnight = format!("floor(vector((time() + {ahead}) / {DAY}))", ahead = Signed(ahead));
    format!("({midnight} - {days_before}) * {DAY} - {}", Signed(ahead))
}

/// The length of the unit that goes on, in seconds: a vector of one.
fn length(unit: CalendarUnit, offset: UtcOffset) -> String {
    let local = Local(offset);
    match unit {
        CalendarUnit::Day => format!("vector({DAY})"),
        CalendarUnit::Week => format!("vector(7 * {DAY})"),
        CalendarUnit::Month => format!("{} * {DAY}", local.of("days_in_month")),
        CalendarUnit::Quarter => {
            let (month, leap) = (local.of("month"), local.leap());
            format!(
                "(90 + {leap} * ({month} < bool 4) + ({month} >= bool 4) + ({month} >= bool 7)) * {DAY}"
            )
        }
    }
}

const DAY: u32 = 86_400;

/// The calendar where clocks are ahead of UTC.
struct Local(UtcOffset);

impl Local {
    fn of(&self, function: &str) -> String {
        let ahead = i64::from(self.0.as_minutes()) * 60;
        format!("{function}(vector(time() + {}))", Signed(ahead))
    }

    /// How many days of the year come before the quarter.
    fn quarter(&self) -> String {
        let (month, leap) = (self.of("month"), self.leap());
        format!(
            "(90 + {leap}) * ({month} >= bool 4) + 91 * ({month} >= bool 7) + 92 * ({month} >= bool 10)"
        )
    }

    /// 1 in a leap year. Of the years that this will see only 2100 is none though 4 divides it.
    fn leap(&self) -> String {
        let year = self.of("year");
        format!("({year} % 4 == bool 0) * ({year} != bool 2100)")
    }
}

/// A number that may follow an operator.
struct Signed(i64);

impl core::fmt::Display for Signed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0 < 0 { write!(f, "({})", self.0) } else { write!(f, "{}", self.0) }
    }
}
