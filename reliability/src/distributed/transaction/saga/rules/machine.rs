//! What is to be done, given what is written and what has just come.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::super::definition::{Kind, Waits};
use super::super::plan::Plan;
use super::exchange::{Act, Begin, Ended, Input, Next, Rest};
use super::{Because, Entry, Facts, Phase};
use crate::journal::JournalError;

/// One saga at work.
///
/// ```text
///   records of the journal --Found--> facts --> Begin --> the world
///            ^                          |                   |
///            |                          |                   | Ended
///            +-- Write <-- what came of it <----------------+
/// ```
///
/// What a step came to is a fact only when it is written: until then nothing follows from it.
#[derive(Debug)]
pub(in super::super) struct Machine {
    pub(in super::super) facts: Facts,
    work: Vec<Work>,
    /// What is to be written next.
    results: Vec<Entry>,
    /// What is being written.
    in_flight: Vec<Entry>,
}

/// What this worker does about a step.
#[derive(Debug, Clone, Default)]
struct Work {
    busy: Option<Act>,
    /// Not before that time.
    until: Option<SystemTime>,
    /// Failed attempts.
    attempts: u32,
    pause: Duration,
    /// It certainly has not happened: this worker knows, because it was there all the time.
    clean: bool,
    /// Too many attempts have failed; the last one so.
    failed: Option<String>,
    /// It waits for the saga that it is, which says when there is news.
    waits: bool,
    /// There was news while it was being looked at.
    told: bool,
    /// Whether it could be begun before what is written now.
    was_open: bool,
}

impl Machine {
    pub(in super::super) fn new(plan: Arc<Plan>) -> Self {
        let work = plan.steps().iter().map(|_| Work::default()).collect();
        Self { facts: Facts::new(plan), work, results: Vec::new(), in_flight: Vec::new() }
    }

    /// One step of the machine.
    pub(in super::super) fn step(
        &mut self,
        now: SystemTime,
        input: Input,
    ) -> Result<Next, JournalError> {
        match input {
            Input::Found { entries, fresh } => self.found(&entries, fresh)?,
            Input::Written => self.written(now)?,
            Input::Ended { step, act, how, random } => self.ended(now, step, act, how, random),
            Input::Tick => {}
        }
        self.advance(now)
    }

    fn found(&mut self, entries: &[(SystemTime, Entry)], fresh: bool) -> Result<(), JournalError> {
        // What followed from the facts is asked anew; what steps have come to, stays.
        let mut results = core::mem::take(&mut self.in_flight);
        results.retain(Entry::is_an_outcome);
        results.append(&mut self.results);
        self.results = results;
        for (at, entry) in entries {
            let before = self.facts.phase;
            self.facts.apply(entry, *at)?;
            let again = matches!(entry, Entry::Retried { .. } | Entry::Edited { .. });
            if again || before != self.facts.phase {
                self.begin_anew();
            }
            self.told(entry);
        }
        for step in 0..self.work.len() {
            let tried = &self.facts.steps[step];
            let undoing = matches!(self.facts.phase, Phase::Undoing | Phase::StuckUndoing);
            let tried = if undoing { tried.undo_tried } else { tried.tried };
            let work = &mut self.work[step];
            work.attempts = work.attempts.max(tried);
            work.clean |= fresh && self.facts.may_be_begun(step);
        }
        self.results.retain(|entry| match entry {
            Entry::Done { step, .. } => !self.facts.is_done(*step),
            _ => !self.facts.phase.is_over(),
        });
        Ok(())
    }

    /// What a step waits for may have come.
    fn told(&mut self, entry: &Entry) {
        let of = match entry {
            Entry::Nested { step: Some(step), .. } => *step..*step + 1,
            Entry::Nested { step: None, .. } | Entry::Cancelled { .. } => 0..self.work.len(),
            _ => return,
        };
        for work in &mut self.work[of] {
            (work.waits, work.told) = (false, work.busy.is_some());
        }
    }

    /// In another phase, other attempts count.
    fn begin_anew(&mut self) {
        for work in &mut self.work {
            let Work { busy, clean, told, .. } = *work;
            *work = Work { busy, clean, told, ..Work::default() };
        }
    }

    fn written(&mut self, now: SystemTime) -> Result<(), JournalError> {
        let before = self.facts.phase;
        for step in 0..self.work.len() {
            self.work[step].was_open = self.facts.may_be_begun(step);
        }
        for entry in core::mem::take(&mut self.in_flight) {
            self.facts.apply(&entry, now)?;
        }
        for step in 0..self.work.len() {
            let work = &mut self.work[step];
            work.clean |= !work.was_open && self.facts.may_be_begun(step);
        }
        if before != self.facts.phase {
            self.begin_anew();
        }
        Ok(())
    }

    fn ended(&mut self, now: SystemTime, step: usize, act: Act, how: Ended, random: u64) {
        self.work[step].busy = None;
        match how {
            Ended::Done(output) => self.results.push(Entry::Done { step, output }),
            Ended::Undone => {
                let known = matches!(act, Act::Undo { known: true });
                self.results.push(Entry::Undone { step, known });
            }
            Ended::NotFound => self.work[step].clean = true,
            // It certainly has not happened, so this one turns back by itself.
            Ended::TurnedBack(_) if self.is_called_back(now) => self.work[step].clean = true,
            Ended::Rejected(refusal) | Ended::TurnedBack(refusal) => {
                let because = Because::Rejected(step);
                self.results.push(Entry::Refused { because, refusal });
            }
            Ended::Waiting(_) => {
                let undoing = matches!(act, Act::Undo { .. });
                let fits = undoing == (self.facts.phase == Phase::Undoing);
                let work = &mut self.work[step];
                work.waits = !core::mem::take(&mut work.told) && fits;
                work.clean &= undoing;
            }
            // What is undone anyway is not asked for.
            Ended::Lost(_) if self.facts.phase == Phase::Undoing => {}
            Ended::Lost(reason) => {
                let work = &mut self.work[step];
                work.attempts = work.attempts.saturating_add(1);
                work.clean = false;
                work.failed = Some(reason);
            }
            Ended::Failed { unknown, reason, pause } => {
                if act == Act::Do && unknown {
                    self.work[step].clean = false;
                }
                let undoing = matches!(act, Act::Undo { .. });
                // A step that fails while others are undone is undone itself.
                if !undoing && self.facts.phase == Phase::Undoing {
                    return;
                }
                self.failed(now, step, undoing, Failed { unknown, reason, pause, random });
            }
        }
    }

    fn failed(&mut self, now: SystemTime, step: usize, undoing: bool, failed: Failed) {
        let Failed { unknown, reason, pause, random } = failed;
        let (planned, work) = (&self.facts.plan.steps()[step], &mut self.work[step]);
        work.attempts = work.attempts.saturating_add(1);
        let most = if undoing { planned.undo_attempts } else { planned.attempts };
        if most.is_some_and(|most| work.attempts >= most) {
            work.failed = Some(reason);
            return;
        }
        work.pause = planned.backoff.delay(work.attempts, work.pause, random);
        let pause = work.pause.max(pause.unwrap_or_default());
        work.until = now.checked_add(pause);
        // Whoever looks sees why it takes so long, and the history of a long night stays short.
        let attempt = work.attempts;
        if attempt <= 16 || attempt.is_power_of_two() {
            self.results.push(Entry::Tried { step, undoing, attempt, unknown, reason });
        }
    }

    fn is_busy(&self) -> bool {
        self.work.iter().any(|work| work.busy.is_some())
    }

    fn advance(&mut self, now: SystemTime) -> Result<Next, JournalError> {
        if self.facts.phase.is_over() {
            let rest = Some(self.rest(&self.facts));
            self.in_flight.clear();
            return Ok(Next::Write { status: None, rest });
        }
        self.decide(now);
        if self.results.is_empty() && self.end(&self.facts).is_none() {
            let begin = self.begin(now);
            self.conclude_stuck();
            if self.results.is_empty() {
                return Ok(Next::Go { begin, until: self.until(), busy: self.is_busy() });
            }
        }
        self.write(now)
    }

    /// What follows from the facts and the time alone.
    fn decide(&mut self, now: SystemTime) {
        if self.refuses() {
            return;
        }
        if self.may_turn_back() {
            let because = match (self.facts.cancelled, self.is_late(now)) {
                (true, _) => Some(Because::Cancelled),
                (false, true) => Some(Because::Deadline),
                (false, false) => None,
            };
            if let Some(because) = because {
                self.results.push(Entry::Refused { because, refusal: b"null".to_vec() });
                return;
            }
        }
        if self.facts.phase == Phase::Running {
            for step in 0..self.work.len() {
                let over = self.facts.timer(step).is_some_and(|at| at <= now);
                if over && self.facts.may_be_begun(step) && !self.has_result(step) {
                    self.results.push(Entry::Done { step, output: b"null".to_vec() });
                }
            }
        }
    }

    fn is_late(&self, now: SystemTime) -> bool {
        self.facts.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Whether it turns back as soon as it can.
    fn is_called_back(&self, now: SystemTime) -> bool {
        self.facts.cancelled || self.is_late(now)
    }

    /// A pivot cannot be called back; the saga that it is may still turn back by itself.
    fn recalls(&self, step: usize) -> bool {
        let planned = &self.facts.plan.steps()[step];
        let nested = planned.nested.is_some() && planned.kind == Kind::Pivot;
        nested && self.facts.cancelled && !self.work[step].clean
    }

    fn refuses(&self) -> bool {
        self.results.iter().any(|entry| matches!(entry, Entry::Refused { .. }))
    }

    fn has_result(&self, of: usize) -> bool {
        self.results.iter().any(|it| matches!(it, Entry::Done { step, .. } if *step == of))
    }

    /// A pivot that may be on its way is past the point where anybody can call it back.
    fn may_turn_back(&self) -> bool {
        let pivot = self.facts.pivot();
        let away = pivot.is_some_and(|pivot| {
            let work = &self.work[pivot];
            let acts = matches!(work.busy, Some(Act::Do | Act::Recall));
            self.facts.may_be_begun(pivot) && (!work.clean || acts)
        });
        self.facts.may_turn_back() && !away && !pivot.is_some_and(|pivot| self.has_result(pivot))
    }

    fn begin(&mut self, now: SystemTime) -> Vec<Begin> {
        let mut begin = Vec::new();
        let forward = match self.facts.phase {
            Phase::Running => true,
            // What is still on its way comes to its end first.
            Phase::Undoing
                if self
                    .work
                    .iter()
                    .any(|it| matches!(it.busy, Some(Act::Do | Act::Probe | Act::Recall))) =>
            {
                return begin;
            }
            Phase::Undoing => false,
            _ => return begin,
        };
        for step in 0..self.work.len() {
            let (planned, work) = (&self.facts.plan.steps()[step], &self.work[step]);
            let idle = work.busy.is_none() && work.failed.is_none() && !work.waits;
            if !idle || work.until.is_some_and(|until| until > now) {
                continue;
            }
            let act = match forward {
                true if planned.waits != Waits::Call || !self.facts.may_be_begun(step) => continue,
                true if planned.probed && !work.clean => Act::Probe,
                true if self.recalls(step) => Act::Recall,
                true => Act::Do,
                false if !self.facts.to_be_undone(step) || !self.facts.may_be_undone(step) => {
                    continue;
                }
                false => Act::Undo { known: self.facts.is_done(step) },
            };
            let work = &mut self.work[step];
            (work.busy, work.until, work.told) = (Some(act), None, false);
            begin.push(Begin { step, act, attempt: work.attempts.saturating_add(1) });
        }
        begin
    }

    /// Whether nothing can be done any more, because of steps that have failed too often.
    fn conclude_stuck(&mut self) {
        let waits = self.is_busy() || self.work.iter().any(|work| work.until.is_some());
        let undoing = match self.facts.phase {
            Phase::Running => false,
            Phase::Undoing => true,
            _ => return,
        };
        if waits {
            return;
        }
        let failed = self.work.iter().position(|work| work.failed.is_some());
        let Some(step) = failed else { return };
        let work = &self.work[step];
        let (attempts, reason) = (work.attempts, work.failed.clone().unwrap_or_default());
        self.results.push(Entry::Stuck { step, undoing, attempts, reason });
    }

    /// When something is to be done that nobody waits for.
    fn until(&self) -> Option<SystemTime> {
        let running = self.facts.phase == Phase::Running;
        let open = |step: usize| match running {
            true => self.facts.may_be_begun(step),
            false => self.facts.phase == Phase::Undoing && self.facts.to_be_undone(step),
        };
        let waits =
            (0..self.work.len()).filter(|&step| self.work[step].busy.is_none() && open(step));
        let waits = waits.filter_map(|step| match running {
            true => self.work[step].until.or_else(|| self.facts.timer(step)),
            false => self.work[step].until,
        });
        let deadline = self.facts.deadline.filter(|_| self.may_turn_back());
        waits.chain(deadline).min()
    }

    /// Whether nothing is left to do, and what that is called.
    fn end(&self, after: &Facts) -> Option<Entry> {
        let left = || (0..self.work.len()).any(|step| after.to_be_undone(step));
        match after.phase {
            Phase::Running if after.all_done() => Some(Entry::Completed),
            Phase::Undoing if !self.is_busy() && !left() => Some(Entry::RolledBack),
            _ => None,
        }
    }

    fn write(&mut self, now: SystemTime) -> Result<Next, JournalError> {
        let mut after = self.facts.clone();
        let mut entries = core::mem::take(&mut self.results);
        for entry in &entries {
            after.apply(entry, now)?;
        }
        if let Some(end) = self.end(&after) {
            after.apply(&end, now)?;
            entries.push(end);
        }
        let stuck = matches!(after.phase, Phase::Stuck | Phase::StuckUndoing);
        let rest = (after.phase.is_over() || stuck).then(|| self.rest(&after));
        self.in_flight = entries;
        let status = after.phase.status();
        let status = (status != self.facts.phase.status()).then_some(status);
        Ok(Next::Write { status, rest })
    }

    /// What is to be written, or is being written in this moment.
    pub(in super::super) fn to_write(&self) -> &[Entry] {
        &self.in_flight
    }

    fn rest(&self, after: &Facts) -> Rest {
        let deadline = after.deadline.filter(|_| after.may_turn_back() && self.may_turn_back());
        let (status, over) = (after.phase.status(), after.phase.is_over());
        Rest { status, until: deadline.filter(|_| !over), over }
    }

    /// What lists should say of it, unless they do.
    pub(in super::super) fn status(&self, is_listed: bool) -> Option<&'static str> {
        (!is_listed).then(|| self.facts.phase.status())
    }

    /// What the driver says of a saga that it puts down.
    pub(in super::super) fn pause(&self, until: Option<SystemTime>) -> Rest {
        Rest { status: self.facts.phase.status(), until, over: false }
    }
}

/// An attempt that has failed.
struct Failed {
    unknown: bool,
    reason: String,
    pause: Option<Duration>,
    random: u64,
}
