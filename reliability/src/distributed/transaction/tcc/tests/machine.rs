use alloc::vec::Vec;
use core::time::Duration;

use super::super::Decision::{self, Cancel, Confirm};
use super::super::core::{Effect, Entry, Input, Machine, Stage};

const EXPIRES: Duration = Duration::from_secs(30);
const NOW: Duration = Duration::from_secs(1);

fn began() -> Entry {
    Entry::Began { expires_at: Some(EXPIRES) }
}

/// A machine all of whose participants have reserved.
fn reserved(participants: usize) -> Machine {
    let mut machine = Machine::new(Some(EXPIRES));
    for index in 0..participants {
        assert_eq!(machine.step(NOW, Input::Join), [Effect::Write(Entry::Joined)]);
        assert_eq!(machine.step(NOW, Input::Written), [Effect::Try(index)]);
        assert_eq!(machine.step(NOW, Input::Reserved(index)), []);
    }
    machine
}

fn told(effects: &[Effect]) -> Vec<(usize, Decision)> {
    let told = |effect: &Effect| match effect {
        Effect::Tell(index, decision) => Some((*index, *decision)),
        _ => None,
    };
    effects.iter().filter_map(told).collect()
}

#[test]
fn nobody_is_tried_before_it_is_written_nor_told_before_it_is_decided() {
    let mut machine = reserved(2);
    let decided = machine.step(NOW, Input::Decide(Confirm));
    assert_eq!(decided, [Effect::Write(Entry::Decided(Confirm))]);
    assert_eq!(machine.step(NOW, Input::Decide(Cancel)), [], "it is decided once");
    assert_eq!(told(&machine.step(NOW, Input::Written)), [(0, Confirm), (1, Confirm)]);
    assert_eq!(machine.step(NOW, Input::Done(0)), []);
    assert_eq!(machine.step(NOW, Input::Done(1)), [Effect::Write(Entry::Ended)]);
    machine.step(NOW, Input::Written);
    assert_eq!(machine.stage(), Stage::Over(Confirm));
}

#[test]
fn what_is_not_all_reserved_in_time_is_cancelled_whatever_is_wanted() {
    let mut one_missing = reserved(1);
    one_missing.step(NOW, Input::Join);
    one_missing.step(NOW, Input::Written);
    let late = EXPIRES;
    for (mut machine, now) in [(one_missing, NOW), (reserved(2), late)] {
        let decided = machine.step(now, Input::Decide(Confirm));
        assert_eq!(decided, [Effect::Write(Entry::Decided(Cancel))]);
    }
    let mut machine = reserved(1);
    assert_eq!(machine.wake_at(), Some(EXPIRES));
    assert_eq!(machine.step(NOW, Input::Wake), []);
    assert_eq!(machine.step(late, Input::Join), [], "nobody joins what has expired");
    assert_eq!(machine.step(late, Input::Wake), [Effect::Write(Entry::Decided(Cancel))]);
}

#[test]
fn one_that_was_only_about_to_join_is_not_told() {
    let mut machine = reserved(1);
    machine.step(NOW, Input::Join);
    machine.step(NOW, Input::Decide(Cancel));
    assert_eq!(told(&machine.step(NOW, Input::Written)), [(0, Cancel)]);
}

#[test]
fn who_fails_is_told_again_with_longer_pauses_up_to_a_minute() {
    let mut machine = reserved(2);
    machine.step(NOW, Input::Decide(Confirm));
    machine.step(NOW, Input::Written);
    machine.step(NOW, Input::Done(1));
    let (mut now, mut pauses) = (NOW, Vec::new());
    for _ in 0..12 {
        assert_eq!(machine.step(now, Input::Failed(0)), []);
        let at = machine.wake_at().unwrap();
        pauses.push((at - now).as_millis());
        assert_eq!(told(&machine.step(at, Input::Wake)), [(0, Confirm)]);
        assert_eq!(told(&machine.step(at, Input::Wake)), [], "it is being told");
        now = at;
    }
    assert_eq!(pauses[..4], [100, 200, 400, 800]);
    assert_eq!(pauses.last(), Some(&60_000));
}

/// The journal as a crash may leave it, and what is done about it.
#[test]
fn recovery_confirms_what_was_decided_and_cancels_what_was_not() {
    let nested = Entry::Began { expires_at: None };
    let cancel = Entry::Decided(Cancel);
    let table: [(&[Entry], Vec<Effect>); 7] = [
        (&[began()], [Effect::Write(cancel.clone())].into()),
        (&[began(), Entry::Joined], [Effect::Write(cancel.clone())].into()),
        (
            &[began(), Entry::Joined, Entry::Joined, Entry::Decided(Confirm)],
            [Effect::Tell(0, Confirm), Effect::Tell(1, Confirm)].into(),
        ),
        (&[began(), Entry::Joined, cancel.clone()], [Effect::Tell(0, Cancel)].into()),
        (&[began(), cancel.clone()], [Effect::Write(Entry::Ended)].into()),
        (&[began(), Entry::Joined, cancel.clone(), Entry::Ended], [].into()),
        (&[nested.clone(), Entry::Joined], [].into()),
    ];
    for (entries, expected) in table {
        let (_, effects) = Machine::recover(NOW, entries, 0);
        assert_eq!(effects, expected, "{entries:?}");
    }
    let (mut machine, _) = Machine::recover(NOW, &[nested, Entry::Joined], 0);
    assert_eq!(machine.wake_at(), None, "another transaction decides");
    let decided = machine.step(NOW, Input::Decide(Confirm));
    assert_eq!(decided, [Effect::Write(Entry::Decided(Confirm))]);
}
