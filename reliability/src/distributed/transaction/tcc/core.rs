//! The coordinator of one transaction, without clock, disk or network.
//!
//! ```text
//!            join, reserved            confirm, all reserved, in time
//!  ┌────────┐ ────────▶ ┌────────┐ ──────────────▶ write "confirm" ──▶ ┌────────────┐
//!  │ trying │           │ trying │                                      │ delivering │──▶ over
//!  └────────┘           └────────┘ ──────────────▶ write "cancel"  ──▶ └────────────┘
//!                                   cancel, refused, too late, crash      │ ▲ in vain too often,
//!                                                                         ▼ │ and retried
//!                                                                       stuck ──▶ abandoned
//! ```
//!
//! A participant is written down before it is tried, so that it is known whom to cancel; a decision
//! is written down before anybody is told, so that a crash cannot turn it round.
//!
//! It has no task either: the driver has all of those, and the
//! [simulator](crate::distributed::sim) pretends to have them.
//!
//! ```
//! use std::time::Duration;
//! use reliability::distributed::transaction::tcc::Decision;
//! use reliability::distributed::transaction::tcc::core::{
//!     Effect as Do, Entry, Input as Has, Machine, Stage,
//! };
//!
//! let now = Duration::from_secs(1);
//! let mut order = Machine::new(Some(now + Duration::from_secs(30)));
//! assert_eq!(order.step(now, Has::Join), [Do::Write(Entry::Joined)]);
//! assert_eq!(order.step(now, Has::Written), [Do::Try(0)]);
//! order.step(now, Has::Reserved(0));
//!
//! let confirm = Decision::Confirm;
//! assert_eq!(order.step(now, Has::Decide(confirm)), [Do::Write(Entry::Decided(confirm))]);
//! assert_eq!(order.step(now, Has::Written), [Do::Tell(0, confirm)]);
//! assert_eq!(order.step(now, Has::Done(0)), [Do::Write(Entry::Ended)]);
//! order.step(now, Has::Written);
//! assert_eq!(order.stage(), Stage::Over(confirm));
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use super::Decision;

/// A moment: time since the Unix epoch, by the clock of whoever coordinates.
///
/// # Examples
///
/// See the [module](self).
pub type Moment = Duration;

/// What is written down of a transaction.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It has begun, and is cancelled if nothing is decided by then. One that belongs to another
    /// transaction has no such time: that one decides.
    Began {
        /// When its reservations expire.
        expires_at: Option<Moment>,
    },
    /// That participant is about to be tried.
    Joined,
    /// How it ends.
    Decided(Decision),
    /// It has been told in vain so often that it waits for an operator.
    Stuck,
    /// An operator has said that it is told again.
    Retried,
    /// An operator has said that it is over as it is.
    Abandoned,
    /// All participants know.
    Ended,
}

/// What has happened.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Another participant is to take part.
    Join,
    /// That participant has reserved.
    Reserved(usize),
    /// What is to become of it.
    Decide(Decision),
    /// What was to be written is.
    Written,
    /// That participant has done as decided.
    Done(usize),
    /// It has not, or it is not known.
    Failed(usize),
    /// It is told no more, because it was in vain too often.
    GiveUp,
    /// Time has passed.
    Wake,
}

/// What is to be done.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write that down, and say so when it is there.
    Write(Entry),
    /// Try that participant, which is written down.
    Try(usize),
    /// Tell that participant what was decided.
    Tell(usize, Decision),
}

/// How far a transaction is.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Participants are tried, nothing is decided.
    Trying,
    /// The decision is being written.
    Deciding(Decision),
    /// It is written, and participants are told.
    Telling(Decision),
    /// It was told in vain too often, and waits for an operator.
    Stuck(Decision),
    /// All participants know, which is being written.
    Ending(Decision),
    /// Over.
    Over(Decision),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Branch {
    reserved: bool,
    done: bool,
    /// How often it was told in vain, and when it is told again.
    failures: u32,
    again_at: Option<Moment>,
}

/// The coordinator of one transaction.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    expires_at: Option<Moment>,
    branches: Vec<Branch>,
    /// Of those, how many are written down.
    joined: usize,
    stage: Stage,
}

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Machine {
    /// The most participants of a transaction.
    pub const MOST: usize = 1_000;
    /// The pause before who has failed for the first time is told again.
    pub const PAUSE: Duration = Duration::from_millis(100);

    /// A transaction that begins, when that is written down.
    pub const fn new(expires_at: Option<Moment>) -> Self {
        Self { expires_at, branches: Vec::new(), joined: 0, stage: Stage::Trying }
    }

    /// What was written down before a crash, and what is to be done about it: what was decided is
    /// done, and what was not is cancelled. One that belongs to another transaction waits for that.
    ///
    /// How often somebody has tried before makes the pauses longer: who fails is not written down.
    pub fn recover(now: Moment, entries: &[Entry], before: u32) -> (Self, Vec<Effect>) {
        let mut machine = Self::new(None);
        for entry in entries {
            match entry {
                Entry::Began { expires_at } => machine.expires_at = *expires_at,
                Entry::Joined => {
                    // The other one confirms only when this one has left it all reserved.
                    let branch = Branch {
                        reserved: machine.is_nested(),
                        failures: before,
                        ..Branch::default()
                    };
                    machine.branches.push(branch);
                    machine.joined += 1;
                }
                Entry::Decided(decision) => machine.stage = Stage::Telling(*decision),
                Entry::Stuck => machine.go_between(Stage::Telling, Stage::Stuck),
                Entry::Retried => machine.go_between(Stage::Stuck, Stage::Telling),
                Entry::Abandoned => machine.go_between(Stage::Stuck, Stage::Over),
                Entry::Ended => {
                    if let Stage::Telling(decision) = machine.stage {
                        machine.stage = Stage::Over(decision);
                    }
                    machine.branches.iter_mut().for_each(|branch| branch.done = true);
                }
            }
        }
        let effects = match machine.stage {
            Stage::Trying if machine.is_nested() => Vec::new(),
            Stage::Trying => machine.decide(Decision::Cancel),
            Stage::Telling(_) => machine.tell(now),
            _ => Vec::new(),
        };
        (machine, effects)
    }

    fn go_between(&mut self, from: fn(Decision) -> Stage, to: fn(Decision) -> Stage) {
        for decision in [Decision::Confirm, Decision::Cancel] {
            if self.stage == from(decision) {
                self.stage = to(decision);
            }
        }
    }

    /// How often that one of its participants was told in vain which has failed most.
    pub fn failures(&self) -> u32 {
        let waiting = self.branches.iter().filter(|branch| !branch.done);
        waiting.map(|branch| branch.failures).max().unwrap_or_default()
    }

    /// How far it is.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether another transaction decides.
    pub const fn is_nested(&self) -> bool {
        self.expires_at.is_none()
    }

    /// How many participants it has.
    pub const fn participants(&self) -> usize {
        self.branches.len()
    }

    /// Whether that participant has done as decided.
    pub fn is_done(&self, branch: usize) -> bool {
        self.branches.get(branch).is_some_and(|it| it.done)
    }

    /// Whether each participant has reserved.
    pub fn is_reserved(&self) -> bool {
        self.joined == self.branches.len() && self.branches.iter().all(|it| it.reserved)
    }

    /// When it wants to be woken.
    pub fn wake_at(&self) -> Option<Moment> {
        match self.stage {
            Stage::Trying => self.expires_at,
            Stage::Telling(_) => self.branches.iter().filter_map(|it| it.again_at).min(),
            _ => None,
        }
    }

    /// Takes one step.
    pub fn step(&mut self, now: Moment, input: Input) -> Vec<Effect> {
        match (self.stage, input) {
            (Stage::Trying, Input::Join)
                if !self.is_late(now)
                    && self.joined == self.branches.len()
                    && self.joined < Self::MOST =>
            {
                self.branches.push(Branch::default());
                Vec::from([Effect::Write(Entry::Joined)])
            }
            (Stage::Trying, Input::Written) if self.joined < self.branches.len() => {
                self.joined += 1;
                Vec::from([Effect::Try(self.joined - 1)])
            }
            (Stage::Trying, Input::Reserved(branch)) => {
                if let Some(branch) = self.branches.get_mut(branch) {
                    branch.reserved = true;
                }
                Vec::new()
            }
            (Stage::Trying, Input::Decide(wanted)) => {
                let may_confirm = self.is_reserved() && !self.is_late(now);
                self.decide(if may_confirm { wanted } else { Decision::Cancel })
            }
            (Stage::Trying, Input::Wake) if self.is_late(now) => self.decide(Decision::Cancel),
            (Stage::Deciding(decision), Input::Written) => {
                self.stage = Stage::Telling(decision);
                self.tell(now)
            }
            (Stage::Telling(decision), Input::Done(branch)) => {
                if let Some(branch) = self.branches.get_mut(branch) {
                    (branch.done, branch.again_at) = (true, None);
                }
                self.end_if_all_know(decision)
            }
            (Stage::Telling(_), Input::Failed(branch)) => {
                if let Some(branch) = self.branches.get_mut(branch).filter(|it| !it.done) {
                    let pause = Self::PAUSE * 2_u32.saturating_pow(branch.failures.min(16));
                    branch.failures = branch.failures.saturating_add(1);
                    branch.again_at = Some(now + pause.min(LONGEST_PAUSE));
                }
                Vec::new()
            }
            (Stage::Telling(decision), Input::GiveUp) => {
                self.stage = Stage::Stuck(decision);
                Vec::from([Effect::Write(Entry::Stuck)])
            }
            (Stage::Telling(_), Input::Wake) => self.tell_again(now),
            (Stage::Ending(decision), Input::Written) => {
                self.stage = Stage::Over(decision);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn is_late(&self, now: Moment) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    fn decide(&mut self, decision: Decision) -> Vec<Effect> {
        self.stage = Stage::Deciding(decision);
        Vec::from([Effect::Write(Entry::Decided(decision))])
    }

    /// Tells everybody who does not know; the answer may be lost, and then they are told again.
    fn tell(&mut self, now: Moment) -> Vec<Effect> {
        for branch in self.branches.iter_mut().filter(|it| !it.done) {
            branch.again_at = Some(now);
        }
        let Stage::Telling(decision) = self.stage else { return Vec::new() };
        // One that was about to join has never been tried.
        self.branches.truncate(self.joined);
        let ended = self.end_if_all_know(decision);
        if ended.is_empty() { self.tell_again(now) } else { ended }
    }

    fn tell_again(&mut self, now: Moment) -> Vec<Effect> {
        let Stage::Telling(decision) = self.stage else { return Vec::new() };
        let mut effects = Vec::new();
        for (index, branch) in self.branches.iter_mut().enumerate() {
            if branch.again_at.is_some_and(|at| at <= now) {
                branch.again_at = Some(now + LONGEST_PAUSE);
                effects.push(Effect::Tell(index, decision));
            }
        }
        effects
    }

    fn end_if_all_know(&mut self, decision: Decision) -> Vec<Effect> {
        if !self.branches.iter().all(|it| it.done) {
            return Vec::new();
        }
        self.stage = Stage::Ending(decision);
        Vec::from([Effect::Write(Entry::Ended)])
    }
}
