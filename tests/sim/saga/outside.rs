//! The services that the steps of a plan call.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reliability::distributed::sim::Random;
use reliability::distributed::transaction::saga::{
    Cx, Definition, Doing, History, Outcome, Probing, Saga, Transient, Undoing, Unwritable,
};

use super::Bug;
use super::plans::{BEFORE, PLANS, SIGNALS, THENS, TIMERS};
use crate::disk::Luck;

/// What the services outside know.
pub(super) struct Outside {
    pub(super) plan: usize,
    pub(super) bug: Bug,
    pub(super) random: Random,
    /// Nothing goes wrong any more.
    pub(super) calm: bool,
    /// Per step: how often it has happened, and whether it is undone.
    pub(super) done: Vec<u32>,
    pub(super) undone: Vec<bool>,
    pub(super) calls: usize,
    pub(super) trace: Vec<String>,
    pub(super) wrong: Option<String>,
}

impl Outside {
    fn often(&mut self, per_mille: u32) -> bool {
        self.random.per_mille(per_mille) && !self.calm
    }

    pub(super) fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    pub(super) fn is_there(&self, step: usize) -> bool {
        self.done[step] > 0 && !self.undone[step]
    }

    fn effect(&mut self, step: usize) {
        // What was undone by its effect id does not happen any more.
        if self.undone[step] {
            return self.wrong(format!("step {step} is done after it was undone"));
        }
        let (signal, timer) = (SIGNALS[self.plan], TIMERS[self.plan]);
        for &before in BEFORE[self.plan][step] {
            if Some(before) != signal && Some(before) != timer && !self.is_there(before) {
                self.wrong(format!("step {step} is done before step {before}"));
            }
        }
        if self.done[step] == 0 || self.bug == Bug::EffectsAreNew {
            self.done[step] += 1;
        }
    }

    fn undo(&mut self, step: usize, known: bool) {
        for (later, before) in BEFORE[self.plan].iter().enumerate().skip(step + 1) {
            if before.contains(&step) && self.is_there(later) {
                self.wrong(format!("step {step} is undone before step {later}"));
            }
        }
        if known || self.bug != Bug::UndoesOnlyWhatIsDone {
            self.undone[step] = true;
        }
    }
}

#[derive(Clone)]
pub(super) struct World(pub(super) Arc<Mutex<Outside>>);

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl World {
    pub(super) fn lock(&self) -> MutexGuard<'_, Outside> {
        self.0.lock().unwrap()
    }

    pub(super) fn tell(&self, what: String) {
        self.lock().trace.push(what);
    }
}

impl Luck for World {
    async fn pause(&self) {
        let pause = self.lock().random.below(40);
        if pause > 8 {
            tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        }
    }

    fn often(&self, per_mille: u32) -> bool {
        self.lock().often(per_mille)
    }
}

/// A step of the plan with that number.
pub(super) struct Of<const PLAN: usize> {
    pub(super) step: usize,
}

impl<const PLAN: usize> Saga for Of<PLAN> {
    type Input = u64;
    type Refusal = u64;
    type Shared = World;
    type Done = ();

    const DEFINITION: Definition = Definition::new("sim", 1, PLANS[PLAN]);

    fn call(step: usize, cx: Cx<World>, _: Arc<History<Self>>) -> Doing<Self> {
        Box::pin(async move {
            let world = cx.shared();
            world.tell(format!("do {step}"));
            world.lock().calls += 1;
            world.pause().await;
            if world.often(80) {
                return Err(Outcome::transient("busy"));
            }
            if world.often(80) {
                return Err(Outcome::unknown("it has not reached the other side"));
            }
            let refuses = step < THENS[PLAN] && world.lock().done[step] == 0 && world.often(60);
            if refuses {
                return Err(Outcome::Rejected(step as u64));
            }
            world.lock().effect(step);
            world.tell(format!("has done {step}"));
            world.pause().await;
            if world.often(120) {
                return Err(Outcome::unknown("the answer was lost"));
            }
            Ok(Self { step })
        })
    }

    fn probe(step: usize, cx: Cx<World>, _: Arc<History<Self>>) -> Probing<Self> {
        Box::pin(async move {
            let world = cx.shared();
            world.tell(format!("probe {step}"));
            world.pause().await;
            match world.often(150) {
                true => Err(Transient::new("busy")),
                false => Ok(world.lock().is_there(step).then_some(Self { step })),
            }
        })
    }

    fn undo(step: usize, cx: Cx<World>, history: Arc<History<Self>>) -> Undoing {
        Box::pin(async move {
            let world = cx.shared();
            world.tell(format!("undo {step}"));
            world.pause().await;
            if world.often(150) {
                return Err(Transient::new("busy"));
            }
            world.lock().undo(step, history.output(step).is_some());
            world.pause().await;
            match world.often(100) {
                true => Err(Transient::new("the answer was lost")),
                false => Ok(()),
            }
        })
    }

    fn place(&self) -> usize {
        self.step
    }

    fn write(&self) -> Result<Vec<u8>, Unwritable> {
        Ok(b"null".to_vec())
    }

    fn read(step: usize, _: &[u8]) -> Result<Self, Unwritable> {
        Ok(Self { step })
    }

    fn done(_: History<Self>) -> Option<()> {
        Some(())
    }
}
