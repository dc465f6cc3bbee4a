use core::time::Duration;

use alloc::vec;

use super::*;
use crate::sre::slo::tally::Sums;
use crate::sre::{Alert, Burn, CalendarUnit, Status, Target, UtcOffset};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);

fn definition(window: Window) -> Definition {
    Definition::new("a", window)
        .objective(Objective::availability(Target::percent("99.9")))
        .objective(Objective::latency(Target::percent("99"), Duration::from_millis(500)))
        .objective(Objective::throughput(Target::percent("99"), 5, Duration::from_secs(60)))
}

fn month() -> Window {
    Window::calendar(CalendarUnit::Month).at(UtcOffset::hours(2))
}

fn filled(definition: &Definition) -> Engine {
    let at = |minute: u64| Moment {
        millis: minute * 60_000,
        unix_seconds: 1_709_000_000 + 60 * minute as i64,
    };
    let mut engine = Engine::new(definition, at(0));
    let mut sums = Sums::default();
    for minute in 1..10_000 {
        for counts in &mut sums.objectives {
            *counts += GoodAndBad::new(minute % 9, minute % 2);
        }
        sums.excluded += 1;
        engine.step(definition, at(minute), &sums);
    }
    engine
}

fn memories(stances: &[Stance]) -> Vec<Memory> {
    // Of the three alerts of each the second fires.
    let firing = [false, true, false];
    stances.iter().map(|stance| Memory { stance: *stance, firing: firing.to_vec() }).collect()
}

const STANCES: [Stance; 3] = [Stance::Freeze, Stance::Release, Stance::RollBack];

#[test]
fn what_was_written_is_read_again() {
    for window in [Window::days(30), month()] {
        let definition = definition(window);
        let engine = filled(&definition);
        let section = encode(&definition, &engine, &memories(&STANCES));
        let (read, remembered) = decode(&definition, &section).expect("what was written");
        assert_eq!(remembered, memories(&STANCES));
        assert_eq!(Status::read(&definition, &read), Status::read(&definition, &engine));
        assert_eq!(read.calendar, engine.calendar);
    }
}

/// Another target or alert is no reason to forget what was counted.
#[test]
fn what_changes_is_forgotten_and_nothing_else() {
    let before = definition(Window::days(30));
    let section = encode(&before, &filled(&before), &memories(&STANCES));
    let changed = Definition::new("a", Window::days(30))
        .objective(Objective::latency(Target::percent("99"), Duration::from_millis(400)))
        .objective(Objective::availability(Target::percent("99.99")))
        .alert(Alert::page(Burn::times("14.4"), HOUR))
        .alert(Alert::page(Burn::times("9"), 2 * HOUR));
    let (read, remembered) = decode(&changed, &section).expect("a section");
    let stances: Vec<_> = remembered.iter().map(|memory| memory.stance).collect();
    assert_eq!(stances, [Stance::Release, Stance::Freeze]);
    assert_eq!(remembered[1].firing, [false, false], "neither of these is one that fired");
    let status = Status::read(&changed, &read);
    let before = Status::read(&before, &filled(&before));
    let kept = &status.objectives[1];
    assert_eq!(kept.budget.reading(), before.objectives[0].budget.reading());
    assert_eq!(kept.alerts[0].long, before.objectives[0].alerts[0].long);
    // Nobody has kept two hours so far, and nobody has counted 400 ms.
    assert_eq!(kept.alerts[1].long.seen, Duration::ZERO);
    assert_eq!(kept.alerts[1].long.counts, GoodAndBad::default());
    assert_eq!(status.objectives[0].budget.reading().counts, GoodAndBad::default());
    assert_eq!(status.objectives[0].budget.reading().seen, Duration::ZERO);
}

#[test]
fn another_calendar_begins_at_zero() {
    let before = definition(month());
    let section = encode(&before, &filled(&before), &memories(&STANCES));
    let weekly = definition(Window::calendar(CalendarUnit::Week));
    let (read, _) = decode(&weekly, &section).expect("a section");
    assert_eq!(Status::read(&weekly, &read).objectives[0].budget.reading().counts.total(), 0);
}

#[test]
fn sections_of_others_are_kept() {
    let mut sections = Sections::default();
    sections.put("a", vec![1]);
    sections.put("b", vec![2, 3]);
    sections.put("a", vec![4]);
    let read = Sections::decode(&sections.encode()).expect("what was written");
    assert_eq!(read, sections);
    assert_eq!(read.find("a"), Some([4].as_slice()));
    for more in 0..SECTIONS_MAX {
        sections.put(&more.to_string(), Vec::new());
    }
    assert_eq!(sections.0.len(), SECTIONS_MAX as usize);
    assert_eq!(sections.find("a"), None);
}

#[test]
fn a_file_that_was_cut_or_changed_anywhere_is_no_state() {
    let mut sections = Sections::default();
    sections.put("checkout", (0..200).collect());
    let file = sections.encode();
    for length in 0..file.len() {
        assert!(Sections::decode(&file[..length]).is_err(), "cut to {length}");
    }
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            assert!(Sections::decode(&changed).is_err(), "bit {bit} of {at}");
        }
    }
    let later = [b"RELSLO\x02\x00".as_slice(), &file[8..]].concat();
    assert_eq!(Sections::decode(&later), Err("it was written by another version"));
}

proptest! {
    #[test]
    fn any_section_is_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..60_000) {
        let definition = definition(month());
        prop_assert!(decode(&definition, &bytes).is_none() || !bytes.is_empty());
        // One that begins well and ends badly.
        let mut section = encode(&definition, &filled_little(&definition), &memories(&STANCES));
        section.truncate(cut);
        section.append(&mut bytes);
        if let Some((engine, _)) = decode(&definition, &section) {
            prop_assert_eq!(engine.tracks.len(), 3);
        }
    }
}

fn filled_little(definition: &Definition) -> Engine {
    Engine::new(definition, Moment { millis: 1, unix_seconds: 1_709_000_000 })
}
