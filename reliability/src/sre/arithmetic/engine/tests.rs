use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::sre::{Burn, CalendarUnit, Stance, Status, Target, UtcOffset, Verdict};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn sums(counts: GoodAndBad) -> Sums {
    let mut sums = Sums::default();
    sums.objectives[0] = counts;
    sums
}

fn at(millis: u64) -> Moment {
    Moment { millis, unix_seconds: 1_700_000_000 + (millis / 1_000) as i64 }
}

fn availability(target: &'static str) -> Definition {
    Definition::new("a", Window::days(30))
        .objective(Objective::availability(Target::percent(target)))
}

/// An engine with a history of so long without errors, and what it is fed with.
struct Story {
    definition: Definition,
    engine: Engine,
    counted: GoodAndBad,
    millis: u64,
}

impl Story {
    fn new(definition: Definition) -> Self {
        let engine = Engine::new(&definition, at(0));
        Self { definition, engine, counted: GoodAndBad::default(), millis: 0 }
    }

    /// So many good and bad events a step, until that much time has gone by.
    fn go_on(&mut self, millis: u64, step: u64, good: u64, bad: u64) -> Status {
        for _ in 0..millis / step {
            self.millis += step;
            self.counted += GoodAndBad::new(good, bad);
            self.engine.step(&self.definition, at(self.millis), &sums(self.counted));
        }
        self.status()
    }

    fn status(&self) -> Status {
        Status::read(&self.definition, &self.engine)
    }
}

fn verdicts(status: &Status) -> Vec<Verdict> {
    status.objectives[0].alerts.iter().map(|alert| alert.verdict).collect()
}

fn pages(status: &Status) -> bool {
    status.firing().any(|(_, alert)| alert.alert.urgency == crate::sre::Urgency::Page)
}

/// When alerts page, in seconds after the errors begin: first and last, at one second's resolution.
fn paged(story: &mut Story, bad_seconds: u64, good: u64, bad: u64) -> Option<(u64, u64)> {
    let (mut first, mut last) = (None, None);
    for second in 1..=1_800 {
        let (good, bad) = if second <= bad_seconds { (good, bad) } else { (good + bad, 0) };
        if pages(&story.go_on(1_000, 1_000, good, bad)) {
            first = first.or(Some(second));
            last = Some(second);
        }
    }
    first.zip(last)
}

/// SRE Workbook, chapter 5: 15 % errors for 10 minutes, closed form 5.76 and 14.52 minutes.
#[test]
fn the_story_of_the_workbook_pages_between_minute_5_76_and_14_52() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(4 * DAY, MINUTE, 6_000, 0);
    story.go_on(2 * HOUR, 1_000, 100, 0);
    let (first, last) = paged(&mut story, 600, 85, 15).expect("it pages");
    // 345.6 s and 871.2 s; a window of an hour is up to 30 s longer, one of 5 minutes up to 2.5 s.
    assert!((346..=349).contains(&first), "{first}");
    assert!((871..=875).contains(&last), "{last}");
    assert!(story.status().firing().next().is_none(), "no ticket either");
}

/// Usual rules take what there is for the whole window: with two hours of history they page at 5.5
/// minutes and still at 20, because six hours became two.
#[test]
fn little_history_is_no_shorter_window() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(2 * HOUR, 1_000, 100, 0);
    let (first, last) = paged(&mut story, 600, 85, 15).expect("it pages");
    assert!((346..=349).contains(&first), "{first}");
    assert!((871..=875).contains(&last), "{last}");
}

/// The same with a day: three days became one, and that made a ticket.
#[test]
fn a_day_of_history_makes_no_false_ticket() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(DAY, MINUTE, 6_000, 0);
    let mut tickets = 0;
    for second in 1..=1_800 {
        let (good, bad) = if second <= 600 { (85, 15) } else { (100, 0) };
        let status = story.go_on(1_000, 1_000, good, bad);
        let fires =
            |alert: &crate::sre::AlertStatus| alert.alert.urgency == crate::sre::Urgency::Ticket;
        tickets += status.firing().filter(|(_, alert)| fires(alert)).count();
    }
    assert_eq!(tickets, 0);
    assert_eq!(verdicts(&story.status())[2], Verdict::NotEnoughHistory);
}

/// And were there nothing but errors from the first second on, that is no reason to wait an hour.
#[test]
fn what_is_certain_with_little_history_fires() {
    let mut story = Story::new(availability("99.9"));
    let (first, _) = paged(&mut story, 1_800, 0, 100).expect("it pages");
    assert_eq!(first, 52, "51.84 s: as with a clean history");
}

#[test]
fn after_hours_without_traffic_numbers_are_numbers_again() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(HOUR, MINUTE, 1_000, 10);
    let idle = story.go_on(7 * HOUR, MINUTE, 0, 0);
    assert!(verdicts(&idle)[..2].iter().all(|verdict| *verdict == Verdict::NoData));
    let before = idle.objectives[0].budget.remaining().expect("a month has data");
    let back = story.go_on(HOUR, MINUTE, 1_000, 0);
    let after = back.objectives[0].budget.remaining().expect("as before");
    assert!(after.is_finite() && before.is_finite());
    assert_eq!(back.objectives[0].budget.reading().counts, GoodAndBad::new(120_000, 600));
    // Nothing at all is no data, and that is not 100 %.
    let nothing = Story::new(availability("99.9")).status();
    assert_eq!(nothing.objectives[0].budget.remaining(), None);
    assert_eq!(nothing.objectives[0].burn(), None);
    assert_eq!(nothing.stance(), Stance::Release);
}

/// A mean of the ratios of five minutes makes 4.4 % of this night, in which nobody called.
#[test]
fn errors_of_the_night_weigh_what_they_are() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(23 * HOUR, MINUTE, 4_348, 0);
    let night = story.go_on(HOUR, MINUTE, 1, 1);
    let reading = *night.objectives[0].budget.reading();
    let rate = reading.error_rate().expect("a day of data");
    assert!((rate - 60.0 / 6_000_360.0).abs() < 1e-12, "{rate}");
    assert_eq!(night.stance(), Stance::Release);
}

#[test]
fn one_failure_of_ten_calls_nobody() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(4 * DAY, HOUR, 0, 0);
    let status = story.go_on(MINUTE, MINUTE, 9, 1);
    assert!(verdicts(&status).iter().all(|verdict| *verdict == Verdict::TooFewEvents));
}

/// 100 % errors: b * B / e * L.
#[test]
fn an_outage_is_found_as_fast_as_the_table_says() {
    let alert = |long: u64| {
        let hours = Duration::from_millis(long);
        let burn = Burn::of_share(
            if long == HOUR { 20_000 } else { 50_000 },
            30 * 24 * hours_one(),
            hours,
        );
        availability("99.9").alert(crate::sre::Alert::page(burn, hours))
    };
    for (long, seconds) in [(HOUR, 51.84), (6 * HOUR, 129.6)] {
        let mut story = Story::new(alert(long));
        story.go_on(DAY, MINUTE, 6_000, 0);
        let (first, _) = paged(&mut story, 1_800, 0, 100).expect("it pages");
        let resolution = seconds / 120.0 + 1.0;
        assert!(first as f64 > seconds && first as f64 <= seconds + resolution, "{first}");
    }
}

fn hours_one() -> Duration {
    Duration::from_secs(3600)
}

/// Exactly at the burn rate nothing fires: the comparison is strict, and in whole numbers.
#[test]
fn at_the_threshold_itself_an_alert_is_quiet() {
    let reading =
        |bad| Reading::rolling(hours_one(), hours_one(), GoodAndBad::new(1_000_000 - bad, bad));
    let target = Target::percent("99.9");
    assert!(!reading(14_400).burns_above(14_400_000, target));
    assert!(reading(14_401).burns_above(14_400_000, target));
    let huge =
        Reading::rolling(hours_one(), hours_one(), GoodAndBad::new(u64::MAX - 1, u64::MAX / 2));
    assert!(huge.burns_above(14_400_000, target));
    assert!(!huge.burns_above(u64::MAX, target));
}

#[test]
fn a_budget_may_be_overdrawn_and_lasts_no_time_then() {
    let mut story = Story::new(availability("99.9"));
    let status = story.go_on(30 * DAY, HOUR, 997, 3);
    let budget = status.objectives[0].budget;
    assert!((budget.remaining().expect("data") + 2.0).abs() < 1e-9);
    assert_eq!(budget.lasts(3.0), None);
    assert_eq!(status.stance(), Stance::RollBack);
}

#[derive(Debug, Clone)]
enum Act {
    /// Time goes on, and this comes.
    Step { millis: u64, calendar: i64, good: u64, bad: u64 },
    /// The process ends and another begins so much later.
    Restart { gap_millis: u64, calendar: i64 },
}

fn acts(back: i64) -> impl Strategy<Value = Vec<Act>> {
    let millis = prop_oneof![3 => 0..30_000_u64, 2 => 0..HOUR, 1 => 0..4 * DAY];
    let jump = prop_oneof![6 => Just(0_i64), 1 => -back..back];
    let step = (millis.clone(), jump.clone(), 0..40_u64, 0..9_u64)
        .prop_map(|(millis, calendar, good, bad)| Act::Step { millis, calendar, good, bad });
    let restart =
        (millis, jump).prop_map(|(gap_millis, calendar)| Act::Restart { gap_millis, calendar });
    proptest::collection::vec(prop_oneof![9 => step, 1 => restart], 1..60)
}

/// An event as a list would hold it: when, by both clocks, and what.
type Listed = (Moment, GoodAndBad);

/// Drives an engine, and keeps the list of all events beside it.
fn drive(definition: &Definition, acts: &[Act], mut check: impl FnMut(&Engine, &[Listed])) {
    let mut now = at(0);
    let mut engine = Engine::new(definition, now);
    let mut counters = GoodAndBad::default();
    let mut listed = Vec::new();
    for act in acts {
        match *act {
            Act::Step { millis, calendar, good, bad } => {
                now.millis += millis;
                now.unix_seconds += (millis / 1_000) as i64 + calendar;
                counters += GoodAndBad::new(good, bad);
                engine.step(definition, now, &sums(counters));
                listed.push((now, GoodAndBad::new(good, bad)));
            }
            Act::Restart { gap_millis, calendar } => {
                now.millis += gap_millis;
                now.unix_seconds += (gap_millis / 1_000) as i64 + calendar;
                engine.resume(definition, now);
                counters = GoodAndBad::default();
                listed.push((now, GoodAndBad::default()));
            }
        }
        check(&engine, &listed);
    }
}

proptest! {
    /// Whatever the history: each window of each alert, and the whole period, is that of the list of
    /// all events, for a length of up to a 120th (240th) more than it says.
    #[test]
    fn rolling_windows_are_those_of_a_list_of_all_events(acts in acts(100 * 86_400)) {
        let definition = availability("99.9");
        let lengths = windows(&definition, &definition.objectives()[0]);
        let mut failed = None;
        drive(&definition, &acts, |engine, listed| {
            let now = engine.now.millis;
            for (window, grains) in &lengths {
                let reading = engine.within(0, Duration::from_millis(*window)).expect("a window");
                let exact = |length: u64| -> GoodAndBad {
                    let inside = |at: u64| at + length > now;
                    listed.iter().filter(|(at, _)| inside(at.millis)).map(|(_, counts)| *counts).sum()
                };
                // The list changes at its events only, so these lengths are all there are.
                let ages = listed.iter().map(|(at, _)| now - at.millis);
                let mut lengths = vec![*window];
                lengths.extend(ages.flat_map(|age| [age, age + 1]));
                lengths.retain(|length| (*window..=window + window.div_ceil(*grains)).contains(length));
                if !lengths.iter().any(|length| exact(*length) == reading.counts) {
                    failed = Some((*window, reading, now, listed.to_vec()));
                }
            }
        });
        prop_assert!(failed.is_none(), "{failed:?}");
    }

    /// An event belongs to the window in which the calendar was when it came; if the clock was set
    /// back later on, to that in which it then turned out to have come.
    #[test]
    fn calendar_windows_are_those_of_a_list_of_all_events(
        acts in acts(86_400),
        unit in prop_oneof![
            Just(CalendarUnit::Day),
            Just(CalendarUnit::Week),
            Just(CalendarUnit::Month),
            Just(CalendarUnit::Quarter),
        ],
        hours in -12_i8..12,
    ) {
        let window = Window::calendar(unit).at(UtcOffset::hours(hours));
        let definition = Definition::new("a", window)
            .objective(Objective::availability(Target::percent("99.9")));
        let offset = UtcOffset::hours(hours);
        let mut failed = None;
        // The clock of a list goes back no further than what is remembered.
        let mut highest = i64::MIN;
        let mut went_far_back = false;
        drive(&definition, &acts, |engine, listed| {
            let now = engine.now.unix_seconds;
            highest = highest.max(now);
            went_far_back |= highest - now > 86_400;
            let (begin, _) = bounds(now, unit, offset);
            let mut earliest = i64::MAX;
            let mut exact = GoodAndBad::default();
            for (at, counts) in listed.iter().rev() {
                earliest = earliest.min(at.unix_seconds);
                if earliest >= begin {
                    exact += *counts;
                }
            }
            let reading = engine.period(0, &definition).expect("a window");
            if exact != reading.counts && !went_far_back {
                failed = Some((exact, reading, engine.now, listed.to_vec()));
            }
            assert!(reading.seen <= reading.over && reading.over <= reading.window);
        });
        prop_assert!(failed.is_none(), "{failed:?}");
    }

    /// Replicas: the readings of several add up to those of one that has seen everything.
    #[test]
    fn readings_of_replicas_add_up(
        steps in proptest::collection::vec((0..2 * HOUR, 0..3_usize, 0..40_u64, 0..9_u64), 1..60),
    ) {
        let definition = availability("99");
        let mut one = Story::new(definition.clone());
        let mut replicas: Vec<_> = (0..3).map(|_| Story::new(definition.clone())).collect();
        for (millis, to, good, bad) in steps {
            for (index, replica) in replicas.iter_mut().enumerate() {
                let (good, bad) = if index == to { (good, bad) } else { (0, 0) };
                replica.millis += millis;
                replica.counted += GoodAndBad::new(good, bad);
                replica.engine.step(&definition, at(replica.millis), &sums(replica.counted));
            }
            one.millis += millis;
            one.counted += GoodAndBad::new(good, bad);
            one.engine.step(&definition, at(one.millis), &sums(one.counted));
        }
        let together = Status::of(&definition, 0, |objective, window| {
            let readings = replicas.iter().map(|replica| match window {
                Some(window) => replica.engine.within(objective, window).expect("a window"),
                None => replica.engine.period(objective, &definition).expect("a period"),
            });
            readings.reduce(Reading::plus).expect("three of them")
        });
        prop_assert_eq!(together, one.status());
    }
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut story = Story::new(availability("99.9"));
    story.go_on(HOUR, MINUTE, 10, 1);
    let before = story.status();
    story.engine.step(&story.definition, at(5), &sums(story.counted));
    assert_eq!(story.status(), before);
    story.engine.step(&story.definition, at(u64::MAX), &sums(story.counted));
    assert_eq!(story.status().objectives[0].budget.reading().counts, GoodAndBad::default());
}

/// What the windows of an objective take: stated in the guide.
#[test]
fn thirty_days_of_one_objective_are_fourteen_kilobytes() {
    let engine = Engine::new(&availability("99.9"), at(0));
    let samples: usize = engine.tracks[0].rings.iter().map(|ring| ring.samples().len()).sum();
    assert_eq!(samples, 5 * 122 + 242);
    assert_eq!(samples * size_of::<GoodAndBad>(), 13_632);
}
