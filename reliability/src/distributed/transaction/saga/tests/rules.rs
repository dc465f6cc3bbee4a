//! The rules alone: what came in which order, and what follows.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::super::plan::Plan;
use super::super::rules::{
    Because, Begin, Ended, Entry, Facts, Input, Machine, Next, Phase, Started,
};
use super::super::{Definition, Kind, Step};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn started(deadline: Option<SystemTime>) -> Entry {
    let input = b"null".to_vec();
    Entry::Started(Started { run: 1, deadline, traceparent: None, parent: None, input })
}

fn done(step: usize) -> Entry {
    Entry::Done { step, output: b"null".to_vec() }
}

fn begun(next: &Next) -> Vec<usize> {
    match next {
        Next::Go { begin, .. } => begin.iter().map(|Begin { step, .. }| *step).collect(),
        Next::Write { .. } => panic!("{next:?}"),
    }
}

fn found(entries: impl IntoIterator<Item = Entry>) -> Input {
    Input::Found { entries: entries.into_iter().map(|it| (at(0), it)).collect(), fresh: false }
}

fn ended(step: usize, act: super::super::rules::Act) -> Input {
    Input::Ended { step, act, how: Ended::Done(b"null".to_vec()), random: 0 }
}

/// A step, a signal, and a pivot that comes after the signal.
fn signalled() -> Arc<Plan> {
    const STEPS: [Step; 4] = [
        Step::new("Reserved", Kind::Compensable).undo(),
        Step::new("Approved", Kind::Compensable).after(&[0]).signal(),
        Step::new("Charged", Kind::Pivot).after(&[1]),
        Step::new("Delivered", Kind::Retriable).after(&[2]).signal(),
    ];
    Definition::new("signalled", 1, &STEPS).plan()
}

#[test]
fn a_signal_before_its_time_opens_nothing_that_comes_after_what_it_waits_for() {
    let act = super::super::rules::Act::Do;
    let mut machine = Machine::new(signalled());
    assert_eq!(begun(&machine.step(at(0), found([started(None)])).unwrap()), [0]);
    // It is approved while the stock is being reserved: the card is not charged yet.
    assert!(begun(&machine.step(at(1), found([done(1)])).unwrap()).is_empty());
    assert!(matches!(machine.step(at(2), ended(0, act)).unwrap(), Next::Write { .. }));
    assert_eq!(begun(&machine.step(at(2), Input::Written).unwrap()), [2]);
    // The same from the records alone, in whatever order they were written.
    for order in [[1, 0], [0, 1]] {
        let entries = [started(None), done(order[0]), done(order[1])];
        let mut machine = Machine::new(signalled());
        assert_eq!(begun(&machine.step(at(3), found(entries)).unwrap()), [2]);
    }
}

#[test]
fn a_signal_that_came_early_behind_the_pivot_does_not_keep_a_saga_from_turning_back() {
    for cancelled in [false, true] {
        let mut machine = Machine::new(signalled());
        let mut entries = Vec::from([started(Some(at(10))), done(3)]);
        if cancelled {
            entries.push(Entry::Cancelled { by: "ada".to_string(), why: "late".to_string() });
        }
        let next = machine.step(at(if cancelled { 1 } else { 11 }), found(entries)).unwrap();
        assert!(matches!(next, Next::Write { .. }), "{next:?}");
        let entries = machine.to_write();
        assert!(matches!(entries, [Entry::Refused { .. }]), "{entries:?}");
    }
}

#[test]
fn a_deadline_that_was_not_written_is_asked_anew_when_somebody_has_finished_the_last_step() {
    const STEPS: [Step; 1] = [Step::new("Approved", Kind::Compensable).signal()];
    let mut machine = Machine::new(Definition::new("approval", 1, &STEPS).plan());
    let next = machine.step(at(11), found([started(Some(at(10)))])).unwrap();
    assert!(matches!(next, Next::Write { .. }), "{next:?}");
    // The signal was first: it is done, and there is nothing to turn back from.
    let next = machine.step(at(11), found([done(0)])).unwrap();
    assert!(matches!(next, Next::Write { .. }), "{next:?}");
    let entries = machine.to_write();
    assert_eq!(entries, [Entry::Completed]);
}

/// A step, an hour, and a pivot that comes after the hour.
fn paused() -> Arc<Plan> {
    const STEPS: [Step; 3] = [
        Step::new("Booked", Kind::Compensable).undo(),
        Step::new("Waited", Kind::Compensable).after(&[0]).timer(Duration::from_secs(3600)),
        Step::new("Charged", Kind::Pivot).after(&[1]),
    ];
    Definition::new("paused", 1, &STEPS).plan()
}

#[test]
fn a_timer_is_done_when_its_time_has_gone_by_since_what_it_comes_after_and_not_before() {
    let act = super::super::rules::Act::Do;
    let mut machine = Machine::new(paused());
    assert_eq!(begun(&machine.step(at(0), found([started(None)])).unwrap()), [0]);
    assert!(matches!(machine.step(at(100), ended(0, act)).unwrap(), Next::Write { .. }));
    let waits = Next::Go { begin: Vec::new(), until: Some(at(3700)), busy: false };
    assert_eq!(machine.step(at(100), Input::Written).unwrap(), waits);
    assert_eq!(machine.step(at(3700) - Duration::from_millis(1), Input::Tick).unwrap(), waits);
    let next = machine.step(at(3700), Input::Tick).unwrap();
    assert!(matches!(next, Next::Write { .. }), "{next:?}");
    assert_eq!(machine.to_write(), [done(1)]);
    assert_eq!(begun(&machine.step(at(3700), Input::Written).unwrap()), [2]);
}

/// Twenty-five times two steps side by side, each pair after the one before: there are 2^24 ways
/// from the first to the last.
#[test]
fn what_is_undone_next_is_found_without_walking_all_ways() {
    const AFTER: [[u16; 2]; 25] = {
        let (mut after, mut at) = ([[0; 2]; 25], 1);
        while at < 25 {
            after[at] = [at as u16 * 2 - 2, at as u16 * 2 - 1];
            at += 1;
        }
        after
    };
    const STEPS: [Step; 50] = {
        let mut steps = [Step::new("S", Kind::Compensable).undo(); 50];
        let mut at = 2;
        while at < 50 {
            steps[at] = steps[at].after(&AFTER[at / 2]);
            at += 1;
        }
        steps
    };
    let mut facts = Facts::new(Definition::new("pairs", 1, &STEPS).plan());
    facts.apply(&started(None), at(0)).unwrap();
    (0..48).for_each(|step| facts.apply(&done(step), at(0)).unwrap());
    let refused = Entry::Refused { because: Because::Rejected(48), refusal: b"null".to_vec() };
    facts.apply(&refused, at(1)).unwrap();
    assert_eq!(facts.phase, Phase::Undoing);
    for pair in (0..25).rev() {
        for step in [2 * pair, 2 * pair + 1].into_iter().filter(|step| *step != 48) {
            let open = (0..50).filter(|it| facts.to_be_undone(*it) && facts.may_be_undone(*it));
            let open: Vec<usize> = open.collect();
            assert!(open.iter().all(|it| it / 2 == pair) && open.contains(&step), "{open:?}");
            facts.apply(&Entry::Undone { step, known: true }, at(2)).unwrap();
        }
    }
}
