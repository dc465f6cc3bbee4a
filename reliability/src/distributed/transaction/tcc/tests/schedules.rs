//! The coordinator and three participants in a world made up from a seed: crashes, lost, doubled and
//! overtaking messages, and a network that is cut.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::Decision;
use super::super::barrier::{Phase, Progress, Verdict};
use super::super::machine::{self, Entry, Input, Machine, Stage};
use crate::distributed::sim::{Effect, Faults, Node, Schedule, World};
use crate::time::Instant;

const PARTICIPANTS: usize = 3;
/// The shortest; some last longer than any message is under way.
const EXPIRES: Duration = Duration::from_secs(4);

#[derive(Debug, Clone)]
enum Message {
    Try,
    Tried { yes: bool },
    Tell(Decision),
    Done,
}

#[derive(Debug, Clone)]
enum Written {
    Entry(Entry),
    Progress(Progress),
}

/// What is done wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bug {
    None,
    /// A cancel without a try is not remembered.
    ForgetsEmptyCancels,
    /// Participants are told before the decision is written.
    TellsFirst,
    /// Participants are tried before they are written.
    TriesFirst,
    /// What has expired is confirmed all the same when it is recovered.
    RecoversForward,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    wants: Decision,
    expires: Duration,
    /// Who refuses, if anybody does.
    refuses: Option<usize>,
    bug: Bug,
}

impl Plan {
    fn of(seed: u64, bug: Bug) -> Self {
        let wants = if seed.is_multiple_of(5) { Decision::Cancel } else { Decision::Confirm };
        let refuses = seed.is_multiple_of(7).then_some(seed as usize % PARTICIPANTS);
        let expires = EXPIRES * if seed.is_multiple_of(2) { 1 } else { 10 };
        Self { wants, expires, refuses, bug }
    }
}

enum Process {
    Coordinator { plan: Plan, machine: Option<Machine> },
    Participant { plan: Plan, index: usize, progress: Progress, wrong: Option<String> },
}

type Effects = Vec<Effect<Message, Written>>;

fn moment(now: Instant) -> Duration {
    now.saturating_duration_since(Instant::ZERO)
}

impl Process {
    fn new(index: usize, plan: Plan) -> Self {
        match index.checked_sub(1) {
            None => Self::Coordinator { plan, machine: None },
            Some(index) => {
                Self::Participant { plan, index, progress: Progress::Nothing, wrong: None }
            }
        }
    }

    /// One step of the coordinator, and what follows.
    fn step(&mut self, now: Instant, input: Input) -> Effects {
        let Self::Coordinator { plan, machine: Some(machine) } = self else {
            return Effects::new();
        };
        let plan = *plan;
        let effects = machine.step(moment(now), input);
        self.follow(now, plan, effects)
    }

    fn follow(&mut self, now: Instant, plan: Plan, effects: Vec<machine::Effect>) -> Effects {
        let mut all = Effects::new();
        for effect in effects {
            match effect {
                machine::Effect::Write(Entry::Joined) if plan.bug == Bug::TriesFirst => {
                    all.extend(self.step(now, Input::Written));
                    all.push(Effect::Write(Written::Entry(Entry::Joined)));
                }
                machine::Effect::Write(entry) => {
                    if let (Entry::Decided(decision), Bug::TellsFirst) = (&entry, plan.bug) {
                        all.extend((1..=PARTICIPANTS).map(|to| tell(to, *decision)));
                    }
                    all.push(Effect::Write(Written::Entry(entry)));
                }
                machine::Effect::Try(index) => {
                    all.push(Effect::Send { to: index + 1, message: Message::Try });
                }
                machine::Effect::Tell(index, decision) => all.push(tell(index + 1, decision)),
            }
        }
        all
    }

    /// What a participant does with a request.
    fn enter(&mut self, phase: Phase) -> Effects {
        let Self::Participant { plan, index, progress, wrong } = self else {
            return Effects::new();
        };
        let (verdict, now) = progress.enter(phase);
        let refuses = plan.refuses == Some(*index) && phase == Phase::Try && verdict.runs();
        let yes = verdict.is_fine() && !refuses;
        let answer = match phase {
            Phase::Try => Message::Tried { yes },
            _ => Message::Done,
        };
        if !verdict.is_fine() && phase != Phase::Try {
            *wrong = Some(alloc::format!("participant {index}: {phase} when {progress}"));
        }
        let forgets = plan.bug == Bug::ForgetsEmptyCancels && verdict == Verdict::Empty;
        let mut effects = Effects::new();
        if now != *progress && !refuses && !forgets {
            effects.push(Effect::Write(Written::Progress(now)));
        }
        effects.push(Effect::Send { to: 0, message: answer });
        effects
    }
}

fn tell(to: usize, decision: Decision) -> Effect<Message, Written> {
    Effect::Send { to, message: Message::Tell(decision) }
}

impl Node for Process {
    type Message = Message;
    type Record = Written;

    fn start(&mut self, now: Instant, disk: &[Written]) -> Effects {
        match self {
            Self::Participant { progress, .. } => {
                for written in disk {
                    if let Written::Progress(now) = written {
                        *progress = *now;
                    }
                }
                Effects::new()
            }
            Self::Coordinator { plan, machine } => {
                let entry = |written: &Written| match written {
                    Written::Entry(entry) => Some(entry.clone()),
                    Written::Progress(_) => None,
                };
                let entries: Vec<Entry> = disk.iter().filter_map(entry).collect();
                if entries.is_empty() {
                    let expires_at = Some(moment(now) + plan.expires);
                    return Vec::from([Effect::Write(Written::Entry(Entry::Began { expires_at }))]);
                }
                let plan = *plan;
                let (recovered, mut effects) = Machine::recover(moment(now), &entries, 0);
                *machine = Some(recovered);
                if plan.bug == Bug::RecoversForward {
                    for effect in &mut effects {
                        if let machine::Effect::Write(Entry::Decided(decision)) = effect {
                            *decision = Decision::Confirm;
                        }
                    }
                }
                self.follow(now, plan, effects)
            }
        }
    }

    fn written(&mut self, now: Instant, record: Written) -> Effects {
        match (&mut *self, record) {
            (Self::Participant { progress, .. }, Written::Progress(done)) => {
                *progress = done;
                Effects::new()
            }
            (Self::Coordinator { machine, .. }, Written::Entry(Entry::Began { expires_at })) => {
                *machine = Some(Machine::new(expires_at));
                self.step(now, Input::Join)
            }
            (Self::Coordinator { plan, .. }, Written::Entry(Entry::Joined))
                if plan.bug == Bug::TriesFirst =>
            {
                Effects::new()
            }
            (Self::Coordinator { .. }, Written::Entry(_)) => self.step(now, Input::Written),
            _ => Effects::new(),
        }
    }

    fn receive(&mut self, now: Instant, from: usize, message: Message) -> Effects {
        match message {
            Message::Try => self.enter(Phase::Try),
            Message::Tell(Decision::Confirm) => self.enter(Phase::Confirm),
            Message::Tell(Decision::Cancel) => self.enter(Phase::Cancel),
            Message::Done => self.step(now, Input::Done(from - 1)),
            Message::Tried { yes: false } => self.step(now, Input::Decide(Decision::Cancel)),
            Message::Tried { yes: true } => {
                let mut effects = self.step(now, Input::Reserved(from - 1));
                let Self::Coordinator { plan, machine: Some(machine) } = self else {
                    return effects;
                };
                let wants = plan.wants;
                if !machine.is_reserved() {
                    return effects;
                }
                let all = machine.len() == PARTICIPANTS;
                let next = if all { Input::Decide(wants) } else { Input::Join };
                effects.extend(self.step(now, next));
                effects
            }
        }
    }

    fn wake(&mut self, now: Instant) -> Effects {
        self.step(now, Input::Wake)
    }

    fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Coordinator { machine: Some(machine), .. } => {
                machine.wake_at().map(|at| Instant::ZERO.saturating_add(at))
            }
            _ => None,
        }
    }
}

/// How far a participant is, on its disk.
fn progress(world: &World<Process>, participant: usize) -> Progress {
    let last = world.disk(participant + 1).iter().rev().find_map(|written| match written {
        Written::Progress(progress) => Some(*progress),
        Written::Entry(_) => None,
    });
    last.unwrap_or_default()
}

fn check(world: &World<Process>) -> Result<(), String> {
    let all: Vec<_> = (0..PARTICIPANTS).map(|it| progress(world, it)).collect();
    if all.contains(&Progress::Confirmed) && all.contains(&Progress::Cancelled) {
        return Err(alloc::format!("some are confirmed and some cancelled: {all:?}"));
    }
    for index in 1..=PARTICIPANTS {
        if let Some(Process::Participant { wrong: Some(wrong), .. }) = world.node(index) {
            return Err(wrong.clone());
        }
    }
    Ok(())
}

/// What must be so when nothing happens any more.
fn check_end(world: &World<Process>) -> Result<Decision, String> {
    let all: Vec<_> = (0..PARTICIPANTS).map(|it| progress(world, it)).collect();
    let Some(Process::Coordinator { machine: Some(machine), .. }) = world.node(0) else {
        return Err("there is no coordinator".into());
    };
    match machine.stage() {
        Stage::Over(Decision::Confirm) if all == [Progress::Confirmed; PARTICIPANTS] => {
            Ok(Decision::Confirm)
        }
        Stage::Over(Decision::Cancel)
            if all.iter().all(|it| matches!(it, Progress::Cancelled | Progress::Nothing)) =>
        {
            Ok(Decision::Cancel)
        }
        stage => Err(alloc::format!("{stage:?}, but the participants are {all:?}")),
    }
}

fn run(schedule: Schedule, faults: &Faults, bug: Bug) -> Result<Decision, String> {
    let plan = Plan::of(schedule.seed(), bug);
    let make = move |index| Process::new(index, plan);
    let mut world = World::new(schedule, faults.clone(), PARTICIPANTS + 1, make);
    world.run(check).map_err(|violation| alloc::format!("{violation}"))?;
    check_end(&world).map_err(|what| alloc::format!("{}", world.violation(what)))
}

/// A failing one is run again by its number, with all that happens: `run(Schedule::of(seed).traced(), ..)`.
fn run_many(seeds: core::ops::Range<u64>, faults: &Faults, bug: Bug) -> Result<[u32; 2], String> {
    let mut ended = [0, 0];
    for seed in seeds {
        match run(Schedule::of(seed), faults, bug) {
            Ok(Decision::Confirm) => ended[0] += 1,
            Ok(Decision::Cancel) => ended[1] += 1,
            Err(_) => {
                let told = run(Schedule::of(seed).traced(), faults, bug);
                return Err(alloc::format!("seed {seed}: {told:?}"));
            }
        }
    }
    Ok(ended)
}

/// Messages that are under way for longer than a transaction lasts.
fn slow() -> Faults {
    Faults { delay: Duration::from_millis(1)..2 * EXPIRES, ..Faults::all() }
}

#[test]
fn without_faults_it_ends_as_is_wanted() {
    for seed in 0..100 {
        let plan = Plan::of(seed, Bug::None);
        let expected = if plan.refuses.is_some() { Decision::Cancel } else { plan.wants };
        assert_eq!(run(Schedule::of(seed), &Faults::none(), Bug::None), Ok(expected), "{seed}");
    }
}

#[test]
fn thousands_of_schedules_end_one_way_for_all() {
    let all = [(Faults::crashes(), 2_000), (Faults::all(), 2_000), (slow(), 2_000)];
    for (faults, schedules) in all {
        let ended = run_many(0..schedules, &faults, Bug::None).unwrap();
        // Both must have been tried out.
        assert!(ended.iter().all(|many| *many > 100), "{ended:?} with {faults:?}");
    }
}

#[test]
fn what_is_done_wrong_is_found() {
    let bugs = [Bug::ForgetsEmptyCancels, Bug::TellsFirst, Bug::TriesFirst, Bug::RecoversForward];
    for bug in bugs {
        let found = [Faults::all(), slow()].map(|faults| run_many(0..2_000, &faults, bug));
        assert!(found.iter().any(Result::is_err), "{bug:?}: {found:?}");
    }
}
