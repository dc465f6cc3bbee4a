use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::super::declared::Saga;
use super::bodies::{Kind, Of};
use super::hub::{Hub, Limits, this_process};
use super::sagas::Sagas;
use crate::distributed::transaction::Retention;
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
    elsewhere: BTreeSet<&'static str>,
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
        Self { journal, clock, kinds, elsewhere: BTreeSet::new(), limits, wrong: None }
    }

    /// Works at sagas of that type, whose steps share that: what the declaration calls `shared = Shop`,
    /// or `()`. And at those that are steps of it, where theirs share the same.
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

    /// Sagas of that type, which are steps of others, are worked at by other engines on this journal.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
    /// # use trade::*;
    /// # use reliability::distributed::transaction::saga::Sagas;
    /// # use reliability::journal::Journal;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let journal = Journal::in_memory();
    /// let shop = Sagas::on(&journal).saga::<PlaceOrder>(()).elsewhere::<Ship>().start()?;
    /// let courier = Sagas::on(&journal).saga::<Ship>(()).start()?;
    ///
    /// let order = Order { article: "tea".into(), to: "Ada".into() };
    /// shop.start::<PlaceOrder>("4711", order).await?.ended().await?;
    /// # drop(courier);
    /// # Ok(())
    /// # }
    /// ```
    pub fn elsewhere<D: Saga>(mut self) -> Self {
        self.elsewhere.insert(D::DEFINITION.name());
        self
    }

    /// How many runs at once are worked at; 1 to 10,000, 1,000 by default. More wait in the journal.
    pub fn most(mut self, runs: usize) -> Self {
        self.limits.most = runs;
        self
    }

    /// For how long a run is claimed; 100 ms to a day, 30 seconds by default. It is renewed while
    /// the worker lives, so this is how long a run lies after a process has died.
    ///
    /// Where the journal does not answer for so long, or the process was suspended, others may have
    /// claimed the run. From then on nothing of it is begun here, until the journal says that it is
    /// still in these hands. An attempt that is on its way goes on: to drop it would take back nothing
    /// of what it does. What it comes to is written if nobody has claimed the run meanwhile, and
    /// refused by the epoch otherwise. So an attempt that takes longer than the lease may run beside
    /// its own repetition elsewhere, and both show their partner the same [effect
    /// id](crate::distributed::transaction::saga::EffectId).
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
    /// When a saga's table makes no sense, two have one name, nobody works at one that is a step of
    /// another, one nests itself, a limit is out of its range, or this is not called within a tokio
    /// runtime.
    pub fn start(mut self) -> Result<Sagas, Invalid> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        complete(&mut self.kinds, &self.elsewhere)?;
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

/// Adds the sagas that are steps of others, as far as they share what those do.
pub(super) fn complete(
    kinds: &mut BTreeMap<&'static str, Arc<dyn Kind>>,
    elsewhere: &BTreeSet<&'static str>,
) -> Result<(), Invalid> {
    let mut open: Vec<&'static str> = kinds.keys().copied().collect();
    while let Some(name) = open.pop() {
        let nested = kinds.get(name).map(|kind| kind.nested()).unwrap_or_default();
        for (inner, kind) in nested {
            if kinds.contains_key(inner) || elsewhere.contains(inner) {
                continue;
            }
            let Some(kind) = kind else {
                let (expected, got) = ("an engine for each saga that is a step", inner);
                return Err(Invalid::new("saga", "nested", expected, got).with_advice(format!(
                    "it is a step of `{name}`, whose steps share something else: add \
                     `.saga::<..>(shared)` for it, or `.elsewhere::<..>()`"
                )));
            };
            kinds.insert(inner, kind);
            open.push(inner);
        }
    }
    kinds.keys().try_for_each(|name| endless(kinds, &mut Vec::from([*name])))
}

/// A saga that is a step of itself would never end.
fn endless(
    kinds: &BTreeMap<&'static str, Arc<dyn Kind>>,
    path: &mut Vec<&'static str>,
) -> Result<(), Invalid> {
    let last = path.last().and_then(|last| kinds.get(last));
    for (inner, _) in last.map(|kind| kind.nested()).unwrap_or_default() {
        let again = path.contains(&inner);
        path.push(inner);
        if again {
            let expected = "sagas of which none is a step of itself";
            return Err(Invalid::new("saga", "nested", expected, path.join(" > "))
                .with_advice("it would never end: let a step call what repeats"));
        }
        endless(kinds, path)?;
        path.pop();
    }
    Ok(())
}

fn wrong<D: Saga>() -> Option<Invalid> {
    let definition = D::DEFINITION;
    if let Err(wrong) = StreamId::new(definition.name(), "1") {
        return Some(wrong);
    }
    if definition.is_choreographed() {
        let expected = "done by functions";
        let advice = "run it with `choreography!`, or take `choreographed` out and name functions";
        let wrong = Invalid::new("saga", "steps", expected, "by participants");
        return Some(wrong.with_advice(advice));
    }
    let expected = "compensable steps, at most one pivot, retriable steps, each after earlier ones";
    let got = || definition.steps().iter().map(|step| step.name()).collect::<Vec<_>>();
    (!definition.is_sound()).then(|| {
        let got: String = format!("`{}` of {:?}", definition.name(), got());
        Invalid::new("saga", "steps", expected, got)
    })
}

impl fmt::Debug for SagasBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.kinds.keys().collect();
        f.debug_struct("SagasBuilder").field("sagas", &kinds).finish_non_exhaustive()
    }
}
