//! What a saga is made of: the table that the macro writes, and that the engine follows.

use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use core::time::Duration;

use super::plan::{Plan, PlannedStep};
use crate::resilience::retry::Backoff;

/// What a saga is made of. `#[saga]` writes it; by hand it is a constant:
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::saga::{Definition, Kind, Step};
///
/// const PLACE_ORDER: Definition = Definition::new("PlaceOrder", 1, &[
///     Step::new("Reserved", Kind::Compensable).undo(),
///     Step::new("Charged", Kind::Pivot).after(&[0]).attempts(5),
///     Step::new("Mailed", Kind::Retriable).after(&[1]).timeout(Duration::from_secs(2)),
/// ])
/// .deadline(Duration::from_secs(3_600));
///
/// assert_eq!(PLACE_ORDER.steps().len(), 3);
/// assert!(PLACE_ORDER.is_sound());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    name: &'static str,
    version: u32,
    deadline: Option<Duration>,
    steps: &'static [Step],
    drains: &'static [u32],
    choreographed: bool,
}

/// One step of a saga.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::saga::{Kind, Step};
/// use reliability::resilience::retry::Backoff;
///
/// const CHARGED: Step = Step::new("Charged", Kind::Pivot)
///     .after(&[0, 1])
///     .needs(&[1])
///     .attempts(5)
///     .backoff(Backoff::exponential(Duration::from_millis(50)))
///     .timeout(Duration::from_secs(2))
///     .probed();
/// assert_eq!(CHARGED.name(), "Charged");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Step {
    name: &'static str,
    kind: Kind,
    waits: Waits,
    after: &'static [u16],
    needs: &'static [u16],
    attempts: Option<u32>,
    undo_attempts: Option<u32>,
    backoff: Backoff,
    timeout: Option<Duration>,
    undo: bool,
    probed: bool,
    nested: Option<&'static str>,
}

/// What may become of a step.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::Kind;
///
/// assert_eq!(Kind::Pivot.as_str(), "pivot");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is undone when a later one is rejected.
    Compensable,
    /// The point of no return: when it has happened, there is only forward.
    Pivot,
    /// Behind the point of no return: it must succeed in the end.
    Retriable,
}

/// What a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// For its function.
    Call,
    /// Until so much time has gone by.
    Time(Duration),
    /// For somebody outside to say it.
    Signal,
}

impl Kind {
    /// Its name in diagrams and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compensable => "compensable",
            Self::Pivot => "pivot",
            Self::Retriable => "retriable",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Compensable, Self::Pivot, Self::Retriable];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Definition {
    /// A saga of those steps. The name and the steps' names are written to the journal.
    pub const fn new(name: &'static str, version: u32, steps: &'static [Step]) -> Self {
        Self { name, version, deadline: None, steps, drains: &[], choreographed: false }
    }

    /// How long it may take from its start on until it turns back, as long as it can.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Runs of those older versions are left to programs that still know them.
    pub const fn drains(mut self, versions: &'static [u32]) -> Self {
        self.drains = versions;
        self
    }

    /// Its steps are done by participants that listen to each other, and by no engine.
    pub const fn choreographed(mut self) -> Self {
        self.choreographed = true;
        self
    }

    pub(super) const fn is_choreographed(&self) -> bool {
        self.choreographed
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its version.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Its steps, in the order in which they stand.
    pub const fn steps(&self) -> &'static [Step] {
        self.steps
    }

    /// Whether none of its steps can, so that it cannot be rolled back.
    pub(super) const fn cannot_refuse(&self) -> bool {
        let mut index = 0;
        while index < self.steps.len() {
            if !self.steps[index].is(Kind::Retriable) {
                return false;
            }
            index += 1;
        }
        true
    }

    pub(in crate::distributed::transaction) fn is_drained(&self, version: u32) -> bool {
        self.drains.contains(&version)
    }

    /// Whether its shape is one that can be carried through: compensable steps, at most one pivot,
    /// retriable steps, in this order; each after earlier ones only, nothing beside a pivot, and
    /// what is undone can be.
    pub const fn is_sound(&self) -> bool {
        let (mut index, mut behind, mut pivots) = (0, false, 0);
        while index < self.steps.len() {
            let step = &self.steps[index];
            if !step.is_sound(index, self.steps) {
                return false;
            }
            match step.kind {
                Kind::Compensable if behind => return false,
                Kind::Compensable => {}
                Kind::Pivot if behind => return false,
                Kind::Pivot => {
                    behind = true;
                    pivots += 1;
                }
                Kind::Retriable => behind = true,
            }
            index += 1;
        }
        index > 0 && index <= u16::MAX as usize && pivots <= 1 && self.version > 0
    }

    /// The same for those who do not have the saga's types: what diagrams and tools read.
    pub fn plan(&self) -> Arc<Plan> {
        let steps = self.steps.iter().map(Step::plan).collect();
        Arc::new(Plan::new(self.name, self.version, self.deadline, steps))
    }
}

impl Step {
    /// Attempts at an undo before the saga is stuck, where nothing else is said: with the standard
    /// backoff, about eight minutes.
    pub const UNDO_ATTEMPTS: u32 = 16;

    /// How long to wait between two attempts, where nothing else is said: from 100 ms up to a minute.
    pub const BACKOFF: Backoff =
        Backoff::exponential(Duration::from_millis(100)).max(Duration::from_secs(60));

    /// A step that calls a function, after nothing, tried without end and with no time limit.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            waits: Waits::Call,
            after: &[],
            needs: &[],
            attempts: None,
            undo_attempts: Some(Self::UNDO_ATTEMPTS),
            backoff: Self::BACKOFF,
            timeout: None,
            undo: false,
            probed: false,
            nested: None,
        }
    }

    /// It begins when those have finished, by their places in the table.
    pub const fn after(mut self, steps: &'static [u16]) -> Self {
        self.after = steps;
        self
    }

    /// It is given the outputs of those.
    pub const fn needs(mut self, steps: &'static [u16]) -> Self {
        self.needs = steps;
        self
    }

    /// So many attempts, and then the saga is stuck.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// So many attempts at its undo, and then the saga is stuck.
    pub const fn undo_attempts(mut self, attempts: u32) -> Self {
        self.undo_attempts = Some(attempts);
        self
    }

    /// How long to wait between two attempts.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long one attempt may take. When it is over, nobody knows whether it has happened.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// It has an undo; without, there is nothing to undo.
    pub const fn undo(mut self) -> Self {
        self.undo = true;
        self
    }

    /// It has a probe, which finds out whether it has happened.
    pub const fn probed(mut self) -> Self {
        self.probed = true;
        self
    }

    /// It calls nothing: it is done when so much time has gone by since it could begin.
    pub const fn timer(mut self, time: Duration) -> Self {
        self.waits = Waits::Time(time);
        self
    }

    /// It calls nothing: it is done when somebody outside [says so](super::Sagas::signal).
    pub const fn signal(mut self) -> Self {
        self.waits = Waits::Signal;
        self
    }

    /// It is a saga of its own, of that name: started when this step begins, and done when that is.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::saga::{Definition, Kind, Step};
    ///
    /// const SHIPPED: Step = Step::new("Shipped", Kind::Compensable).nests("ship").undo();
    /// assert!(Definition::new("order", 1, &[SHIPPED]).is_sound());
    /// // A saga that was begun can always be called back, so this is undone, too.
    /// const LEFT: Step = Step::new("Shipped", Kind::Compensable).nests("ship");
    /// assert!(!Definition::new("order", 1, &[LEFT]).is_sound());
    /// ```
    pub const fn nests(mut self, saga: &'static str) -> Self {
        self.nested = Some(saga);
        self
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn is(&self, kind: Kind) -> bool {
        matches!(
            (self.kind, kind),
            (Kind::Compensable, Kind::Compensable)
                | (Kind::Pivot, Kind::Pivot)
                | (Kind::Retriable, Kind::Retriable)
        )
    }

    /// What may become of it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) const fn is_a_signal(&self) -> bool {
        matches!(self.waits, Waits::Signal)
    }

    pub(super) const fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    const fn is_sound(&self, index: usize, all: &[Step]) -> bool {
        let mut at = 0;
        while at < self.after.len() {
            if self.after[at] as usize >= index {
                return false;
            }
            at += 1;
        }
        let mut at = 0;
        while at < self.needs.len() {
            if self.needs[at] as usize >= index || !comes_after(all, index, self.needs[at] as usize)
            {
                return false;
            }
            at += 1;
        }
        // Whatever stands before a pivot, and before what stands behind it, is over when it begins.
        let mut before = 0;
        while before < index {
            let (a, b) = (all[before].kind, self.kind);
            let crosses = matches!(b, Kind::Pivot) || !matches!(a, Kind::Retriable);
            if !matches!(b, Kind::Compensable) && crosses && !comes_after(all, index, before) {
                return false;
            }
            before += 1;
        }
        let can_be_undone = matches!(self.kind, Kind::Compensable);
        // What a nested saga does is called back with it, and tried by itself.
        let nests = self.nested.is_none()
            || (self.undo == can_be_undone
                && !self.probed
                && self.attempts.is_none()
                && self.timeout.is_none()
                && matches!(self.waits, Waits::Call));
        nests && (!self.undo || can_be_undone)
    }

    fn plan(&self) -> PlannedStep {
        let places = |places: &[u16]| places.iter().map(|&place| usize::from(place)).collect();
        PlannedStep {
            name: self.name.into(),
            kind: self.kind,
            waits: self.waits,
            after: places(self.after),
            needs: places(self.needs),
            attempts: self.attempts,
            undo_attempts: self.undo_attempts,
            backoff: self.backoff,
            undo: self.undo,
            probed: self.probed,
            nested: self.nested.map(ToOwned::to_owned),
        }
    }
}

/// Whether a step cannot begin before another one has finished.
const fn comes_after(all: &[Step], step: usize, other: usize) -> bool {
    let (after, mut at) = (all[step].after, 0);
    while at < after.len() {
        let before = after[at] as usize;
        // All arrows point backwards, or this would be no table but a riddle.
        if before == other || (before < step && before > other && comes_after(all, before, other)) {
            return true;
        }
        at += 1;
    }
    false
}
