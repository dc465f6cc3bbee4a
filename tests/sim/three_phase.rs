//! Three-phase commit: a coordinator and four participants, who finish without it.

use std::time::Duration;

use reliability::distributed::sim::{Effect, Faults, Node, Schedule, Violation, World};
use reliability::distributed::transaction::three_phase::core::{
    Coordinator, CoordinatorEffect, CoordinatorInput, Participant, ParticipantEffect,
    ParticipantInput, ParticipantPhase, Party,
};
use reliability::distributed::transaction::three_phase::{Standing, ThreePhase};
use reliability::distributed::transaction::{Decision, Members, Vote};
use reliability::time::Instant;

use crate::{none, right, schedules};

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
    Inquire,
    Report(Standing),
}

type Effects = Vec<Effect<Message, Standing>>;

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// Nobody is brought along before the first one commits.
    CommitsBeforeAllKnow,
    /// Who comes back answers those whose turn it is, as if it had never been dead.
    ComesBackAsIfNothingHadBeen,
    /// The vote is on its way before it is on the disk.
    VotesBeforeItIsWritten,
    /// Whoever was stopped does not notice it.
    NeverLooksAtTheClock,
}

enum Process {
    Coordinator { core: Option<Coordinator>, said: Option<Decision> },
    Participant { core: Participant, vote: Vote, bug: Bug },
}

fn protocol() -> ThreePhase {
    // A message takes 20 ms at most, and so does its answer; writes take 5.
    ThreePhase::assuming_no_partition(Duration::from_millis(60))
}

fn all() -> Members {
    Members::first(COUNT).unwrap()
}

fn send(to: usize, message: Message) -> Effect<Message, Standing> {
    Effect::Send { to, message }
}

fn of_coordinator(effects: Vec<CoordinatorEffect>) -> Effects {
    let mut sent = Vec::new();
    for effect in effects {
        match effect {
            CoordinatorEffect::Ask(to) => sent.push(send(to, Message::Ask)),
            CoordinatorEffect::PreCommit(to) => sent.push(send(to, Message::PreCommit)),
            CoordinatorEffect::Record(decision) => {
                sent.push(Effect::Write(Standing::Ended(decision)));
            }
            CoordinatorEffect::Tell(to, decision) => sent.push(send(to, Message::Tell(decision))),
            CoordinatorEffect::Inquire => {
                sent.extend((0..COUNT).map(|to| send(to, Message::Inquire)));
            }
        }
    }
    sent
}

fn of_participant(index: usize, effects: Vec<ParticipantEffect>, bug: Bug) -> Effects {
    let mut sent = Vec::new();
    let hasty = bug == Bug::VotesBeforeItIsWritten;
    let vote = ParticipantEffect::Vote(Vote::Yes);
    if hasty && effects.contains(&vote) {
        sent.push(send(COORDINATOR, Message::Vote(Vote::Yes)));
    }
    for effect in effects {
        sent.push(match effect {
            ParticipantEffect::Work => continue,
            ParticipantEffect::CatchUp(_) if bug == Bug::CommitsBeforeAllKnow => continue,
            effect if hasty && effect == vote => continue,
            ParticipantEffect::Record(knows) => Effect::Write(knows),
            ParticipantEffect::Vote(vote) => send(COORDINATOR, Message::Vote(vote)),
            ParticipantEffect::Acknowledge => send(COORDINATOR, Message::Acknowledge),
            ParticipantEffect::Survey(to) => send(to, Message::Survey),
            ParticipantEffect::Stand(to, standing) => send(to, Message::Stand(standing)),
            ParticipantEffect::CatchUp(to) => send(to, Message::CatchUp),
            ParticipantEffect::Tell(to, decision) => send(to, Message::Tell(decision)),
            ParticipantEffect::Report(to, standing) => {
                let to = match to {
                    Party::Coordinator => COORDINATOR,
                    Party::Participant(to) => to,
                };
                send(to, Message::Report(standing))
            }
            ParticipantEffect::Inquire => {
                let others = (0..=COORDINATOR).filter(|to| *to != index);
                sent.extend(others.map(|to| send(to, Message::Inquire)));
                continue;
            }
            ParticipantEffect::Apply(decision) => Effect::Write(Standing::Ended(decision)),
        });
    }
    sent
}

impl Process {
    fn participant(&mut self, now: Instant, input: ParticipantInput) -> Effects {
        let Self::Participant { core, vote, bug, .. } = self else { return Vec::new() };
        // One that does not look at the clock always takes itself for being on time.
        let now = match (*bug, core.wake_at()) {
            (Bug::NeverLooksAtTheClock, Some(at)) => now.min(at),
            _ => now,
        };
        let mut effects = core.step(now, input);
        if effects.contains(&ParticipantEffect::Work) {
            effects.extend(core.step(now, ParticipantInput::Ready(*vote)));
        }
        of_participant(core.index(), effects, *bug)
    }

    fn coordinator(&mut self, now: Instant, from: usize, message: Message) -> Effects {
        let Self::Coordinator { core, said } = self else { return Vec::new() };
        let Some(core) = core else {
            // One that was dead knows what it had written down, and nothing else.
            let answer = said.filter(|_| message == Message::Inquire);
            return answer
                .map(|decision| send(from, Message::Tell(decision)))
                .into_iter()
                .collect();
        };
        let input = match message {
            Message::Vote(vote) => CoordinatorInput::Voted(from, vote),
            Message::Acknowledge => CoordinatorInput::Acknowledged(from),
            Message::Inquire => CoordinatorInput::Inquired(from),
            Message::Report(Standing::Ended(decision)) | Message::Tell(decision) => {
                CoordinatorInput::Told(decision)
            }
            _ => return Vec::new(),
        };
        of_coordinator(core.step(now, input))
    }
}

impl Node for Process {
    type Message = Message;
    type Record = Standing;

    fn start(&mut self, now: Instant, disk: &[Standing]) -> Effects {
        match self {
            Self::Coordinator { core, said } if now == Instant::ZERO => {
                let (began, effects) = Coordinator::begin(protocol(), now, all());
                (*core, *said) = (Some(began), None);
                of_coordinator(effects)
            }
            Self::Coordinator { said, .. } => {
                *said = disk.iter().find_map(|it| match it {
                    Standing::Ended(decision) => Some(*decision),
                    _ => None,
                });
                Vec::new()
            }
            Self::Participant { core, bug, .. } => {
                let index = core.index();
                let Some(knows) = disk.last().copied() else { return Vec::new() };
                let (back, effects) = match (*bug, knows) {
                    (
                        Bug::ComesBackAsIfNothingHadBeen,
                        Standing::Waiting | Standing::PreCommitted,
                    ) => {
                        let mut back = Participant::new(protocol(), index, all());
                        back.step(now, ParticipantInput::Ready(Vote::Yes));
                        if knows == Standing::PreCommitted {
                            back.step(now, ParticipantInput::PreCommit);
                        }
                        (back, Vec::new())
                    }
                    _ => Participant::returning(protocol(), now, index, all(), knows),
                };
                *core = back;
                of_participant(index, effects, *bug)
            }
        }
    }

    fn receive(&mut self, now: Instant, from: usize, message: Message) -> Effects {
        if matches!(self, Self::Coordinator { .. }) {
            return self.coordinator(now, from, message);
        }
        let input = match message {
            Message::Ask => ParticipantInput::Asked,
            Message::PreCommit => ParticipantInput::PreCommit,
            Message::Tell(decision) => ParticipantInput::Told(decision),
            Message::Survey => ParticipantInput::Surveyed(from),
            Message::Stand(standing) => ParticipantInput::Stands(from, standing),
            Message::CatchUp => ParticipantInput::CaughtUp(from),
            Message::Inquire if from == COORDINATOR => {
                ParticipantInput::Inquired(Party::Coordinator)
            }
            Message::Inquire => ParticipantInput::Inquired(Party::Participant(from)),
            Message::Report(standing) => ParticipantInput::Reported(from, standing),
            Message::Vote(_) | Message::Acknowledge => return Vec::new(),
        };
        self.participant(now, input)
    }

    fn wake(&mut self, now: Instant) -> Effects {
        match self {
            Self::Coordinator { core: Some(core), .. } => {
                of_coordinator(core.step(now, CoordinatorInput::Woken))
            }
            Self::Coordinator { .. } => Vec::new(),
            Self::Participant { .. } => self.participant(now, ParticipantInput::Woken),
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Coordinator { core, .. } => core.as_ref()?.wake_at(),
            Self::Participant { core, .. } => core.wake_at(),
        }
    }
}

/// How each has ended, by its disk: the participants, and the coordinator.
fn ends(world: &World<Process>) -> Vec<Option<Decision>> {
    let ended = |index| match world.disk(index).last() {
        Some(Standing::Ended(decision)) => Some(*decision),
        _ => None,
    };
    (0..=COORDINATOR).map(ended).collect()
}

fn agree(world: &World<Process>) -> Result<(), String> {
    let done = ends(world);
    match done.contains(&Some(Decision::Commit)) && done.contains(&Some(Decision::Abort)) {
        true => Err(format!("they have done {done:?}")),
        false => Ok(()),
    }
}

/// Fails if they disagree, or if somebody waits for ever.
fn run(schedule: Schedule, faults: Faults, bug: Bug) -> Result<(), Violation> {
    let refuses = schedule.seed() % 8;
    let make = move |index| match index {
        COORDINATOR => Process::Coordinator { core: None, said: None },
        _ => {
            let vote = if index as u64 == refuses { Vote::No } else { Vote::Yes };
            Process::Participant { core: Participant::new(protocol(), index, all()), vote, bug }
        }
    };
    // Who waits for somebody who never comes back goes on asking: for so long, that is all right.
    let mut world = World::new(schedule, faults, COUNT + 1, make);
    world.run_until(Instant::ZERO.saturating_add(Duration::from_secs(60)), agree)?;
    let back = (0..COUNT).all(|index| world.node(index).is_some());
    for index in 0..COUNT {
        // Who lives and has voted does not wait, whoever is dead; who was dead waits until somebody
        // who knows is there, or all are.
        let Some(Process::Participant { core, .. }) = world.node(index) else { continue };
        let ended = matches!(core.standing(), Standing::Ended(_) | Standing::Working);
        let may_wait = matches!(core.phase(), ParticipantPhase::Recovering { .. }) && !back;
        if !ended && !may_wait {
            return Err(world.violation(format!("participant {index} waits for ever")));
        }
    }
    Ok(())
}

fn deaths() -> Faults {
    Faults { crash: 60, ..Faults::deaths() }
}

/// All of them may be dead at once, and all come back.
fn crashes() -> Faults {
    let until = Duration::from_millis(300);
    Faults { crash: 30, blackouts: 1, until, ..Faults::crashes() }
}

/// For less than a turn, for longer, and between.
fn pauses() -> Faults {
    let paused = Duration::from_millis(1)..Duration::from_millis(1_500);
    Faults { pause: 60, paused, crash: 20, ..Faults::deaths() }
}

#[test]
fn three_phase_commit_agrees_and_nobody_waits_while_nodes_only_die() {
    let explored = schedules(right::THREE_PHASE, |schedule| run(schedule, deaths(), Bug::None));
    none(explored, "three_phase_commit_agrees_and_nobody_waits_while_nodes_only_die");
}

#[test]
fn three_phase_commit_agrees_when_those_who_died_come_back() {
    let explored = schedules(right::THREE_PHASE, |schedule| run(schedule, crashes(), Bug::None));
    none(explored, "three_phase_commit_agrees_when_those_who_died_come_back");
}

/// Whoever is stopped is taken for dead, and is not. Most of them notice it when they go on, and decide
/// nothing any more; not those who were stopped between a decision and the disk.
#[test]
fn three_phase_commit_disagrees_when_nodes_are_stopped_and_seldom_if_they_notice() {
    let count = |bug| schedules(20_000, |schedule| run(schedule, pauses(), bug)).violations;
    let (blind, noticed) = (count(Bug::NeverLooksAtTheClock), count(Bug::None));
    println!("stopped: {blind} disagree, {noticed} if they look at the clock");
    assert!(blind > 0 && noticed * 2 < blind, "{blind} disagree, {noticed} if they notice");
}

#[test]
fn three_phase_commit_disagrees_when_the_network_is_cut() {
    let until = Duration::from_secs(1);
    let cut = || Faults { partitions: 4, until, ..Faults::none() };
    let explored = schedules(2_000, |schedule| run(schedule, cut(), Bug::None));
    assert!(explored.violations > 0, "of {} schedules", explored.schedules);
    let first = explored.first.unwrap();
    assert!(first.trace().iter().any(|line| line.contains("the network is cut")), "{first}");
}

#[test]
fn three_phase_bugs_are_found() {
    let bugs = [
        (Bug::CommitsBeforeAllKnow, deaths()),
        (Bug::ComesBackAsIfNothingHadBeen, crashes()),
        (Bug::VotesBeforeItIsWritten, crashes()),
    ];
    for (bug, faults) in bugs {
        let explored = schedules(4_000, |schedule| run(schedule, faults.clone(), bug));
        assert!(explored.violations > 0, "{bug:?}: none of {} schedules", explored.schedules);
        println!("{bug:?}: {} of {}", explored.violations, explored.schedules);
    }
}
