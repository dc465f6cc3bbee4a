//! Rules for Prometheus, by Prometheus' own tool: that it takes them, and that they say what the
//! engine of the process says.

mod calendar;
mod dashboard;
mod history;
mod told;

use std::time::Duration;

use history::{History, Question, Replica, check_rules, test_rules};
use reliability::sre::{Alert, Burn, Definition, Objective, Status, Target, Urgency, Window};

const STEP: Duration = Duration::from_secs(30);
const MINUTE: usize = 2;
const HOUR: usize = 60 * MINUTE;
const HOURS: fn(u32) -> Duration = |hours| Duration::from_secs(3600) * hours;

/// 99.9 % over 30 days.
fn shop() -> Definition {
    let answered = Objective::availability(Target::percent("99.9"));
    Definition::new("shop", Window::days(30)).objective(answered)
}

fn named(name: &'static str, mut definition: Definition) -> Definition {
    definition.name = name.into();
    definition
}

fn history(steps: usize, replicas: impl Into<Vec<Replica>>) -> History {
    History { definition: shop(), step: STEP, steps, replicas: replicas.into() }
}

/// That Prometheus and the engine agree, and answers to questions; gives what the engine says.
#[track_caller]
fn agree(test: &str, history: &History, questions: &[Question]) -> Vec<Status> {
    let statuses = history.statuses();
    let rules = history.rules().to_string();
    check_rules(test, &rules).unwrap();
    let tests = [history.test(&statuses, questions)];
    test_rules(test, &rules, history.step, &tests).unwrap_or_else(|said| panic!("{said}"));
    statuses
}

/// 15 % of the calls fail for ten minutes.
fn incident(step: usize, begins: usize) -> (u64, u64) {
    if (begins + 1..=begins + 10 * MINUTE).contains(&step) { (85, 15) } else { (100, 0) }
}

/// SRE Workbook, chapter 5: by its maths from minute 5.76 to minute 14.52.
#[test]
fn fifteen_per_cent_for_ten_minutes_page_from_the_sixth_to_the_fifteenth_minute() {
    let told = history(2 * HOUR, [Replica::new(|step| incident(step, HOUR))]);
    let statuses = agree("workbook", &told, &[]);
    let paged = told.fired(&statuses, Urgency::Page, HOURS(1));
    assert_eq!(paged, (HOUR + 6 * MINUTE..HOUR + 15 * MINUTE).collect::<Vec<_>>());
    assert!(told.fired(&statuses, Urgency::Page, HOURS(6)).is_empty());
    assert!(told.fired(&statuses, Urgency::Ticket, HOURS(72)).is_empty());
}

/// Nothing fires by the engine, and so, as both agree, by Prometheus.
#[track_caller]
fn is_quiet(history: &History, statuses: &[Status]) {
    for (urgency, hours) in [(Urgency::Page, 1), (Urgency::Page, 6), (Urgency::Ticket, 72)] {
        let fired = history.fired(statuses, urgency, HOURS(hours));
        assert!(fired.is_empty(), "{urgency} over {hours}h: {fired:?}");
    }
}

fn of_shop(record: &str) -> String {
    format!("{record}{{reliability_slo_name=\"shop\",reliability_slo_objective=\"availability\"}}")
}

/// That a comparison holds.
fn holds(step: usize, expr: &str) -> Question {
    Question { step, expr: expr.to_owned(), answers: vec![(of_shop(""), 1.0)] }
}

fn nothing(step: usize, expr: &str) -> Question {
    Question { step, expr: expr.to_owned(), answers: vec![] }
}

#[test]
fn where_nothing_happens_nothing_is_recorded_that_is_not_a_number() {
    // An hour of calls, two of silence, and half an hour of calls again.
    let calls = |step| if step <= HOUR || step > 3 * HOUR { (2_000, 1) } else { (0, 0) };
    let told = history(3 * HOUR + 30 * MINUTE, [Replica::new(calls)]);
    let silent = 2 * HOUR + 30 * MINUTE;
    let mut questions = vec![
        nothing(silent, "slo:burn_rate:ratio_increase1h"),
        nothing(silent, "slo:error:ratio_increase5m"),
        holds(silent, "slo:events:increase1h == bool 0"),
        holds(silent, "slo:budget_remaining:ratio < bool 1"),
        holds(told.steps, "slo:budget_remaining:ratio < bool 1"),
        holds(told.steps, "slo:burn_rate:ratio_increase1h > bool 0"),
    ];
    for step in [1, HOUR, HOUR + 5 * MINUTE, silent, 3 * HOUR + MINUTE, told.steps] {
        questions.extend(told.no_nan(step));
    }
    is_quiet(&told, &agree("idle", &told, &questions));
}

#[test]
fn one_failure_of_three_calls_says_nothing() {
    // One call in two minutes, of which every third fails: thirty in an hour, sixty in two.
    let calls = |step: usize| match step % 12 {
        4 | 8 => (1, 0),
        0 => (0, 1),
        _ => (0, 0),
    };
    let told = history(2 * HOUR + 10 * MINUTE, [Replica::new(calls)]);
    let statuses = agree("few", &told, &[holds(HOUR, "slo:burn_rate:ratio_increase1h > bool 300")]);
    assert!(told.fired(&statuses, Urgency::Page, HOURS(1)).is_empty());
    let enough = told.fired(&statuses, Urgency::Page, HOURS(6));
    assert_eq!(enough.first(), Some(&(2 * HOUR)), "with the sixtieth call");
}

#[test]
fn six_hours_are_not_the_twenty_minutes_that_there_are() {
    // 2 % for twenty minutes: twenty times too fast, if that were all there ever was.
    let calls = |step| if step <= 30 * MINUTE { (98, 2) } else { (100, 0) };
    let told = history(HOUR, [Replica::new(calls).begins(10 * MINUTE)]);
    is_quiet(&told, &agree("young", &told, &[]));
}

#[test]
fn what_burns_too_fast_whatever_was_before_pages_at_once() {
    let told = history(20 * MINUTE, [Replica::new(|_| (85, 15)).begins(5 * MINUTE)]);
    let statuses = agree("new", &told, &[]);
    let paged = told.fired(&statuses, Urgency::Page, HOURS(1));
    assert_eq!(paged.first(), Some(&(5 * MINUTE + 6 * MINUTE)));
}

#[test]
fn errors_at_night_weigh_what_they_are() {
    // Four hours of 2,000 calls a minute, and one with two, half of which fail.
    let calls = |step| if step <= 4 * HOUR { (1_000, 0) } else { (1, 1) };
    let told = history(5 * HOUR, [Replica::new(calls)]);
    let statuses = told.statuses();
    let of_engine = statuses[told.steps].objectives[0].budget.consumed().unwrap();
    let burn = "slo:burn_rate:ratio_increase30d";
    let same = holds(told.steps, &format!("abs({burn} / {of_engine} - 1) < bool 0.000001"));
    // A mean of ratios would have a tenth of all calls bad.
    let few = holds(told.steps, "slo:error:ratio_increase30d < bool 0.00025");
    let statuses = agree("night", &told, &[same, few]);
    assert!(told.fired(&statuses, Urgency::Page, HOURS(6)).is_empty());
}

#[test]
fn a_restart_and_a_second_replica_change_nothing() {
    let bad = |step| incident(step, HOUR);
    // One replica has all errors, and begins again amid them; one comes late.
    let replicas = [
        Replica::new(bad).restarts(HOUR + 4 * MINUTE).restarts(HOUR + 7 * MINUTE),
        Replica::new(|_| (50, 0)),
        Replica::new(|_| (20, 0)).begins(HOUR + 3 * MINUTE),
    ];
    let told = history(HOUR + 30 * MINUTE, replicas);
    let statuses = agree("replicas", &told, &[]);
    let paged = told.fired(&statuses, Urgency::Page, HOURS(1));
    let (first, last) = (*paged.first().unwrap(), *paged.last().unwrap());
    // 15 of 170 from minute 10; that is over when the short window forgets it.
    assert!((HOUR + 9 * MINUTE..=HOUR + 10 * MINUTE).contains(&first), "{first}");
    assert!(last < HOUR + 15 * MINUTE, "{last}");
}

/// Some hours of calls, as a seed has them.
fn random(seed: u64) -> Replica {
    let chance = move |at: usize, of: u64| {
        let mut mixed =
            (seed ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(seed << 32);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % of
    };
    let calls = move |step: usize| {
        let hour = step / 12;
        let all = [0, 1, 7, 60, 400][chance(hour, 5) as usize];
        let share = [0, 0, 2, 13, 170][chance(hour + 1_000, 5) as usize];
        let bad = (all * share + chance(step + 2_000, 1_000)) / 1_000;
        (all - bad.min(all), bad.min(all))
    };
    let replica = Replica::new(calls).begins(chance(3_000, 40) as usize);
    replica.restarts(60 + chance(3_001, 60) as usize)
}

#[test]
fn whatever_happens_both_say_the_same() {
    let hour = HOURS(1);
    let definition = shop()
        .alert(Alert::page(Burn::times("9.7"), hour).short(Duration::from_secs(300)))
        .alert(Alert::ticket(Burn::times("3.1"), 2 * hour).short(Duration::from_secs(600)));
    let step = Duration::from_secs(60);
    let told = |seed: u64| History {
        definition: definition.clone(),
        step,
        steps: 240,
        replicas: (0..=seed % 3).map(|replica| random(seed * 10 + replica)).collect(),
    };
    let (mut tests, mut fired) = (Vec::new(), 0);
    for seed in 1..=8 {
        let told = told(seed);
        let statuses = told.statuses();
        fired += told.fired(&statuses, Urgency::Page, hour).len();
        tests.push(told.test(&statuses, &[]));
    }
    assert!((100..1_800).contains(&fired), "{fired} of 1,920 minutes: nothing to compare");
    let rules = told(1).rules().to_string();
    test_rules("random", &rules, step, &tests).unwrap_or_else(|said| panic!("{said}"));
}
