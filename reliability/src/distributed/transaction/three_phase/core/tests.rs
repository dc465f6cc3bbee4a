//! Every state of small systems: safe while nodes only crash, unsafe when the network is cut.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by panicking that it failed"
)]

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;

use super::*;
use crate::distributed::transaction::exhaustive::{Walked, walk};
use crate::distributed::transaction::three_phase::{Standing, ThreePhase};
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::state::check;
use crate::time::Instant;

const NOW: Instant = Instant::ZERO;
const ROUND: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    CanCommit,
    Yes(usize),
    PreCommit(usize),
    Acknowledged(usize),
    Told(Decision),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Lives {
    NotYet,
    Yes(Coordinator),
    Dead,
}

/// Messages stay until they are received, or the network is cut; those who have lost their
/// coordinator end together, by what they know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Model {
    members: Vec<Participant>,
    coordinator: Lives,
    messages: BTreeSet<Message>,
    /// Who is on the side without the coordinator.
    cut: Option<Vec<bool>>,
    partitions: bool,
}

fn all(count: usize) -> Members {
    Members::first(count).unwrap()
}

impl Model {
    fn of(count: usize, partitions: bool) -> Self {
        let protocol = ThreePhase::assuming_no_partition(ROUND);
        let members =
            (0..count).map(|index| Participant::new(protocol, index, all(count))).collect();
        let (coordinator, messages) = (Lives::NotYet, BTreeSet::new());
        Self { members, coordinator, messages, cut: None, partitions }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    fn has_all(&self, message: fn(usize) -> Message) -> bool {
        (0..self.members.len()).all(|member| self.messages.contains(&message(member)))
    }

    fn send(&mut self, effects: &[CoordinatorEffect]) {
        for effect in effects {
            self.messages.insert(match *effect {
                CoordinatorEffect::Ask(_) => Message::CanCommit,
                CoordinatorEffect::PreCommit(member) => Message::PreCommit(member),
                CoordinatorEffect::Tell(_, decision) => Message::Told(decision),
                CoordinatorEffect::Record(_) | CoordinatorEffect::Inquire => continue,
            });
        }
    }

    /// All of these happen to the coordinator at once.
    fn coordinator(&mut self, inputs: impl IntoIterator<Item = CoordinatorInput>) {
        let Lives::Yes(coordinator) = &mut self.coordinator else { panic!("it is dead") };
        let effects: Vec<_> =
            inputs.into_iter().flat_map(|input| coordinator.step(NOW, input)).collect();
        self.send(&effects);
    }

    fn steps_of_the_coordinator(&self, steps: &mut Vec<(String, Self)>) {
        let count = self.members.len();
        let Lives::Yes(coordinator) = &self.coordinator else {
            if self.coordinator == Lives::NotYet {
                let begun = self.with(|next| {
                    let protocol = ThreePhase::assuming_no_partition(ROUND);
                    let (coordinator, effects) = Coordinator::begin(protocol, NOW, all(count));
                    next.coordinator = Lives::Yes(coordinator);
                    next.send(&effects);
                });
                steps.push(("can you commit?".into(), begun));
            }
            return;
        };
        let mut step = |what: String, next| steps.push((what, next));
        match coordinator.phase() {
            CoordinatorPhase::Asking { .. } => {
                if self.has_all(Message::Yes) {
                    let voted = (0..count).map(|it| CoordinatorInput::Voted(it, Vote::Yes));
                    let pre = self.with(|next| next.coordinator(voted));
                    for told in 1..count {
                        // It dies when it has told the first few.
                        let dies = pre.with(|next| {
                            next.coordinator = Lives::Dead;
                            let late =
                                |it: &Message| matches!(it, Message::PreCommit(to) if *to >= told);
                            next.messages.retain(|it| !late(it));
                        });
                        step(format!("dies when {told} know"), dies);
                    }
                    step("all have voted yes".into(), pre);
                }
                let aborts = self.with(|next| next.coordinator([CoordinatorInput::GivenUp]));
                step("gives up".into(), aborts);
            }
            CoordinatorPhase::PreCommitting { .. } if self.has_all(Message::Acknowledged) => {
                let known = (0..count).map(CoordinatorInput::Acknowledged);
                step("commits".into(), self.with(|next| next.coordinator(known)));
            }
            _ => {}
        }
        if !matches!(coordinator.phase(), CoordinatorPhase::Ended { .. }) {
            step("the coordinator dies".into(), self.with(|next| next.coordinator = Lives::Dead));
        }
    }

    fn steps_of_the_network(&self, steps: &mut Vec<(String, Self)>) {
        if self.partitions && self.cut.is_none() {
            for sides in 1..1 << self.members.len() {
                let side = (0..self.members.len()).map(|member| sides & (1 << member) != 0);
                let cut = Some(side.collect());
                steps.push((format!("cut {cut:?}"), self.with(|next| next.cut = cut)));
            }
        }
    }

    fn steps_of_participants(&self, steps: &mut Vec<(String, Self)>) {
        for member in 0..self.members.len() {
            if self.cut.as_ref().is_some_and(|cut| cut[member]) {
                continue;
            }
            let has = |message| self.messages.contains(&message);
            let mut input = |what: &str, inputs: &[ParticipantInput], sends: Option<Message>| {
                let next = self.with(|next| {
                    for input in inputs {
                        next.members[member].step(NOW, *input);
                    }
                    next.messages.extend(sends);
                });
                steps.push((format!("{member} {what}"), next));
            };
            let standing = self.members[member].standing();
            let ready = |vote| [ParticipantInput::Asked, ParticipantInput::Ready(vote)];
            if standing == Standing::Working && has(Message::CanCommit) {
                input("says yes", &ready(Vote::Yes), Some(Message::Yes(member)));
                input("says no", &ready(Vote::No), None);
            }
            if standing == Standing::Waiting && has(Message::PreCommit(member)) {
                let acknowledged = Some(Message::Acknowledged(member));
                input("knows that all said yes", &[ParticipantInput::PreCommit], acknowledged);
            }
            let told = |decision| [ParticipantInput::Told(decision)];
            if standing == Standing::PreCommitted && has(Message::Told(Decision::Commit)) {
                input("is told to commit", &told(Decision::Commit), None);
            }
            if !matches!(standing, Standing::Ended(_)) && has(Message::Told(Decision::Abort)) {
                input("is told to abort", &told(Decision::Abort), None);
            }
        }
    }

    /// A side that has lost its coordinator ends by what those on it know.
    fn steps_without_coordinator(&self, steps: &mut Vec<(String, Self)>) {
        for side in [false, true] {
            if !side && self.coordinator != Lives::Dead {
                continue;
            }
            let is_here =
                |member: &usize| self.cut.as_ref().map_or(!side, |cut| cut[*member] == side);
            let here: Vec<usize> = (0..self.members.len()).filter(is_here).collect();
            let standings = || here.iter().map(|member| self.members[*member].standing());
            if standings().all(|standing| matches!(standing, Standing::Ended(_))) {
                continue;
            }
            let decision = Standing::decide(standings());
            let next = self.with(|next| {
                for member in &here {
                    next.members[*member].step(NOW, ParticipantInput::Told(decision));
                }
            });
            steps.push((format!("{here:?} decide to {decision}"), next));
        }
    }

    fn steps(&self) -> Vec<(String, Self)> {
        let mut steps = Vec::new();
        self.steps_of_the_coordinator(&mut steps);
        self.steps_of_the_network(&mut steps);
        self.steps_of_participants(&mut steps);
        self.steps_without_coordinator(&mut steps);
        steps
    }

    fn is_consistent(&self) -> bool {
        let has = |decision| {
            self.members.iter().any(|member| member.standing() == Standing::Ended(decision))
        };
        !(has(Decision::Commit) && has(Decision::Abort))
    }
}

fn walked(count: usize, partitions: bool) -> (usize, usize, Walked<Model>) {
    let walked = walk(Model::of(count, partitions), Model::steps);
    let bad = walked.those(|state| !state.is_consistent()).len();
    (walked.distinct(), bad, walked)
}

#[test]
fn while_nodes_only_crash_no_two_of_them_disagree() {
    let (two, bad, _) = walked(2, false);
    assert_eq!((two, bad), (58, 0));
    let (three, bad, walked) = walked(3, false);
    assert_eq!((three, bad), (170, 0));
    // And nobody is left waiting: whatever the state, those who are left come to an end.
    let waits = walked.those(|state| {
        let dead = state.coordinator == Lives::Dead;
        let ended = |it: &Participant| matches!(it.standing(), Standing::Ended(_));
        dead && !state.members.iter().all(ended) && state.steps().is_empty()
    });
    assert!(waits.is_empty());
}

#[test]
fn when_the_network_is_cut_some_disagree() {
    let (two, bad, walked_two) = walked(2, true);
    assert_eq!((two, bad), (294, 6));
    let (three, bad, _) = walked(3, true);
    assert_eq!((three, bad), (1_780, 44));
    let way = walked_two.shortest(|state| !state.is_consistent()).unwrap();
    assert!(way.iter().any(|step| step.starts_with("cut")), "{way:?}");
    assert!(way.iter().filter(|step| step.contains("decide to")).count() >= 1, "{way:?}");
}

#[test]
fn the_machines_are_as_they_are_declared() {
    let members = all(2);
    check(|| {
        [
            CoordinatorPhase::Asking { missing: members, until: NOW },
            CoordinatorPhase::PreCommitting { missing: members, until: NOW },
            CoordinatorPhase::Lost { until: NOW },
            CoordinatorPhase::Ended { decision: Decision::Abort },
        ]
    })
    .unwrap();
    let (knows, turn) = (Standing::Waiting, None);
    check(|| {
        [
            ParticipantPhase::Working,
            ParticipantPhase::Waiting { until: NOW },
            ParticipantPhase::PreCommitted { until: NOW },
            ParticipantPhase::Terminating { knows, by: None, turn, until: NOW },
            ParticipantPhase::Recovering { knows, back: all(1), furthest: knows, until: NOW },
            ParticipantPhase::Ended { decision: Decision::Commit },
        ]
    })
    .unwrap();
}

#[test]
fn who_is_behind_is_brought_along_before_anybody_commits() {
    let after = |rounds| NOW.saturating_add(ROUND * rounds);
    let protocol = ThreePhase::assuming_no_partition(ROUND);
    let mut first = Participant::new(protocol, 0, all(3));
    let ready = |vote| ParticipantInput::Ready(vote);
    first.step(NOW, ready(Vote::Yes));
    first.step(NOW, ParticipantInput::PreCommit);
    let surveys = first.step(after(4), ParticipantInput::Woken);
    assert_eq!(surveys, [ParticipantEffect::Survey(1), ParticipantEffect::Survey(2)]);
    first.step(after(5), ParticipantInput::Stands(1, Standing::Waiting));
    assert_eq!(first.step(after(6), ParticipantInput::Woken), [ParticipantEffect::CatchUp(1)]);

    let mut second = Participant::new(protocol, 1, all(3));
    second.step(NOW, ready(Vote::Yes));
    let stands = second.step(after(4), ParticipantInput::Surveyed(0));
    assert_eq!(stands, [ParticipantEffect::Stand(0, Standing::Waiting)]);
    assert_eq!(second.step(after(5), ParticipantInput::PreCommit), [], "its coordinator is dead");
    let caught_up = second.step(after(6), ParticipantInput::CaughtUp(0));
    let (knows, stands) = (Standing::PreCommitted, Standing::PreCommitted);
    let answer = [ParticipantEffect::Record(knows), ParticipantEffect::Stand(0, stands)];
    assert_eq!(caught_up, answer);

    first.step(after(7), ParticipantInput::Stands(1, Standing::PreCommitted));
    let commit = Decision::Commit;
    let told = first.step(after(8), ParticipantInput::Woken);
    let tell = |to| ParticipantEffect::Tell(to, commit);
    assert_eq!(told, vec![ParticipantEffect::Apply(commit), tell(1), tell(2)]);
}

#[test]
fn who_has_not_voted_when_it_is_asked_how_far_it_got_never_will() {
    let protocol = ThreePhase::assuming_no_partition(ROUND);
    let mut late = Participant::new(protocol, 1, all(2));
    let aborted = Standing::Ended(Decision::Abort);
    let answers = late.step(NOW, ParticipantInput::Surveyed(0));
    let expected =
        [ParticipantEffect::Apply(Decision::Abort), ParticipantEffect::Stand(0, aborted)];
    assert_eq!(answers, expected);
    assert_eq!(late.step(NOW, ParticipantInput::Asked), []);
}
