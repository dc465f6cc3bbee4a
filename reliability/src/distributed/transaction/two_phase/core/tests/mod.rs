//! Our machines against the specifications `TCommit` and `TwoPhase` of Gray and Lamport, *Consensus
//! on Transaction Commit* (TODS 31, 2006), state by state, and then with crashes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by panicking that it failed"
)]

mod crashes;
mod steps;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;

use super::*;
use crate::distributed::transaction::exhaustive::{Walked, walk};
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::time::Instant;

const NOW: Instant = Instant::ZERO;
const RMS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Prepared(usize),
    Told(Decision),
}

/// The variables of `TwoPhase`, in our machines. A message that was sent once can be received at any
/// time, any number of times.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TwoPhase {
    rms: Vec<Participant>,
    tm: Coordinator,
    /// What the specification calls `tmPrepared` and keeps after the decision.
    heard: Members,
    messages: BTreeSet<Message>,
}

fn participants() -> Vec<Participant> {
    vec![Participant::new(Duration::from_secs(1)); RMS]
}

/// Asked, ready, and written down: one step of the specification.
fn promise(rm: &mut Participant) -> Vec<ParticipantEffect> {
    assert_eq!(rm.step(NOW, ParticipantInput::Asked), [ParticipantEffect::Work]);
    let ready = ParticipantInput::Ready(Vote::Yes);
    assert_eq!(rm.step(NOW, ready), [ParticipantEffect::Promise]);
    rm.step(NOW, ParticipantInput::Written)
}

fn refuse(rm: &mut Participant) {
    rm.step(NOW, ParticipantInput::Asked);
    let effects = rm.step(NOW, ParticipantInput::Ready(Vote::No));
    assert!(effects.contains(&ParticipantEffect::Vote(Vote::No)));
}

const fn is_working(rm: &Participant) -> bool {
    matches!(rm.phase(), ParticipantPhase::Working)
}

fn consistent(rms: &[Participant]) -> bool {
    let has = |decision| rms.iter().any(|rm| rm.done() == Some(decision));
    !(has(Decision::Commit) && has(Decision::Abort))
}

impl TwoPhase {
    /// A coordinator of those, which all the others follow as well.
    fn of(members: Members) -> Self {
        let tm = Coordinator::begin(NOW, members, Timing::default()).0;
        Self { rms: participants(), tm, heard: Members::NONE, messages: BTreeSet::new() }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    fn tell(&mut self, effects: &[CoordinatorEffect]) {
        for effect in effects {
            if let CoordinatorEffect::Tell(_, decision) = effect {
                self.messages.insert(Message::Told(*decision));
            }
        }
    }

    fn tm(&mut self, input: CoordinatorInput) {
        let effects = self.tm.step(NOW, input);
        self.tell(&effects);
    }

    fn steps(&self) -> Vec<(String, Self)> {
        let mut steps = Vec::new();
        match self.tm.phase() {
            CoordinatorPhase::Asking { .. } => {
                steps.push(("TMAbort".into(), self.with(|next| next.tm(CoordinatorInput::GivenUp))))
            }
            CoordinatorPhase::Writing { .. } => {
                for decision in [Decision::Commit, Decision::Abort] {
                    let logged = CoordinatorInput::Logged(decision);
                    steps.push((format!("the log: {decision}"), self.with(|next| next.tm(logged))));
                }
            }
            _ => {}
        }
        for rm in 0..RMS {
            if self.tm.decision().is_none() && self.messages.contains(&Message::Prepared(rm)) {
                steps.push((
                    format!("TMRcvPrepared({rm})"),
                    self.with(|next| {
                        next.tm(CoordinatorInput::Voted(rm, Vote::Yes));
                        next.heard = next.heard.with(rm);
                    }),
                ));
            }
            if is_working(&self.rms[rm]) {
                steps.push((
                    format!("RMPrepare({rm})"),
                    self.with(|next| {
                        let effects = promise(&mut next.rms[rm]);
                        assert_eq!(effects, [ParticipantEffect::Vote(Vote::Yes)]);
                        next.messages.insert(Message::Prepared(rm));
                    }),
                ));
                let refused = self.with(|next| refuse(&mut next.rms[rm]));
                steps.push((format!("RMChooseToAbort({rm})"), refused));
            }
            for decision in [Decision::Commit, Decision::Abort] {
                if self.messages.contains(&Message::Told(decision)) {
                    let told = ParticipantInput::Told(decision);
                    let told = self.with(|next| drop(next.rms[rm].step(NOW, told)));
                    steps.push((format!("RMRcv{decision}({rm})"), told));
                }
            }
        }
        steps
    }

    fn is_blocked(&self) -> bool {
        self.tm.decision().is_none() && self.rms.iter().all(Participant::is_in_doubt)
    }
}

fn all() -> Members {
    Members::first(RMS).unwrap()
}

fn two_phase() -> Walked<TwoPhase> {
    walk(TwoPhase::of(all()), TwoPhase::steps)
}

#[test]
fn tcommit_has_34_states() {
    let steps = |rms: &Vec<Participant>| {
        let committed = |rm: &Participant| rm.done() == Some(Decision::Commit);
        let can_commit = rms.iter().all(|rm| rm.is_in_doubt() || committed(rm));
        let none_committed = !rms.iter().any(committed);
        let mut steps = Vec::new();
        for rm in 0..RMS {
            let mut step = |what: &str, change: &dyn Fn(&mut Participant)| {
                let mut next = rms.clone();
                change(&mut next[rm]);
                steps.push((format!("{what}({rm})"), next));
            };
            let told = |decision| {
                move |rm: &mut Participant| {
                    rm.step(NOW, ParticipantInput::Told(decision));
                }
            };
            if is_working(&rms[rm]) {
                step("Prepare", &|rm| drop(promise(rm)));
            }
            if rms[rm].is_in_doubt() && can_commit {
                step("Commit", &told(Decision::Commit));
            }
            if rms[rm].done().is_none() && none_committed {
                step("Abort", &told(Decision::Abort));
            }
        }
        steps
    };
    let walked = walk(participants(), steps);
    assert_eq!((walked.distinct(), walked.generated, walked.depth), (34, 94, 7));
    assert!(walked.those(|rms| !consistent(rms)).is_empty());
}

#[test]
fn two_phase_has_288_states_and_all_agree_in_each() {
    let walked = two_phase();
    assert_eq!((walked.distinct(), walked.generated, walked.depth), (288, 1146, 11));
    assert!(walked.those(|state| !consistent(&state.rms)).is_empty());
    let ends =
        |decision| move |state: &TwoPhase| state.rms.iter().all(|rm| rm.done() == Some(decision));
    assert!(!walked.those(ends(Decision::Commit)).is_empty());
    assert!(!walked.those(ends(Decision::Abort)).is_empty());
}

#[test]
fn the_8_states_that_block_are_those_that_recovery_drives() {
    let walked = two_phase();
    let blocked = walked.those(TwoPhase::is_blocked);
    assert_eq!(blocked.len(), 8);
    for state in blocked {
        // Whoever comes to power finds nothing in the log, and has to close it first.
        let (mut other, effects) = Coordinator::take_over(NOW, all(), None, Timing::default());
        assert_eq!(effects, [CoordinatorEffect::Write(Decision::Abort)]);
        for logged in [Decision::Abort, Decision::Commit] {
            let (mut rms, mut other) = (state.rms.clone(), other.clone());
            let told = other.step(NOW, CoordinatorInput::Logged(logged));
            assert_eq!(told.len(), RMS);
            for (rm, effect) in rms.iter_mut().zip(told) {
                let CoordinatorEffect::Tell(_, decision) = effect else { panic!("{effect:?}") };
                rm.step(NOW, ParticipantInput::Told(decision));
            }
            assert!(rms.iter().all(|rm| rm.done() == Some(logged)));
        }
        assert!(other.step(NOW, CoordinatorInput::Asked(0)).is_empty(), "not decided yet");
    }
}

#[test]
fn a_commit_before_all_votes_is_caught() {
    // It asks two of three, and tells all of them.
    let walked = walk(TwoPhase::of(Members::first(2).unwrap()), TwoPhase::steps);
    assert!(!walked.those(|state| !consistent(&state.rms)).is_empty());
    let way = walked.shortest(|state| !consistent(&state.rms)).unwrap();
    assert_eq!(way.len(), 7, "{way:?}");
    assert!(way.contains(&"the log: commit") && way.iter().any(|it| it.starts_with("RMChooseTo")));
}
