//! What is behind the lock of an SLO: everything but the counters.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Core;
use crate::sre::arithmetic::engine::Engine;
use crate::sre::{Decision, DecisionKind, Definition, Stance, Status, Timeline, Verdict};

/// So many decisions are remembered.
pub(in crate::sre) const HISTORY_MAX: usize = 256;

#[derive(Debug)]
pub(in crate::sre) struct Live {
    pub(in crate::sre) timeline: Timeline,
    /// Where the engine was when the timeline began.
    origin_millis: u64,
    pub(in crate::sre) engine: Engine,
    /// By objective.
    pub(in crate::sre) memories: Vec<Memory>,
    history: VecDeque<Decision>,
    /// How many decisions there were.
    decided: u64,
}

/// What was decided last about an objective.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::sre) struct Memory {
    pub(in crate::sre) stance: Stance,
    /// By alert.
    pub(in crate::sre) firing: Vec<bool>,
}

impl Live {
    pub(in crate::sre) fn new(definition: &Definition, timeline: Timeline) -> Self {
        let engine = Engine::new(definition, timeline.now(0));
        let memories = definition.objectives().iter().map(|_| Memory::default()).collect();
        Self { timeline, origin_millis: 0, engine, memories, history: VecDeque::new(), decided: 0 }
    }

    /// Reads the counters, and decides. What was decided is remembered.
    pub(in crate::sre) fn step(&mut self, core: &Core) -> Status {
        let now = self.timeline.now(self.origin_millis);
        self.engine.step(core.definition(), now, &core.sums());
        let mut status = Status::read(core.definition(), &self.engine);
        let mut decisions = Vec::new();
        for (objective, memory) in status.objectives.iter_mut().zip(&mut self.memories) {
            let remaining = objective.budget.remaining();
            let mut decided = |kind| {
                decisions.push(Decision {
                    at: self.timeline.calendar(),
                    slo: status.name.clone(),
                    objective: Some(objective.objective.name.to_string()),
                    kind,
                    remaining,
                });
            };
            memory.firing.resize(objective.alerts.len(), false);
            for (alert, firing) in objective.alerts.iter().zip(&mut memory.firing) {
                let fires = alert.verdict == Verdict::Firing;
                match (*firing, fires) {
                    (false, true) => decided(DecisionKind::Fired(alert.alert)),
                    (true, false) => decided(DecisionKind::Ended(alert.alert)),
                    _ => {}
                }
                *firing = fires;
            }
            let to = memory.stance.next(&core.definition().policy, &objective.budget);
            if to != memory.stance {
                decided(DecisionKind::Turned { from: memory.stance, to });
                memory.stance = to;
            }
            objective.stance = to;
        }
        decisions.into_iter().for_each(|decision| self.remember(decision));
        status
    }

    /// Goes on where another process has stopped: at `engine`, whose clock has gone on meanwhile.
    pub(in crate::sre) fn resume(
        &mut self,
        definition: &Definition,
        engine: Engine,
        memories: Vec<Memory>,
    ) {
        let gap = self.timeline.now(0).unix_seconds.saturating_sub(engine.now.unix_seconds).max(0);
        self.engine = engine;
        self.origin_millis =
            self.engine.now.millis.saturating_add((gap as u64).saturating_mul(1_000));
        // What this process has counted came after it began: the next step reads it.
        self.timeline = self.timeline.restarted();
        self.engine.resume(definition, self.timeline.now(self.origin_millis));
        self.memories = memories;
    }

    /// Tells the time by another timeline from now on.
    pub(in crate::sre) fn follow(&mut self, timeline: Timeline) {
        self.origin_millis = self.engine.now.millis;
        self.timeline = timeline.restarted();
    }

    pub(in crate::sre) fn decide(&mut self, slo: &str, kind: DecisionKind) {
        let at = self.timeline.calendar();
        let decision =
            Decision { at, slo: String::from(slo), objective: None, kind, remaining: None };
        self.remember(decision);
    }

    pub(in crate::sre) fn history(&self) -> impl Iterator<Item = &Decision> {
        self.history.iter()
    }

    /// How many decisions there were so far.
    pub(in crate::sre) fn decided(&self) -> u64 {
        self.decided
    }

    /// Those after the first so many, as far back as is remembered.
    ///
    /// Whoever asks for the status decides as well, so who wants to hear of all must look them up.
    pub(in crate::sre) fn decisions_after(&self, told: u64) -> Vec<Decision> {
        let news = usize::try_from(self.decided - told).unwrap_or(usize::MAX);
        let skipped = self.history.len().saturating_sub(news);
        self.history.iter().skip(skipped).cloned().collect()
    }

    fn remember(&mut self, decision: Decision) {
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(decision);
        self.decided += 1;
    }
}
