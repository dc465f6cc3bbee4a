//! The coordinator and three participants in a world made up from a seed: crashes, lost, doubled and
//! overtaking messages, and a network that is cut.

use std::cell::Cell;
use std::time::Duration;

use reliability::distributed::sim::{Effect, Faults, Node, Schedule, Violation, World};
use reliability::distributed::transaction::tcc::Decision;
use reliability::distributed::transaction::tcc::barrier::{Phase, Progress, Verdict};
use reliability::distributed::transaction::tcc::core::{
    self as machine, Entry, Input, Machine, Stage,
};
use reliability::time::Instant;

use crate::{none, right, schedules};

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
        let refuses =
            seed.is_multiple_of(7).then_some(usize::try_from(seed).unwrap() % PARTICIPANTS);
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
            *wrong = Some(format!("participant {index}: {phase} when {progress}"));
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
                let all = machine.participants() == PARTICIPANTS;
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
        return Err(format!("some are confirmed and some cancelled: {all:?}"));
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
        stage => Err(format!("{stage:?}, but the participants are {all:?}")),
    }
}

/// How often it was confirmed, and how often cancelled.
type Tally = [Cell<u64>; 2];

fn run(schedule: Schedule, faults: &Faults, bug: Bug, tally: &Tally) -> Result<(), Violation> {
    let plan = Plan::of(schedule.seed(), bug);
    let make = move |index| Process::new(index, plan);
    let mut world = World::new(schedule, faults.clone(), PARTICIPANTS + 1, make);
    world.run(check)?;
    let ended = check_end(&world).map_err(|what| world.violation(what))?;
    let count = &tally[usize::from(ended == Decision::Cancel)];
    count.set(count.get() + 1);
    Ok(())
}

/// Messages that are under way for longer than a transaction lasts.
fn slow() -> Faults {
    Faults { delay: Duration::from_millis(1)..2 * EXPIRES, ..Faults::all() }
}

/// Processes that are stopped, also for longer than a transaction lasts, and power failures.
fn harsh() -> Faults {
    let paused = Duration::from_millis(1)..2 * EXPIRES;
    Faults { pause: 20, paused, blackouts: 2, ..Faults::all() }
}

#[test]
fn without_faults_tcc_ends_as_is_wanted() {
    for seed in 0..100 {
        let (plan, tally) = (Plan::of(seed, Bug::None), Tally::default());
        let expected = if plan.refuses.is_some() { Decision::Cancel } else { plan.wants };
        run(Schedule::of(seed), &Faults::none(), Bug::None, &tally).unwrap();
        assert_eq!(tally[usize::from(expected == Decision::Cancel)].get(), 1, "{seed}");
    }
}

#[test]
fn tcc_ends_one_way_for_all_whatever_goes_wrong() {
    for faults in [Faults::crashes(), Faults::all(), slow(), harsh()] {
        let tally = Tally::default();
        let explored = schedules(right::TCC, |schedule| run(schedule, &faults, Bug::None, &tally));
        let count = explored.schedules;
        none(explored, "tcc_ends_one_way_for_all_whatever_goes_wrong");
        let [confirmed, cancelled] = tally.map(Cell::into_inner);
        println!("tcc: {confirmed} confirmed, {cancelled} cancelled");
        // Both must have been tried out.
        assert!(count == 1 || (confirmed > 100 && cancelled > 100), "{faults:?}");
    }
}

#[test]
fn tcc_bugs_are_found() {
    let bugs = [Bug::ForgetsEmptyCancels, Bug::TellsFirst, Bug::TriesFirst, Bug::RecoversForward];
    for bug in bugs {
        let found = [Faults::all(), slow()].map(|faults| {
            let explored = schedules(2_000, |it| run(it, &faults, bug, &Tally::default()));
            explored.violations
        });
        println!("{bug:?}: {found:?} of 2000 each");
        assert!(found.iter().any(|found| *found > 0), "{bug:?}");
    }
}
