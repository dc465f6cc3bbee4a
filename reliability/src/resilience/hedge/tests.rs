use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::sync::Quantile;
use crate::time::Instant;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// One step of a race, and what is to come of it.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The next hedge is due then, and is sent.
    Sends(u64),
    /// The next hedge is due then, and the budget has no token.
    Denied(u64),
    /// A request ends.
    Ends(Outcome, Verdict),
    /// No hedge is due any more.
    Quiet,
}

fn play(name: &str, max: u32, steps: &[Step]) {
    let mut race = Race::new(max, at(0), Some(millis(100)));
    for (index, step) in steps.iter().enumerate() {
        let step_of = alloc::format!("{name}, step {index}");
        match *step {
            Step::Sends(due) => {
                assert_eq!(race.next_at(), Some(at(due)), "{step_of}");
                race.start(at(due), Some(millis(100)));
            }
            Step::Denied(due) => {
                assert_eq!(race.next_at(), Some(at(due)), "{step_of}");
                race.deny();
            }
            Step::Ends(outcome, verdict) => assert_eq!(race.end(outcome), verdict, "{step_of}"),
            Step::Quiet => assert_eq!(race.next_at(), None, "{step_of}"),
        }
    }
}

/// Row by row the table of the module's documentation.
#[test]
fn the_documented_table_is_what_is_played() {
    use Outcome::{Answer, Final, Overloaded, Retryable};
    use Step::{Denied, Ends, Quiet, Sends};
    use Verdict::{Ends as End, Kept, Last};

    let table: &[(&str, u32, &[Step])] = &[
        ("the first answers in time", 1, &[Ends(Answer, End)]),
        ("the first answers, a hedge is under way", 1, &[Sends(100), Quiet, Ends(Answer, End)]),
        ("an error for good, alone", 1, &[Ends(Final, End)]),
        ("an error for good, a hedge is under way", 1, &[Sends(100), Ends(Final, End)]),
        ("a failure in time sends no hedge", 2, &[Ends(Retryable, Last)]),
        (
            "a failure is kept while the hedge is under way, whose answer wins",
            1,
            &[Sends(100), Ends(Retryable, Kept), Ends(Answer, End)],
        ),
        ("all fail", 1, &[Sends(100), Ends(Retryable, Kept), Ends(Retryable, Last)]),
        (
            "after a failure the next hedge comes when it would have come",
            2,
            &[Sends(100), Ends(Retryable, Kept), Sends(200), Quiet, Ends(Answer, End)],
        ),
        (
            "an overloaded dependency gets no further hedge",
            2,
            &[Sends(100), Ends(Overloaded, Kept), Quiet, Ends(Answer, End)],
        ),
        ("an overloaded dependency, alone", 1, &[Ends(Overloaded, Last), Quiet]),
        (
            "without a token there is no hedge, and none later",
            3,
            &[Denied(100), Quiet, Ends(Answer, End)],
        ),
        ("hedges come one after another", 3, &[Sends(100), Sends(200), Sends(300), Quiet]),
    ];
    for (name, max, steps) in table {
        play(name, *max, steps);
    }
}

#[test]
fn without_a_delay_or_hedges_nothing_is_sent() {
    assert_eq!(Race::new(1, at(5), None).next_at(), None);
    assert_eq!(Race::new(0, at(5), Some(millis(1))).next_at(), None);
    assert!(Race::new(1, at(5), Some(Duration::MAX)).next_at() > Some(at(1 << 40)));
}

#[test]
fn a_delay_that_is_not_known_any_more_ends_the_series() {
    let mut race = Race::new(3, at(0), Some(millis(100)));
    assert_eq!(race.start(at(100), None), 1);
    assert_eq!((race.next_at(), race.running()), (None, 2));
}

proptest! {
    /// Whatever happens, an attempt ends once, and never while it has nothing to end with.
    #[test]
    fn a_race_ends_when_the_last_request_does_or_earlier(
        max in 0_u32..5,
        steps in prop::collection::vec(0_u8..6, 1..40),
    ) {
        let mut race = Race::new(max, at(0), Some(millis(10)));
        let (mut now, mut running, mut hedges) = (0, 1, 0);
        for step in steps {
            now += 10;
            let outcome = match step {
                0 | 1 => {
                    if let Some(due) = race.next_at() {
                        prop_assert!(due <= at(now));
                        race.start(at(now), Some(millis(10)));
                        (running, hedges) = (running + 1, hedges + 1);
                    }
                    continue;
                }
                2 => Outcome::Answer,
                3 => Outcome::Final,
                4 => Outcome::Overloaded,
                _ => Outcome::Retryable,
            };
            running -= 1;
            let verdict = race.end(outcome);
            prop_assert_eq!(race.running(), running);
            let ends = matches!(outcome, Outcome::Answer | Outcome::Final);
            let expected = match (ends, running) {
                (true, _) => Verdict::Ends,
                (false, 0) => Verdict::Last,
                (false, _) => Verdict::Kept,
            };
            prop_assert_eq!(verdict, expected);
            if verdict != Verdict::Kept {
                break;
            }
        }
        prop_assert!(hedges <= max);
    }
}

fn refused(hedge: &Hedge) -> Option<Invalid> {
    hedge.check(&Name::from("price")).err()
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let cases = [
        (Hedge::after(Duration::ZERO), "after"),
        (Hedge::after(Duration::from_micros(999)), "after"),
        (Hedge::after(Duration::from_secs(3_601)), "after"),
        (Hedge::after(Quantile::of(0.4)), "after"),
        (Hedge::after(Quantile::of(95.0)), "after"),
        (Hedge::after(millis(5)).initial(millis(5)), "initial"),
        (Hedge::standard().initial(Duration::ZERO), "initial"),
        (Hedge::standard().max(0), "max"),
        (Hedge::standard().max(5), "max"),
    ];
    for (hedge, setting) in cases {
        let invalid = refused(&hedge);
        assert_eq!(invalid.as_ref().map(Invalid::setting), Some(setting), "{hedge:?}");
    }
    assert!(refused(&Hedge::standard()).is_none());
    assert!(refused(&Hedge::after(Quantile::P50).initial(millis(1)).max(4)).is_none());
}

#[test]
fn settings_and_their_rule_are_the_same_thing() {
    let hedges =
        [Hedge::standard(), Hedge::after(millis(7)).max(3), Hedge::standard().initial(millis(9))];
    for hedge in hedges {
        let settings = hedge.settings();
        assert_eq!(Settings::of_rule(&hedge.rule(), settings.max), *settings);
    }
}
