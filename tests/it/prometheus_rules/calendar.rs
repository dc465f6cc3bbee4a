//! Windows that begin with a day, a week, a month or a quarter.

use std::time::Duration;

use reliability::sre::{
    CalendarUnit, Definition, Objective, PrometheusRules, Target, UtcOffset, Window,
};

use super::history::{History, Replica, check_rules, test_rules};
use super::holds;

fn shop(window: Window) -> Definition {
    let answered = Objective::availability(Target::percent("99.9"));
    Definition::new("shop", window).objective(answered)
}

/// The day of this place begins an hour before that of UTC: a bad hour is forgotten at 23:00.
#[test]
fn the_budget_of_a_day_is_whole_again_with_the_next_one() {
    let step = Duration::from_secs(120);
    let hour = 30;
    let calls = move |at| if (3 * hour..4 * hour).contains(&at) { (990, 10) } else { (1_000, 0) };
    let day = Window::calendar(CalendarUnit::Day).at(UtcOffset::hours(1));
    let history = History {
        definition: shop(day).without_alerts(),
        step,
        steps: 26 * hour,
        replicas: vec![Replica::new(calls)],
    };
    let statuses = history.statuses();
    let left = |at: usize| statuses[at].objectives[0].budget.remaining().unwrap();
    // An hour of 23 with 1 %: of the budget of 24, less than a half.
    assert!((left(22 * hour) - (1.0 - 10.0 / 24.0)).abs() < 0.05, "{}", left(22 * hour));
    assert_eq!(left(23 * hour + 15), 1.0);
    let same = |at: usize| {
        holds(at, &format!("abs(slo:budget_remaining:ratio - {}) < bool 0.01", left(at)))
    };
    let questions = [4 * hour, 10 * hour, 22 * hour, 23 * hour + 15, 26 * hour].map(same);
    let rules = history.rules().to_string();
    check_rules("day", &rules).unwrap();
    let tests = [history.test(&statuses, &questions)];
    test_rules("day", &rules, step, &tests).unwrap_or_else(|said| panic!("{said}"));
}

/// When units begin, by `date -u`, for some days after the first of January 1970; how long a unit is
/// stands in the rule about the rate.
#[test]
fn units_begin_and_end_as_calendars_say() {
    const DAY: u64 = 86_400;
    // Day of 1970 at noon, unit, its first day, and its length.
    let cases = [
        (0, CalendarUnit::Week, -3, 7),
        (40, CalendarUnit::Week, 39, 7),
        (45, CalendarUnit::Day, 45, 1),
        (45, CalendarUnit::Month, 31, 28),
        (45, CalendarUnit::Quarter, 0, 90),
        (100, CalendarUnit::Quarter, 90, 91),
        (272, CalendarUnit::Quarter, 181, 92),
        (300, CalendarUnit::Quarter, 273, 92),
        // 1972 has a 29th of February.
        (789, CalendarUnit::Month, 761, 29),
        (789, CalendarUnit::Quarter, 730, 91),
        (821, CalendarUnit::Quarter, 821, 91),
        (1_095, CalendarUnit::Quarter, 1_004, 92),
    ];
    let mut tests = String::from("  - interval: 1h\n    promql_expr_test:\n");
    for (day, unit, first, length) in cases {
        let definition = shop(Window::calendar(unit)).without_alerts();
        let rules = PrometheusRules::of_definitions([definition]).unwrap().to_string();
        let expr = |after: &str, end: &str| {
            let rest = rules.split(after).nth(1).unwrap();
            rest.split(end).next().unwrap().trim().to_owned()
        };
        let start = expr("window_start:timestamp_seconds\n        expr: |\n", "\n");
        let long = expr("/ scalar(", "), 0, 1)");
        for (expr, value) in [(start, first * DAY as i64), (long, length * DAY as i64)] {
            tests += &format!(
                "      - expr: '{expr}'\n        eval_time: {}h\n        exp_samples: [{{labels: '{{}}', value: {value}}}]\n",
                day * 24 + 12
            );
        }
    }
    let noon = Duration::from_secs(12 * 3600);
    test_rules("units", "groups: []\n", noon, &[tests]).unwrap_or_else(|said| panic!("{said}"));
}
