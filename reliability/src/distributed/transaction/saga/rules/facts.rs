//! What the journal says of one saga.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::time::SystemTime;

use super::super::definition::{Kind, Waits};
use super::super::plan::Plan;
use super::{Because, Entry, Phase};
use crate::journal::JournalError;

/// What the journal says of one saga, and what follows from that alone.
#[derive(Debug, Clone)]
pub(in super::super) struct Facts {
    pub(in super::super) plan: Arc<Plan>,
    pub(in super::super) phase: Phase,
    pub(in super::super) steps: Vec<StepFacts>,
    pub(in super::super) because: Option<Because>,
    /// Somebody wants it to turn back.
    pub(in super::super) cancelled: bool,
    pub(in super::super) deadline: Option<SystemTime>,
    /// What has failed too often last, and whether it is its undo.
    pub(in super::super) stuck: Option<(usize, bool)>,
    started_at: SystemTime,
    /// Of this run of the saga, and of no other.
    pub(in super::super) run: u128,
    pub(in super::super) ended_at: Option<SystemTime>,
}

/// What the journal says of one step.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct StepFacts {
    pub(in super::super) done_at: Option<SystemTime>,
    /// Somebody has said that it is done: a signal may come before its time.
    said_at: Option<SystemTime>,
    /// It may have been begun when the saga turned back, and was not done.
    pub(in super::super) maybe: bool,
    pub(in super::super) undone: bool,
    /// Failed attempts that were written down.
    pub(in super::super) tried: u32,
    /// Failed attempts at its undo that were written down.
    pub(in super::super) undo_tried: u32,
    /// What the saga that it is has told last.
    pub(in super::super) nested: Option<&'static str>,
}

impl Facts {
    pub(in super::super) fn new(plan: Arc<Plan>) -> Self {
        let steps = plan.steps().iter().map(|_| StepFacts::default()).collect();
        Self {
            plan,
            phase: Phase::Running,
            steps,
            because: None,
            cancelled: false,
            deadline: None,
            started_at: SystemTime::UNIX_EPOCH,
            run: 0,
            ended_at: None,
            stuck: None,
        }
    }

    /// The next record of the saga.
    pub(in super::super) fn apply(
        &mut self,
        entry: &Entry,
        at: SystemTime,
    ) -> Result<(), JournalError> {
        match entry {
            Entry::Started(started) => {
                (self.started_at, self.deadline) = (at, started.deadline);
                self.run = started.run;
            }
            // What was said first counts: a signal may come twice.
            Entry::Done { step, .. } => {
                let step = &mut self.steps[*step];
                step.said_at = step.said_at.or(Some(at));
                step.tried = 0;
                self.settle(at);
            }
            Entry::Refused { because, .. } => self.turn_back(*because)?,
            Entry::Undone { step, .. } | Entry::Skipped { step, .. } => {
                self.steps[*step].undone = true;
                if self.phase == Phase::StuckUndoing {
                    self.go(Phase::Undoing)?;
                }
            }
            Entry::Tried { step, undoing, attempt, .. } => self.tried(*step, *undoing, *attempt),
            Entry::Stuck { step, undoing, attempts, .. } => {
                self.tried(*step, *undoing, *attempts);
                self.stuck = Some((*step, *undoing));
                self.go(if *undoing { Phase::StuckUndoing } else { Phase::Stuck })?;
            }
            Entry::Completed => self.go(Phase::Completed)?,
            Entry::RolledBack => self.go(Phase::RolledBack)?,
            Entry::Cancelled { .. } => self.cancelled = true,
            Entry::Retried { .. } => self.go_on()?,
            Entry::Edited { step, .. } => {
                if let Some(step) = step {
                    self.steps[*step].done_at = Some(at);
                    self.settle(at);
                }
                self.go_on()?;
            }
            Entry::Abandoned { .. } => self.go(Phase::Abandoned)?,
            Entry::Nested { step, status, .. } => {
                if let Some(step) = *step {
                    self.steps[step].nested = Some(status);
                }
            }
        }
        if self.phase.is_over() {
            self.ended_at = self.ended_at.or(Some(at));
        }
        Ok(())
    }

    /// A signal that came early counts when all before it is done: what comes after it does not
    /// wait for anything else.
    fn settle(&mut self, at: SystemTime) {
        for step in 0..self.steps.len() {
            let early = self.plan.steps()[step].waits == Waits::Signal && !self.may_be_begun(step);
            let facts = &mut self.steps[step];
            if let (None, Some(said)) = (facts.done_at, facts.said_at)
                && !early
            {
                facts.done_at = Some(said.max(at));
            }
        }
    }

    /// Somebody has looked at it: all is tried anew.
    fn go_on(&mut self) -> Result<(), JournalError> {
        for step in &mut self.steps {
            (step.tried, step.undo_tried) = (0, 0);
        }
        match self.phase {
            Phase::Stuck => self.go(Phase::Running),
            Phase::StuckUndoing => self.go(Phase::Undoing),
            _ => Ok(()),
        }
    }

    fn go(&mut self, next: Phase) -> Result<(), JournalError> {
        // What comes after the end has been said too late, and changes nothing.
        if self.phase.is_over() || self.phase == next {
            return Ok(());
        }
        self.phase.try_go(next).map(drop).map_err(|refused| JournalError::Unreadable {
            what: format!("the records of saga `{}` contradict: {refused}", self.plan.name()),
            source: None,
        })
    }

    fn turn_back(&mut self, because: Because) -> Result<(), JournalError> {
        // Of two steps that are rejected side by side, the first is why.
        if self.because.is_none() {
            for step in 0..self.steps.len() {
                self.steps[step].maybe = self.may_be_begun(step);
            }
            self.because = Some(because);
        }
        if let Because::Rejected(step) = because {
            self.steps[step].maybe = false;
        }
        self.go(Phase::Undoing)
    }

    fn tried(&mut self, step: usize, undoing: bool, attempt: u32) {
        let step = &mut self.steps[step];
        let tried = if undoing { &mut step.undo_tried } else { &mut step.tried };
        *tried = attempt.max(*tried);
    }

    pub(in super::super) fn is_done(&self, step: usize) -> bool {
        self.steps[step].done_at.is_some()
    }

    /// Whether it could begin: whoever works at the saga may have begun it.
    pub(in super::super) fn may_be_begun(&self, step: usize) -> bool {
        let after = &self.plan.steps()[step].after;
        !self.is_done(step) && after.iter().all(|&before| self.is_done(before))
    }

    /// When it could begin.
    pub(in super::super) fn ready_at(&self, step: usize) -> SystemTime {
        let after = &self.plan.steps()[step].after;
        let done = after.iter().filter_map(|&before| self.steps[before].done_at);
        done.max().unwrap_or(self.started_at).max(self.started_at)
    }

    pub(in super::super) fn pivot(&self) -> Option<usize> {
        self.plan.steps().iter().position(|step| step.kind == Kind::Pivot)
    }

    /// Whether it has not come so far that there is only forward. That a pivot may be on its way is
    /// not known here.
    pub(in super::super) fn may_turn_back(&self) -> bool {
        let steps = self.plan.steps().iter().zip(&self.steps);
        let (mut open, mut behind) = (false, false);
        for (planned, step) in steps {
            match (planned.kind, step.done_at) {
                (Kind::Compensable | Kind::Pivot, None) => open = true,
                (Kind::Pivot | Kind::Retriable, Some(_)) => behind = true,
                (Kind::Compensable, Some(_)) | (Kind::Retriable, None) => {}
            }
        }
        matches!(self.phase, Phase::Running | Phase::Stuck) && open && !behind
    }

    /// Whether all is done that a saga which goes forward has to do.
    pub(in super::super) fn all_done(&self) -> bool {
        (0..self.steps.len()).all(|step| self.is_done(step))
    }

    /// Whether it has to be undone, now or later.
    pub(in super::super) fn to_be_undone(&self, step: usize) -> bool {
        let (planned, facts) = (&self.plan.steps()[step], &self.steps[step]);
        planned.undo && !facts.undone && (facts.maybe || self.is_done(step))
    }

    /// Whether nothing that came after it has to be undone first.
    pub(in super::super) fn may_be_undone(&self, step: usize) -> bool {
        // Each step once, from the last one back: there may be more ways through them than anybody
        // can walk.
        let mut waits = alloc::vec![false; self.steps.len()];
        for other in (step + 1..self.steps.len()).rev() {
            if waits[other] || self.to_be_undone(other) {
                for &before in &self.plan.steps()[other].after {
                    waits[before] = true;
                }
            }
        }
        !waits[step]
    }

    /// When a step that waits for time alone is over.
    pub(in super::super) fn timer(&self, step: usize) -> Option<SystemTime> {
        match self.plan.steps()[step].waits {
            Waits::Time(time) => self.ready_at(step).checked_add(time),
            Waits::Call | Waits::Signal => None,
        }
    }
}
