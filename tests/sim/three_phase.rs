//! Three-phase commit: a coordinator and four participants, who finish without it.

use std::time::Duration;

use reliability::distributed::sim::{Effect, Faults, Node, Schedule, Violation, World};
use reliability::distributed::transaction::three_phase::{
    Coordinator, CoordinatorEffect, CoordinatorInput, Participant, ParticipantEffect,
    ParticipantInput, Standing, ThreePhase,
};
use reliability::distributed::transaction::{Decision, Members, Vote};
use reliability::time::Instant;

use crate::{none, schedules};

const COUNT: usize = 4;
/// Behind the participants.
const COORDINATOR: usize = COUNT;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Ask,
    Vote(Vote),
    PreCommit,
    Acknowledge,
    Tell(Decision),
    Survey,
    Stand(Standing),
    CatchUp,
}

type Effects = Vec<Effect<Message, Decision>>;

enum Process {
    Coordinator(Option<Coordinator>),
    Participant { core: Participant, vote: Vote, hasty: bool },
}

fn protocol() -> ThreePhase {
    // A message takes 20 ms at most, and so does its answer; writes take 5.
    ThreePhase::assuming_no_partition(Duration::from_millis(60))
}

fn all() -> Members {
    Members::first(COUNT).unwrap()
}

fn send(to: usize, message: Message) -> Effect<Message, Decision> {
    Effect::Send { to, message }
}

fn of_coordinator(effects: Vec<CoordinatorEffect>) -> Effects {
    let sent = effects.into_iter().map(|effect| match effect {
        CoordinatorEffect::Ask(to) => send(to, Message::Ask),
        CoordinatorEffect::PreCommit(to) => send(to, Message::PreCommit),
        CoordinatorEffect::Tell(to, decision) => send(to, Message::Tell(decision)),
    });
    sent.collect()
}

impl Process {
    fn of_participant(&self, effects: Vec<ParticipantEffect>) -> Effects {
        let hasty = matches!(self, Self::Participant { hasty: true, .. });
        let mut sent = Vec::new();
        for effect in effects {
            sent.push(match effect {
                ParticipantEffect::Work => continue,
                // The bug: nobody is brought along before the first one commits.
                ParticipantEffect::CatchUp(_) if hasty => continue,
                ParticipantEffect::Vote(vote) => send(COORDINATOR, Message::Vote(vote)),
                ParticipantEffect::Acknowledge => send(COORDINATOR, Message::Acknowledge),
                ParticipantEffect::Survey(to) => send(to, Message::Survey),
                ParticipantEffect::Stand(to, standing) => send(to, Message::Stand(standing)),
                ParticipantEffect::CatchUp(to) => send(to, Message::CatchUp),
                ParticipantEffect::Tell(to, decision) => send(to, Message::Tell(decision)),
                ParticipantEffect::Apply(decision) => Effect::Write(decision),
            });
        }
        sent
    }

    fn participant(&mut self, now: Instant, input: ParticipantInput) -> Effects {
        let Self::Participant { core, vote, .. } = self else { return Vec::new() };
        let mut effects = core.step(now, input);
        if effects.contains(&ParticipantEffect::Work) {
            effects = core.step(now, ParticipantInput::Ready(*vote));
        }
        self.of_participant(effects)
    }
}

impl Node for Process {
    type Message = Message;
    type Record = Decision;

    fn start(&mut self, now: Instant, _: &[Decision]) -> Effects {
        let Self::Coordinator(coordinator) = self else { return Vec::new() };
        let (began, effects) = protocol().coordinator(now, all());
        *coordinator = Some(began);
        of_coordinator(effects)
    }

    fn receive(&mut self, now: Instant, from: usize, message: Message) -> Effects {
        if let Self::Coordinator(coordinator) = self {
            let input = match message {
                Message::Vote(vote) => CoordinatorInput::Voted(from, vote),
                Message::Acknowledge => CoordinatorInput::Acknowledged(from),
                _ => return Vec::new(),
            };
            let effects = coordinator.as_mut().map(|it| it.step(now, input));
            return of_coordinator(effects.unwrap_or_default());
        }
        let input = match message {
            Message::Ask => ParticipantInput::Asked,
            Message::PreCommit => ParticipantInput::PreCommit,
            Message::Tell(decision) => ParticipantInput::Told(decision),
            Message::Survey => ParticipantInput::Surveyed(from),
            Message::Stand(standing) => ParticipantInput::Stands(from, standing),
            Message::CatchUp => ParticipantInput::CaughtUp(from),
            Message::Vote(_) | Message::Acknowledge => return Vec::new(),
        };
        self.participant(now, input)
    }

    fn wake(&mut self, now: Instant) -> Effects {
        match self {
            Self::Coordinator(Some(coordinator)) => {
                of_coordinator(coordinator.step(now, CoordinatorInput::Woken))
            }
            Self::Coordinator(None) => Vec::new(),
            Self::Participant { .. } => self.participant(now, ParticipantInput::Woken),
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Coordinator(coordinator) => coordinator.as_ref()?.wake_at(),
            Self::Participant { core, .. } => core.wake_at(),
        }
    }
}

fn agree(world: &World<Process>) -> Result<(), String> {
    let done: Vec<_> = (0..COUNT).map(|index| world.disk(index).first().copied()).collect();
    match done.contains(&Some(Decision::Commit)) && done.contains(&Some(Decision::Abort)) {
        true => Err(format!("they have done {done:?}")),
        false => Ok(()),
    }
}

fn run(schedule: Schedule, faults: Faults, hasty: bool) -> Result<(), Violation> {
    let refuses = schedule.seed() % 8;
    let make = move |index| match index {
        COORDINATOR => Process::Coordinator(None),
        _ => {
            let vote = if index as u64 == refuses { Vote::No } else { Vote::Yes };
            Process::Participant { core: protocol().participant(index, all()), vote, hasty }
        }
    };
    let mut world = World::new(schedule, faults, COUNT + 1, make);
    world.run(agree)?;
    for index in 0..COUNT {
        // Who lives and has voted does not wait, whoever is dead.
        if let Some(Process::Participant { core, .. }) = world.node(index)
            && !matches!(core.standing(), Standing::Ended(_) | Standing::Working)
        {
            return Err(world.violation(format!("participant {index} waits for ever")));
        }
    }
    Ok(())
}

fn deaths() -> Faults {
    Faults { crash: 60, ..Faults::deaths() }
}

#[test]
fn three_phase_commit_agrees_and_nobody_waits_while_nodes_only_die() {
    let explored = schedules(4_000, |schedule| run(schedule, deaths(), false));
    none(explored, "three_phase_commit_agrees_and_nobody_waits_while_nodes_only_die");
}

#[test]
fn three_phase_commit_disagrees_when_the_network_is_cut() {
    let until = Duration::from_secs(1);
    let cut = || Faults { partitions: 4, until, ..Faults::none() };
    let explored = schedules(2_000, |schedule| run(schedule, cut(), false));
    assert!(explored.violations > 0, "of {} schedules", explored.schedules);
    let first = explored.first.unwrap();
    assert!(first.trace().iter().any(|line| line.contains("the network is cut")), "{first}");
}

#[test]
fn three_phase_bugs_are_found() {
    let explored = schedules(4_000, |schedule| run(schedule, deaths(), true));
    assert!(explored.violations > 0, "of {} schedules", explored.schedules);
    println!("commits before all know: {} of {}", explored.violations, explored.schedules);
}
