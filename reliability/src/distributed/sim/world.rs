use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Effect, Faults, Node, Random, Schedule, Violation};
use crate::time::Instant;

/// Nodes, their disks, and the network between them.
///
/// # Examples
///
/// See the [module](super).
pub struct World<N: Node> {
    schedule: Schedule,
    faults: Faults,
    random: Random,
    now: Instant,
    nodes: Vec<Process<N>>,
    make: Maker<N>,
    /// What comes, by when, and of equals in the order in which it was sent.
    coming: BTreeMap<(Instant, u64), Coming<N>>,
    sent: u64,
    /// The nodes on one side, while the network is cut.
    cut: Option<Vec<bool>>,
    trace: Vec<String>,
}

type Maker<N> = alloc::boxed::Box<dyn Fn(usize) -> N>;
type EffectOf<N> = Effect<<N as Node>::Message, <N as Node>::Record>;

struct Process<N: Node> {
    node: Option<N>,
    disk: Vec<N::Record>,
    doing: VecDeque<EffectOf<N>>,
    inbox: VecDeque<(usize, N::Message)>,
    /// What is on its way to the disk.
    writing: Option<N::Record>,
    /// It is stopped until then.
    stopped: Instant,
    /// How often it has begun: what was meant for an earlier life does not come any more.
    life: u32,
}

enum Coming<N: Node> {
    Message { from: usize, to: usize, message: N::Message },
    Written { node: usize, life: u32 },
    Start { node: usize },
    Resume { node: usize },
    Blackout,
    Cut,
    Healed,
}

/// Enough for any protocol that comes to an end.
const MOST_EVENTS: u32 = 100_000;

impl<N: Node + 'static> World<N> {
    /// A world of so many nodes. They are made by their index, also when one comes back after a
    /// crash.
    pub fn new(
        schedule: Schedule,
        faults: Faults,
        nodes: usize,
        make: impl Fn(usize) -> N + 'static,
    ) -> Self {
        let mut world = Self {
            schedule,
            random: Random::new(schedule.seed()),
            now: Instant::ZERO,
            nodes: (0..nodes).map(|_| Process::new()).collect(),
            make: alloc::boxed::Box::new(make),
            coming: BTreeMap::new(),
            sent: 0,
            cut: None,
            trace: Vec::new(),
            faults,
        };
        for node in 0..nodes {
            world.come(Duration::ZERO, Coming::Start { node });
        }
        for _ in 0..world.faults.partitions {
            let (begin, length) = (Duration::ZERO..world.faults.until, Duration::ZERO..CUT);
            let begin = world.random.between(&begin);
            let end = begin + world.random.between(&length);
            world.come(begin, Coming::Cut);
            world.come(end.min(world.faults.until), Coming::Healed);
        }
        for _ in 0..world.faults.blackouts {
            let at = world.random.between(&(Duration::ZERO..world.faults.until));
            world.come(at, Coming::Blackout);
        }
        world
    }

    /// A node, unless it is dead.
    pub fn node(&self, index: usize) -> Option<&N> {
        self.nodes.get(index)?.node.as_ref()
    }

    /// What is on the disk of a node, also of a dead one.
    pub fn disk(&self, index: usize) -> &[N::Record] {
        self.nodes.get(index).map_or(&[], |process| &process.disk)
    }

    /// How many nodes there are, dead ones among them.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What time it is.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Lets it all happen until nothing happens any more, and looks after every event.
    ///
    /// # Errors
    ///
    /// What `check` has found, or that it does not come to an end.
    pub fn run(&mut self, check: impl FnMut(&Self) -> Result<(), String>) -> Result<(), Violation> {
        match self.run_on(None, check)? {
            true => Ok(()),
            false => Err(self.violation(format!("no end after {MOST_EVENTS} events"))),
        }
    }

    /// The same for a protocol that may go on for ever: until nothing happens any more, or that time
    /// has come.
    ///
    /// # Errors
    ///
    /// What `check` has found.
    pub fn run_until(
        &mut self,
        end: Instant,
        check: impl FnMut(&Self) -> Result<(), String>,
    ) -> Result<(), Violation> {
        self.run_on(Some(end), check).map(drop)
    }

    /// Whether it has come to an end.
    fn run_on(
        &mut self,
        end: Option<Instant>,
        mut check: impl FnMut(&Self) -> Result<(), String>,
    ) -> Result<bool, Violation> {
        for _ in 0..MOST_EVENTS {
            if end.is_some_and(|end| self.now >= end) || !self.next() {
                return Ok(true);
            }
            check(self).map_err(|what| self.violation(what))?;
        }
        Ok(false)
    }

    /// What went wrong, with all that led there.
    pub fn violation(&self, what: String) -> Violation {
        Violation::new(self.schedule.seed(), what, self.trace.clone())
    }

    /// One event; `false` if there is none.
    fn next(&mut self) -> bool {
        if let Some(busy) = self.nodes.iter().position(|process| process.is_busy(self.now)) {
            self.go_on(busy);
            return true;
        }
        let first = self.coming.first_key_value().map(|((at, _), _)| *at);
        let wake = |(index, process): (usize, &Process<N>)| {
            let at = process.node.as_ref()?.wake_at()?.max(process.stopped);
            (process.writing.is_none()).then_some((at, index))
        };
        let woken = self.nodes.iter().enumerate().filter_map(wake).min();
        if let Some((at, index)) = woken
            && first.is_none_or(|first| at < first)
        {
            self.now = self.now.max(at);
            let now = self.now;
            self.tell(|| format!("node {index} wakes up"));
            let process = &mut self.nodes[index];
            if let Some(node) = &mut process.node {
                process.doing.extend(node.wake(now));
            }
            return true;
        }
        let Some(((at, _), coming)) = self.coming.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        self.happen(coming);
        true
    }

    fn happen(&mut self, coming: Coming<N>) {
        match coming {
            Coming::Start { node } => {
                self.tell(|| format!("node {node} starts"));
                let (now, made) = (self.now, (self.make)(node));
                let process = &mut self.nodes[node];
                process.life += 1;
                process.stopped = now;
                let made = process.node.insert(made);
                process.doing.extend(made.start(now, &process.disk));
            }
            Coming::Resume { node } => self.tell(|| format!("node {node} goes on")),
            Coming::Message { from, to, message } => {
                let lost = self.is_cut(from, to) || self.nodes[to].node.is_none();
                self.tell(|| {
                    let lost = if lost { " in vain" } else { "" };
                    format!("{from} -> {to}{lost}: {message:?}")
                });
                if !lost {
                    self.nodes[to].inbox.push_back((from, message));
                }
            }
            Coming::Written { node, life } => {
                let now = self.now;
                let process = &mut self.nodes[node];
                if process.life == life
                    && let (Some(record), Some(alive)) =
                        (process.writing.take(), process.node.as_mut())
                {
                    process.disk.push(record.clone());
                    for effect in alive.written(now, record).into_iter().rev() {
                        process.doing.push_front(effect);
                    }
                }
            }
            Coming::Blackout => (0..self.nodes.len()).for_each(|node| {
                if self.nodes[node].node.is_some() {
                    self.crash(node);
                }
            }),
            Coming::Cut => {
                let side = (0..self.nodes.len()).map(|_| self.random.below(2) == 0).collect();
                self.tell(|| format!("the network is cut: {side:?}"));
                self.cut = Some(side);
            }
            Coming::Healed => self.cut = None,
        }
    }

    /// A node does the next thing that it wants to do, unless it dies before.
    fn go_on(&mut self, index: usize) {
        let now = self.now;
        let process = &mut self.nodes[index];
        if process.doing.is_empty() {
            if let (Some(node), Some((from, message))) =
                (process.node.as_mut(), process.inbox.pop_front())
            {
                process.doing.extend(node.receive(now, from, message));
            }
            return;
        }
        if self.is_bad() && self.random.per_mille(self.faults.crash) {
            self.crash(index);
            return;
        }
        if self.is_bad() && self.faults.pause > 0 && self.random.per_mille(self.faults.pause) {
            let length = self.random.between(&self.faults.paused);
            self.tell(|| format!("node {index} is stopped"));
            self.nodes[index].stopped = now.saturating_add(length);
            self.come(length, Coming::Resume { node: index });
            return;
        }
        match self.nodes[index].doing.pop_front() {
            Some(Effect::Send { to, message }) => self.send(index, to, message),
            Some(Effect::Write(record)) => {
                self.tell(|| format!("node {index} writes {record:?}"));
                let process = &mut self.nodes[index];
                process.writing = Some(record);
                let written = Coming::Written { node: index, life: process.life };
                if self.is_bad() && self.random.per_mille(self.faults.crash) {
                    self.crash(index);
                    return;
                }
                let delay = self.random.between(&self.faults.write);
                self.come(delay, written);
            }
            None => {}
        }
    }

    /// What it was writing is there or it is not, and nobody has told it.
    fn crash(&mut self, index: usize) {
        let kept = self.random.below(2) == 0;
        self.tell(|| format!("node {index} crashes"));
        let process = &mut self.nodes[index];
        if let Some(record) = process.writing.take()
            && kept
        {
            process.disk.push(record);
        }
        process.node = None;
        process.doing.clear();
        process.inbox.clear();
        if let Some(down) = self.faults.down.clone() {
            let down = self.random.between(&down);
            self.come(down, Coming::Start { node: index });
        }
    }

    fn send(&mut self, from: usize, to: usize, message: N::Message) {
        if to >= self.nodes.len() {
            return;
        }
        let bad = self.is_bad();
        if bad && self.random.per_mille(self.faults.loss) {
            self.tell(|| format!("{from} -> {to} is lost: {message:?}"));
            return;
        }
        let twice = bad && self.random.per_mille(self.faults.duplication);
        if twice {
            let delay = self.random.between(&self.faults.delay);
            self.come(delay, Coming::Message { from, to, message: message.clone() });
        }
        let delay = self.random.between(&self.faults.delay);
        self.come(delay, Coming::Message { from, to, message });
    }

    fn come(&mut self, after: Duration, coming: Coming<N>) {
        self.sent += 1;
        self.coming.insert((self.now.saturating_add(after), self.sent), coming);
    }

    fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cut.as_ref().is_some_and(|side| side.get(from) != side.get(to))
    }

    fn is_bad(&self) -> bool {
        self.now < Instant::ZERO.saturating_add(self.faults.until)
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.schedule.is_traced() {
            let at = self.now.saturating_duration_since(Instant::ZERO);
            self.trace.push(format!("{:>9.3} s  {}", at.as_secs_f64(), what()));
        }
    }
}

/// The longest that the network is cut.
const CUT: Duration = Duration::from_secs(5);

impl<N: Node> Process<N> {
    fn new() -> Self {
        let (doing, inbox) = (VecDeque::new(), VecDeque::new());
        let (disk, stopped) = (Vec::new(), Instant::ZERO);
        Self { node: None, disk, doing, inbox, writing: None, stopped, life: 0 }
    }

    fn is_busy(&self, now: Instant) -> bool {
        let has_work = !self.doing.is_empty() || !self.inbox.is_empty();
        self.node.is_some() && self.writing.is_none() && self.stopped <= now && has_work
    }
}

impl<N: Node> core::fmt::Debug for World<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let world = &mut f.debug_struct("World");
        world.field("schedule", &self.schedule).field("now", &self.now).finish_non_exhaustive()
    }
}
