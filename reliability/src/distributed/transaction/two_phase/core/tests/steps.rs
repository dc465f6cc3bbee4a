//! What the walks do not do: other votes, time, answers, and what somebody did on his own.

use super::*;
use crate::distributed::transaction::Followed;
use crate::state::{Machine, check};

use CoordinatorEffect as Do;
use CoordinatorInput as Has;

fn later(millis: u64) -> Instant {
    NOW.saturating_add(Duration::from_millis(millis))
}

fn asking(count: usize) -> Coordinator {
    Coordinator::begin(NOW, Members::first(count).unwrap(), Timing::default()).0
}

#[test]
fn the_machines_are_as_they_are_declared() {
    let members = Members::first(2).unwrap();
    let none = Members::NONE;
    check(|| {
        let decision = Decision::Commit;
        [
            CoordinatorPhase::Asking { missing: members, yes: none, until: NOW },
            CoordinatorPhase::Writing { yes: members, wanted: decision, again: NOW },
            CoordinatorPhase::Committing { waiting: members, against: none, again: NOW },
            CoordinatorPhase::Aborting { waiting: members, against: none, again: NOW, tries: 1 },
            CoordinatorPhase::Ended { decision, against: none, unheard: none },
        ]
    })
    .unwrap();
    check(|| {
        [
            ParticipantPhase::Working,
            ParticipantPhase::Promising,
            ParticipantPhase::Promised { ask_at: NOW },
            ParticipantPhase::Left,
            ParticipantPhase::Ended { decision: Decision::Abort },
        ]
    })
    .unwrap();
    assert_eq!(CoordinatorPhase::NAME, "two_phase_coordinator");
}

#[test]
fn who_has_only_read_is_not_told_and_if_all_have_nothing_is_written() {
    let mut mixed = asking(2);
    assert_eq!(mixed.step(NOW, Has::Voted(0, Vote::ReadOnly)), []);
    assert_eq!(mixed.step(NOW, Has::Voted(1, Vote::Yes)), [Do::Write(Decision::Commit)]);
    let told = mixed.step(NOW, Has::Logged(Decision::Commit));
    assert_eq!(told, [Do::Tell(1, Decision::Commit)]);

    let mut readers = asking(2);
    readers.step(NOW, Has::Voted(0, Vote::ReadOnly));
    let (decision, none) = (Decision::Commit, Members::NONE);
    let ended = readers.step(NOW, Has::Voted(1, Vote::ReadOnly));
    assert_eq!(ended, [Do::End { decision, against: none, unheard: none }]);
}

#[test]
fn without_all_votes_in_time_it_aborts_and_tells_also_those_who_were_silent() {
    let mut coordinator = asking(3);
    coordinator.step(NOW, Has::Voted(1, Vote::Yes));
    assert_eq!(coordinator.wake_at(), Some(later(10_000)));
    assert_eq!(coordinator.step(later(9_999), Has::Woken), []);
    let told = coordinator.step(later(10_000), Has::Woken);
    assert_eq!(told, [0, 1, 2].map(|member| Do::Tell(member, Decision::Abort)));
    // Whoever promises now would wait for ever.
    let late = coordinator.step(later(10_001), Has::Voted(0, Vote::Yes));
    assert_eq!(late, [Do::Tell(0, Decision::Abort)]);
}

#[test]
fn a_commit_is_told_until_it_is_heard_and_an_abort_three_times() {
    let decide = |decision| {
        let mut coordinator = asking(1);
        coordinator.step(NOW, Has::Voted(0, Vote::Yes));
        assert_eq!(coordinator.step(NOW, Has::Logged(decision)), [Do::Tell(0, decision)]);
        coordinator
    };
    let told_again = |coordinator: &mut Coordinator| {
        let told = (1..100).map(|turn| coordinator.step(later(turn * 500), Has::Woken));
        told.filter(|effects| matches!(effects[..], [Do::Tell(..)])).count()
    };
    assert_eq!(told_again(&mut decide(Decision::Commit)), 99);
    let mut aborted = decide(Decision::Abort);
    assert_eq!(told_again(&mut aborted), 2);
    let unheard = Members::NONE.with(0);
    let ended =
        CoordinatorPhase::Ended { decision: Decision::Abort, against: Members::NONE, unheard };
    assert_eq!(aborted.phase(), &ended);
    assert_eq!(aborted.step(NOW, Has::Asked(0)), [Do::Tell(0, Decision::Abort)]);
}

#[test]
fn a_decision_is_written_again_until_the_log_answers() {
    let mut coordinator = asking(1);
    coordinator.step(NOW, Has::Voted(0, Vote::Yes));
    let again = coordinator.step(later(500), Has::Woken);
    assert_eq!(again, [Do::Write(Decision::Commit)]);
    assert_eq!(coordinator.step(later(501), Has::GivenUp), [], "the log decides");
    // Somebody who took it for dead was there first.
    let told = coordinator.step(later(502), Has::Logged(Decision::Abort));
    assert_eq!(told, [Do::Tell(0, Decision::Abort)]);
}

#[test]
fn what_comes_twice_changes_nothing() {
    let mut coordinator = asking(2);
    coordinator.step(NOW, Has::Voted(0, Vote::Yes));
    let before = coordinator.clone();
    for input in [
        Has::Voted(0, Vote::Yes),
        Has::Voted(0, Vote::No),
        Has::Voted(7, Vote::Yes),
        Has::Voted(70, Vote::No),
        Has::Followed(0, Followed::AsTold),
        Has::Logged(Decision::Commit),
        Has::Asked(0),
        Has::Woken,
    ] {
        assert_eq!(coordinator.step(NOW, input), [], "{input:?}");
        assert_eq!(coordinator, before, "{input:?}");
    }
}

#[test]
fn what_somebody_did_on_his_own_is_reported() {
    let mut stock = Participant::new(Duration::from_secs(1));
    promise(&mut stock);
    let forced = stock.step(NOW, ParticipantInput::Forced(Decision::Abort));
    assert_eq!(forced, [ParticipantEffect::Apply(Decision::Abort)]);
    let told = stock.step(NOW, ParticipantInput::Told(Decision::Commit));
    assert_eq!(told, [ParticipantEffect::Follow(Followed::Against)]);

    let mut coordinator = asking(2);
    coordinator.step(NOW, Has::Voted(0, Vote::Yes));
    coordinator.step(NOW, Has::Voted(1, Vote::Yes));
    coordinator.step(NOW, Has::Logged(Decision::Commit));
    coordinator.step(NOW, Has::Followed(1, Followed::Against));
    let ended = coordinator.step(NOW, Has::Followed(0, Followed::AsTold));
    let (against, unheard) = (Members::NONE.with(1), Members::NONE);
    assert_eq!(ended, [Do::End { decision: Decision::Commit, against, unheard }]);
}

#[test]
fn a_participant_in_doubt_asks_and_one_that_has_not_promised_refuses() {
    let patience = Duration::from_secs(1);
    let (mut in_doubt, asks) = Participant::recover(NOW, Promised::Either, patience);
    assert_eq!(asks, [ParticipantEffect::Ask]);
    assert_eq!(in_doubt.step(later(999), ParticipantInput::Woken), []);
    assert_eq!(in_doubt.step(later(1_000), ParticipantInput::Woken), [ParticipantEffect::Ask]);
    assert_eq!(in_doubt.wake_at(), Some(later(2_000)));
    let repeats = in_doubt.step(later(1_001), ParticipantInput::Asked);
    assert_eq!(repeats, [ParticipantEffect::Vote(Vote::Yes)]);

    let (mut lost, _) = Participant::recover(NOW, Promised::Nothing, patience);
    assert_eq!(lost.step(NOW, ParticipantInput::Asked), [ParticipantEffect::Vote(Vote::No)]);
    // Nobody can have decided so; if somebody has, it is said.
    let told = lost.step(NOW, ParticipantInput::Told(Decision::Commit));
    assert_eq!(told, [ParticipantEffect::Follow(Followed::Against)]);
}
