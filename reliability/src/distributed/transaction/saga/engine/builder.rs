use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::super::declared::Saga;
use super::bodies::{Kind, Of};
use super::hub::{Hub, Limits, Retention, this_process};
use super::sagas::Sagas;
use crate::error::Invalid;
use crate::journal::{Claim, Journal, StreamId};
use crate::time::WallClock;

/// Says which sagas an engine works at, and how; made by [`Sagas::on`].
///
/// # Examples
///
/// See [`Sagas`].
#[must_use = "an engine works from `start` on"]
pub struct SagasBuilder {
    journal: Journal,
    clock: WallClock,
    kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
    limits: Limits,
    wrong: Option<Invalid>,
}

impl SagasBuilder {
    pub(super) fn new(journal: &Journal) -> Self {
        let limits = Limits {
            owner: this_process(),
            lease: Duration::from_secs(30),
            stay: Duration::from_secs(1),
            poll: Duration::from_millis(250),
            retention: Retention::Forever,
            most: 1_000,
        };
        let (journal, clock, kinds) = (journal.clone(), WallClock::system(), BTreeMap::new());
        Self { journal, clock, kinds, limits, wrong: None }
    }

    /// Works at sagas of that type, whose steps share that.
    pub fn saga<D: Saga>(mut self, shared: impl Into<Arc<D::Shared>>) -> Self {
        let kind = Of::<D>::new(shared.into());
        let name = D::DEFINITION.name();
        self.wrong = self.wrong.or_else(|| wrong::<D>());
        if self.kinds.insert(name, Arc::new(kind)).is_some() {
            let advice = "name one of them with `name = \"..\"`";
            let twice = Invalid::new("saga", "name", "a name of its own for each saga", name);
            self.wrong = self.wrong.or(Some(twice.with_advice(advice)));
        }
        self
    }

    /// How many runs at once are worked at; 1 to 10,000, 1,000 by default. More wait in the journal.
    pub fn most(mut self, runs: usize) -> Self {
        self.limits.most = runs;
        self
    }

    /// For how long a run is claimed; 100 ms to a day, 30 seconds by default. It is renewed while
    /// the worker lives, so this is how long a run lies after a process has died.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.limits.lease = lease;
        self
    }

    /// How often to look for work that nobody has told of, in the journals of several processes;
    /// 1 ms to a minute, 250 ms by default.
    pub fn poll(mut self, pause: Duration) -> Self {
        self.limits.poll = pause;
        self
    }

    /// The longest pause between two attempts for which a run stays in memory; a second by default.
    pub fn stay(mut self, pause: Duration) -> Self {
        self.limits.stay = pause;
        self
    }

    /// What becomes of runs that are over; they stay by default.
    pub fn retain(mut self, retention: Retention) -> Self {
        self.limits.retention = retention;
        self
    }

    /// How this process calls itself in the list of who works at what; host and process by default.
    pub fn owner(mut self, owner: &str) -> Self {
        self.limits.owner = owner.to_string();
        self
    }

    /// What time it is for pauses, timers and deadlines: the same as the journal's.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Begins to work.
    ///
    /// # Errors
    ///
    /// When a saga's table makes no sense, two have one name, a limit is out of its range, or this is
    /// not called within a tokio runtime.
    pub fn start(self) -> Result<Sagas, Invalid> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let Limits { most, lease, poll, .. } = &self.limits;
        if !(1..=Claim::MOST).contains(most) {
            return Err(Invalid::new("saga", "most", "1 to 10000", most));
        }
        let (shortest, longest) = (Duration::from_millis(100), Claim::LONGEST_LEASE);
        if !(shortest..=longest).contains(lease) {
            return Err(Invalid::new("saga", "lease", "100 ms to a day", format!("{lease:?}")));
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(poll) {
            return Err(Invalid::new("saga", "poll", "1 ms to a minute", format!("{poll:?}")));
        }
        if tokio::runtime::Handle::try_current().is_err() {
            let expected = "a tokio runtime with its timers on";
            return Err(Invalid::new("saga", "start", expected, "none")
                .with_advice("call it under `#[tokio::main]`, or within `runtime.enter()`"));
        }
        Ok(Sagas::start_tasks(Hub::new(self.journal, self.clock, self.kinds, self.limits)))
    }
}

fn wrong<D: Saga>() -> Option<Invalid> {
    let definition = D::DEFINITION;
    if let Err(wrong) = StreamId::new(definition.name(), "1") {
        return Some(wrong);
    }
    let expected = "compensable steps, at most one pivot, retriable steps, each after earlier ones";
    let got = || definition.steps().iter().map(|step| step.name()).collect::<alloc::vec::Vec<_>>();
    (!definition.is_sound()).then(|| {
        let got: String = format!("`{}` of {:?}", definition.name(), got());
        Invalid::new("saga", "steps", expected, got)
    })
}

impl fmt::Debug for SagasBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: alloc::vec::Vec<_> = self.kinds.keys().collect();
        f.debug_struct("SagasBuilder").field("sagas", &kinds).finish_non_exhaustive()
    }
}
