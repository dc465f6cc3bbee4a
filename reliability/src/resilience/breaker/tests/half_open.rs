//! Probes: how many, whose outcomes count, and what happens when they do not come back.

use super::*;

#[test]
fn of_fifty_at_once_three_are_admitted() {
    let rig = Rig::new(standard());
    rig.trip();
    rig.advance(rig.retry_after());
    let answers: Vec<_> = (0..50).map(|_| rig.admit()).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    let refused = Refusal { retry_after: None };
    assert_eq!(answers.iter().filter(|answer| **answer == Err(refused)).count(), 47);
}

#[test]
fn it_decides_when_all_probes_are_back() {
    use Counted::{Failure, Success};
    // At a rate of one half.
    for (outcomes, state) in [
        ([Success, Success, Success], State::Closed),
        ([Failure, Success, Success], State::Closed),
        ([Success, Failure, Success], State::Closed),
        ([Failure, Success, Failure], State::Open),
        ([Failure, Failure, Failure], State::Open),
    ] {
        let rig = Rig::new(standard());
        let first = rig.half_open();
        let probes = [first, rig.admit().unwrap(), rig.admit().unwrap()];
        for (i, (probe, outcome)) in probes.into_iter().zip(outcomes).enumerate() {
            assert_eq!(rig.state(), State::HalfOpen, "before outcome {i} of {outcomes:?}");
            rig.record(probe, outcome, false);
        }
        assert_eq!(rig.state(), state, "{outcomes:?}");
    }
}

#[test]
fn a_failure_rate_that_the_probes_just_reach_opens() {
    let rig = Rig::new(standard().probes(4));
    let probes =
        [rig.half_open(), rig.admit().unwrap(), rig.admit().unwrap(), rig.admit().unwrap()];
    for (i, probe) in probes.into_iter().enumerate() {
        rig.record(probe, if i < 2 { Counted::Failure } else { Counted::Success }, false);
    }
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn slow_probes_open_again() {
    let rig = Rig::new(standard().slow_calls(Duration::from_millis(1), 0.5).probes(2));
    let probes = [rig.half_open(), rig.admit().unwrap()];
    rig.record(probes[0], Counted::Success, true);
    rig.record(probes[1], Counted::Success, false);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_cancelled_probe_gives_its_place_back() {
    let rig = Rig::new(standard().probes(2));
    let first = rig.half_open();
    let second = rig.admit().unwrap();
    assert!(rig.admit().is_err());
    rig.record(first, Counted::Nothing, false);
    let third = rig.admit().unwrap();
    assert!(rig.admit().is_err());
    rig.record(second, Counted::Success, false);
    assert!(rig.admit().is_err());
    rig.record(third, Counted::Success, false);
    assert_eq!(rig.state(), State::Closed);
}

#[test]
fn a_late_success_does_not_close() {
    let rig = Rig::new(standard().probes(1));
    let early = rig.admit().unwrap();
    rig.half_open();
    rig.record(early, Counted::Success, false);
    assert_eq!(rig.state(), State::HalfOpen);
    assert_eq!(rig.engine.tally.stale.load(crate::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn a_late_cancellation_does_not_free_a_place() {
    let rig = Rig::new(standard().probes(1));
    let early = rig.admit().unwrap();
    rig.half_open();
    rig.record(early, Counted::Nothing, false);
    assert!(rig.admit().is_err());
}

#[test]
fn a_late_failure_does_not_open_again() {
    let rig = Rig::new(standard().min_calls(1).probes(1));
    let early = rig.admit().unwrap();
    let probe = rig.half_open();
    rig.record(probe, Counted::Success, false);
    assert_eq!(rig.state(), State::Closed);
    // One failure that counts would open.
    rig.record(early, Counted::Failure, false);
    assert_eq!(rig.state(), State::Closed);
    rig.call(Counted::Failure);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_probe_of_an_earlier_trial_counts_in_no_later_one() {
    let rig = Rig::new(standard().probes(2));
    let hanging = rig.half_open();
    let failing = rig.admit().unwrap();
    rig.advance(Duration::from_secs(30));
    assert!(rig.admit().is_err(), "the wait is over");
    assert_eq!(rig.state(), State::Open);
    rig.advance(rig.retry_after());
    rig.admit().unwrap();
    rig.record(hanging, Counted::Success, false);
    rig.record(failing, Counted::Failure, false);
    let untouched = Circuit::HalfOpen { admitted: 1, completed: 0, failed: 0, slow: 0 };
    assert_eq!(rig.circuit(), untouched);
}

#[test]
fn probes_that_do_not_come_back_open_it_again() {
    let settings = standard().half_open_for(Duration::from_secs(10));
    let rig = Rig::new(settings);
    rig.half_open();
    rig.advance(Duration::from_millis(9_999));
    rig.admit().unwrap();
    rig.advance(Duration::from_millis(1));
    // A place is free, but the first probe hangs.
    assert!(rig.admit().unwrap_err().retry_after.is_some());
    assert_eq!(rig.state(), State::Open);
    assert_eq!(rig.engine.tally.trips.load(crate::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn rare_calls_may_take_their_time_to_fill_the_places() {
    let rig = Rig::new(standard());
    let first = rig.half_open();
    rig.record(first, Counted::Success, false);
    for _ in 0..2 {
        rig.advance(Duration::from_secs(3600));
        rig.call(Counted::Success);
    }
    assert_eq!(rig.state(), State::Closed);
}

#[test]
fn the_most_probes_there_can_be() {
    let rig = Rig::new(standard().probes(255));
    let mut probes = vec![rig.half_open()];
    while let Ok(probe) = rig.admit() {
        probes.push(probe);
    }
    assert_eq!(probes.len(), 255);
    for probe in probes {
        rig.record(probe, Counted::Success, true);
    }
    assert_eq!(rig.state(), State::Closed);
}

#[test]
fn fewer_probes_decide_with_what_is_there() {
    let rig = Rig::new(standard().probes(3));
    let first = rig.half_open();
    rig.record(first, Counted::Success, false);
    rig.engine.settings.store(&standard().probes(1));
    assert!(rig.admit().is_ok());
    assert_eq!(rig.state(), State::Closed);
}

#[test]
fn a_clock_that_jumps_back_does_not_wait_for_probes_for_ever() {
    let rig = Rig::new(standard().probes(1));
    rig.half_open();
    rig.jump_back(Duration::from_secs(3600));
    assert!(rig.admit().is_err());
    assert_eq!(rig.state(), State::Open);
    rig.advance(rig.retry_after());
    assert!(rig.admit().is_ok());
}
