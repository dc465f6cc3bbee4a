//! Two-phase commit: two coordinators, of which the second recovers, the log that both write to, and
//! three participants.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use reliability::distributed::sim::{Effect, Faults, Node, Schedule, Violation, World};
use reliability::distributed::transaction::two_phase::core::{
    Coordinator, CoordinatorEffect, CoordinatorInput, Participant, ParticipantEffect,
    ParticipantInput, Promised, Timing,
};
use reliability::distributed::transaction::{Decision, Followed, Members, Vote};
use reliability::time::Instant;

use crate::{none, right, schedules};

const FIRST: usize = 0;
const OTHER: usize = 1;
const LOG: usize = 2;
const PARTICIPANTS: usize = 3;
const COUNT: usize = 3;
const NODES: usize = PARTICIPANTS + COUNT;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Ask,
    Vote(Vote),
    Write(Decision),
    Logged(Decision),
    Tell(Decision),
    Follow(Followed),
    /// A participant in doubt wants to know how it ends.
    HowDoesItEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    Promised,
    Done(Decision),
    Logged(Decision),
}

type Effects = Vec<Effect<Message, Record>>;

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// The commit is told while it is on its way to the log.
    TellsBeforeLog,
    /// The log forgets that it is written once.
    LogTakesTheLastWord,
    /// A participant votes before its promise is on the disk.
    VotesBeforePromise,
    /// Who recovers presumes an abort, without closing the log.
    PresumesWithoutClosing,
    /// Two of three votes are enough.
    CountsTwoVotes,
}

enum Process {
    Coordinator { index: usize, core: Option<Coordinator>, bug: Bug },
    Log { held: Option<Decision>, bug: Bug },
    Participant { core: Participant, vote: Vote, bug: Bug },
}

fn timing() -> Timing {
    Timing { votes: Duration::from_secs(3), ..Timing::default() }
}

fn all() -> Members {
    Members::first(COUNT).unwrap()
}

fn send(to: usize, message: Message) -> Effect<Message, Record> {
    Effect::Send { to, message }
}

fn of_coordinator(effects: Vec<CoordinatorEffect>, bug: Bug) -> Effects {
    let mut sent = Vec::new();
    for effect in effects {
        match effect {
            CoordinatorEffect::Ask(member) => sent.push(send(PARTICIPANTS + member, Message::Ask)),
            CoordinatorEffect::Write(decision) => {
                if bug == Bug::TellsBeforeLog && decision == Decision::Commit {
                    sent.extend(
                        (0..COUNT).map(|it| send(PARTICIPANTS + it, Message::Tell(decision))),
                    );
                }
                sent.push(send(LOG, Message::Write(decision)));
            }
            CoordinatorEffect::Tell(member, decision) => {
                sent.push(send(PARTICIPANTS + member, Message::Tell(decision)));
            }
            CoordinatorEffect::End { .. } => {}
        }
    }
    sent
}

/// A promise and a deed are on the disk before anybody hears of them.
fn of_participant(effects: Vec<ParticipantEffect>, bug: Bug, asks: usize) -> Effects {
    let mut sent = Vec::new();
    for effect in effects {
        match effect {
            ParticipantEffect::Work => {}
            ParticipantEffect::Promise if bug == Bug::VotesBeforePromise => {
                sent.push(send(FIRST, Message::Vote(Vote::Yes)));
                sent.push(Effect::Write(Record::Promised));
            }
            ParticipantEffect::Promise => sent.push(Effect::Write(Record::Promised)),
            ParticipantEffect::Vote(vote) => sent.push(send(FIRST, Message::Vote(vote))),
            ParticipantEffect::Apply(decision) => sent.push(Effect::Write(Record::Done(decision))),
            ParticipantEffect::Follow(how) => {
                sent.extend([FIRST, OTHER].map(|to| send(to, Message::Follow(how))));
            }
            ParticipantEffect::Ask => sent.push(send(asks, Message::HowDoesItEnd)),
        }
    }
    sent
}

impl Node for Process {
    type Message = Message;
    type Record = Record;

    fn start(&mut self, now: Instant, disk: &[Record]) -> Effects {
        match self {
            Self::Coordinator { index: FIRST, core, bug } if disk.is_empty() => {
                // One that comes back knows nothing: what it had decided is in the log.
                let members = match bug {
                    Bug::CountsTwoVotes => Members::first(2).unwrap(),
                    _ => all(),
                };
                let (began, effects) = Coordinator::begin(now, members, timing());
                *core = Some(began);
                let begun = Effect::Write(Record::Promised);
                [begun].into_iter().chain(of_coordinator(effects, *bug)).collect()
            }
            Self::Coordinator { .. } => Vec::new(),
            Self::Log { held, .. } => {
                *held = disk.iter().rev().find_map(|record| match record {
                    Record::Logged(decision) => Some(*decision),
                    _ => None,
                });
                Vec::new()
            }
            Self::Participant { core, bug, .. } => {
                let found = match disk.last() {
                    Some(Record::Done(decision)) => Promised::Done(*decision),
                    Some(Record::Promised) => Promised::Either,
                    _ if now == Instant::ZERO => return Vec::new(),
                    _ => Promised::Nothing,
                };
                let (back, effects) = Participant::recover(now, found, PATIENCE);
                *core = back;
                of_participant(effects, *bug, OTHER)
            }
        }
    }

    fn receive(&mut self, now: Instant, from: usize, message: Message) -> Effects {
        match self {
            Self::Coordinator { core, bug, .. } => {
                let member = from.wrapping_sub(PARTICIPANTS);
                let input = match message {
                    Message::Vote(vote) => CoordinatorInput::Voted(member, vote),
                    Message::Logged(decision) => CoordinatorInput::Logged(decision),
                    Message::Follow(how) => CoordinatorInput::Followed(member, how),
                    Message::HowDoesItEnd => match core {
                        Some(_) => CoordinatorInput::Asked(member),
                        None => {
                            // Whoever is asked, and knows nothing of it, takes over.
                            let (mut took, mut effects) =
                                Coordinator::take_over(now, all(), None, timing());
                            if *bug == Bug::PresumesWithoutClosing {
                                let logged = CoordinatorInput::Logged(Decision::Abort);
                                effects = took.step(now, logged);
                            }
                            *core = Some(took);
                            return of_coordinator(effects, *bug);
                        }
                    },
                    _ => return Vec::new(),
                };
                let effects = core.as_mut().map(|core| core.step(now, input));
                of_coordinator(effects.unwrap_or_default(), *bug)
            }
            Self::Log { held, bug } => match (message, *held) {
                (Message::Write(decision), None) => {
                    *held = Some(decision);
                    vec![
                        Effect::Write(Record::Logged(decision)),
                        send(from, Message::Logged(decision)),
                    ]
                }
                (Message::Write(decision), Some(_)) if *bug == Bug::LogTakesTheLastWord => {
                    *held = Some(decision);
                    vec![
                        Effect::Write(Record::Logged(decision)),
                        send(from, Message::Logged(decision)),
                    ]
                }
                (Message::Write(_), Some(held)) => vec![send(from, Message::Logged(held))],
                _ => Vec::new(),
            },
            Self::Participant { core, vote, bug } => {
                let input = match message {
                    Message::Ask => ParticipantInput::Asked,
                    Message::Tell(decision) => ParticipantInput::Told(decision),
                    _ => return Vec::new(),
                };
                let mut effects = core.step(now, input);
                if effects.contains(&ParticipantEffect::Work) {
                    effects = core.step(now, ParticipantInput::Ready(*vote));
                }
                of_participant(effects, *bug, OTHER)
            }
        }
    }

    fn written(&mut self, now: Instant, record: Record) -> Effects {
        match self {
            Self::Participant { core, bug, .. } if record == Record::Promised => {
                let effects = core.step(now, ParticipantInput::Written);
                of_participant(effects, *bug, OTHER)
            }
            _ => Vec::new(),
        }
    }

    fn wake(&mut self, now: Instant) -> Effects {
        match self {
            Self::Coordinator { core: Some(core), bug, .. } => {
                of_coordinator(core.step(now, CoordinatorInput::Woken), *bug)
            }
            Self::Participant { core, bug, .. } => {
                of_participant(core.step(now, ParticipantInput::Woken), *bug, OTHER)
            }
            _ => Vec::new(),
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Coordinator { core, .. } => core.as_ref()?.wake_at(),
            Self::Participant { core, .. } => core.wake_at(),
            Self::Log { .. } => None,
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);

fn process(index: usize, votes: &[Vote], bug: Bug) -> Process {
    match index {
        FIRST | OTHER => Process::Coordinator { index, core: None, bug },
        LOG => Process::Log { held: None, bug },
        _ => {
            let (core, vote) = (Participant::new(PATIENCE), votes[index - PARTICIPANTS]);
            Process::Participant { core, vote, bug }
        }
    }
}

/// What participants have done, by what is on their disks.
fn done(world: &World<Process>) -> Vec<Option<Decision>> {
    let last = |index| match world.disk(index).last() {
        Some(Record::Done(decision)) => Some(*decision),
        _ => None,
    };
    (PARTICIPANTS..NODES).map(last).collect()
}

fn agree(world: &World<Process>) -> Result<(), String> {
    let done = done(world);
    for index in PARTICIPANTS..NODES {
        let both = |decision| world.disk(index).contains(&Record::Done(decision));
        if both(Decision::Commit) && both(Decision::Abort) {
            return Err(format!("participant {index} has done both"));
        }
    }
    match done.contains(&Some(Decision::Commit)) && done.contains(&Some(Decision::Abort)) {
        true => Err(format!("they have done {done:?}")),
        false => Ok(()),
    }
}

type Tally = Rc<RefCell<BTreeMap<&'static str, usize>>>;

fn run(schedule: Schedule, bug: Bug, tally: &Tally) -> Result<(), Violation> {
    // One schedule in four has somebody who refuses, one in four somebody who has only read.
    let odd = usize::try_from(schedule.seed() / 4 % COUNT as u64).unwrap();
    let mut votes = vec![Vote::Yes; COUNT];
    match schedule.seed() % 4 {
        0 => votes[odd] = Vote::No,
        1 => votes[odd] = Vote::ReadOnly,
        _ => {}
    }
    let makes = votes.clone();
    let make = move |index| process(index, &makes, bug);
    let mut world = World::new(schedule, Faults::all(), NODES, make);
    world.run(agree)?;
    // Whoever has promised knows in the end, and has done as the others.
    for index in PARTICIPANTS..NODES {
        if world.disk(index).last() == Some(&Record::Promised) {
            return Err(world.violation(format!("participant {index} waits for ever")));
        }
    }
    let done = done(&world);
    let commits = done.contains(&Some(Decision::Commit));
    if commits && votes.contains(&Vote::No) {
        return Err(world.violation("a commit against a no".into()));
    }
    let promised = (PARTICIPANTS..NODES).filter(|it| !world.disk(*it).is_empty()).count();
    if commits && promised < votes.iter().filter(|vote| **vote == Vote::Yes).count() {
        return Err(world.violation("a commit without all promises".into()));
    }
    *tally.borrow_mut().entry(if commits { "commit" } else { "abort" }).or_default() += 1;
    Ok(())
}

#[test]
fn two_phase_commit_agrees_whatever_goes_wrong() {
    let tally = Tally::default();
    let explored = schedules(right::TWO_PHASE, |schedule| run(schedule, Bug::None, &tally));
    let tried = explored.schedules;
    none(explored, "two_phase_commit_agrees_whatever_goes_wrong");
    let tally = tally.borrow();
    let of = |end: &str| tally.get(end).copied().unwrap_or_default();
    assert!(tried == 1 || (of("commit") > 200 && of("abort") > 200), "{tally:?}");
}

#[test]
fn two_phase_bugs_are_found() {
    let bugs = [
        Bug::TellsBeforeLog,
        Bug::LogTakesTheLastWord,
        Bug::VotesBeforePromise,
        Bug::PresumesWithoutClosing,
        Bug::CountsTwoVotes,
    ];
    for bug in bugs {
        let tally = Tally::default();
        let explored = schedules(2_000, |schedule| run(schedule, bug, &tally));
        assert!(
            explored.violations > 0,
            "{bug:?} was not found in {} schedules",
            explored.schedules
        );
        let first = explored.first.unwrap();
        assert!(!first.trace().is_empty(), "{bug:?}: {first}");
        println!("{bug:?}: {} of {}", explored.violations, explored.schedules);
    }
}
