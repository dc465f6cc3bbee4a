//! A saga through every crash there is.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::future::{Future, pending, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::time::SystemTime;

use super::super::declared::Saga;
use super::super::definition::Definition;
use super::super::plan::Plan;
use super::super::rules::{Act, Ended, Entry, Phase, Started};
use super::bodies::{Attempted, Bodies, Kind, Nested, Of, Opened};
use super::builder::complete;
use super::claim::{put, worked};
use super::end::{End, EndOf, end_of};
use super::hub::{AnyEnd, Hub, Limits, Retention};
use super::nested::Within;
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Due, Head, Heads, Journal, JournalError, Lease,
    MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::time::WallClock;

/// Runs a saga through every crash there is, and asks after each whether all is as it must be.
///
/// A run is crashed at every place where it can be: at each `.await` of each step, probe and undo,
/// before each write to the journal, and behind it before the worker learns of it; at one place, and
/// at two. Answers are lost, of calls that were made and of calls that were not; somebody cancels at
/// every place; undos fail. Each time it is carried on from what the journal says, on a clock that
/// jumps over all pauses.
///
/// It has to come to an end, and the check has to hold there: a complete order or none at all, no
/// card charged twice. What the steps share is made anew for each run, and plays the world outside.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// # use shop::*;
/// use std::sync::Arc;
/// use reliability::distributed::transaction::saga::{CrashTest, Crashes, End};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let order = || Order { article: "tea".into() };
/// let crashes: Crashes = CrashTest::<PlaceOrder>::of(order)
///     .without_cancelling()
///     .run(|| Arc::new(()), |_world, end| assert!(matches!(end, End::Completed(_))))
///     .await;
/// assert!(crashes.runs > crashes.places && crashes.completed == crashes.runs, "{crashes}");
/// # }
/// ```
#[must_use = "a test does nothing until it is run"]
pub struct CrashTest<D: Saga> {
    input: Box<dyn Fn() -> D::Input>,
    signals: Vec<(usize, Vec<u8>)>,
    cancels: bool,
    nested: Vec<(&'static str, Made<D>)>,
}

/// A nested saga, with what its steps share made of what those of the one around it do.
type Made<D> = Box<dyn Fn(&Arc<<D as Saga>::Shared>) -> Arc<dyn Kind>>;
type Kinds = BTreeMap<&'static str, Arc<dyn Kind>>;

/// What a [`CrashTest`] has gone through.
///
/// # Examples
///
/// See [`CrashTest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crashes {
    /// Places where a run without faults can crash.
    pub places: usize,
    /// Runs, each with another fault.
    pub runs: usize,
    /// Runs that were completed.
    pub completed: usize,
    /// Runs that were rolled back.
    pub rolled_back: usize,
}

impl<D: Saga> fmt::Debug for CrashTest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saga = D::DEFINITION.name();
        f.debug_struct("CrashTest")
            .field("saga", &saga)
            .field("cancels", &self.cancels)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Crashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, runs, completed, rolled_back } = self;
        write!(
            f,
            "{runs} runs with faults at {places} places: {completed} completed, {rolled_back} rolled back"
        )
    }
}

/// What goes wrong in a run; the numbers count places and attempts.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    crash: Option<usize>,
    /// A second crash, so many places behind the first.
    again: Option<usize>,
    /// Somebody cancels there.
    cancel: Option<usize>,
    /// The answer of that attempt is lost.
    lost: Option<usize>,
    /// That attempt does not reach the other side, and nobody knows.
    dropped: Option<usize>,
}

impl<D: Saga> CrashTest<D> {
    /// A test of runs that are started with that.
    pub fn of(input: impl Fn() -> D::Input + 'static) -> Self {
        Self { input: Box::new(input), signals: Vec::new(), cancels: true, nested: Vec::new() }
    }

    /// That signal is given to each run from the start.
    ///
    /// # Panics
    ///
    /// When the signal cannot be written.
    pub fn signal(mut self, signal: &D) -> Self {
        let output = signal.write().unwrap_or_else(|error| panic!("the signal: {error}"));
        self.signals.push((signal.place(), output));
        self
    }

    /// What the steps of a nested saga share, made of what those of this one do. Sagas that share
    /// the same need not be named.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
    /// # use trade::*;
    /// # use reliability::distributed::transaction::saga::CrashTest;
    /// # fn main() {
    /// # fn order() -> Order { Order { article: "tea".into(), to: "Ada".into() } }
    /// let test = CrashTest::<PlaceOrder>::of(order).nested::<Ship>(|shop| shop.clone());
    /// # let _ = test;
    /// # }
    /// ```
    pub fn nested<C: Saga>(
        mut self,
        shared: impl Fn(&Arc<D::Shared>) -> Arc<C::Shared> + 'static,
    ) -> Self {
        let made = move |of: &Arc<D::Shared>| Arc::new(Of::<C>::new(shared(of))) as Arc<dyn Kind>;
        self.nested.push((C::DEFINITION.name(), Box::new(made)));
        self
    }

    /// Nobody cancels.
    pub fn without_cancelling(mut self) -> Self {
        self.cancels = false;
        self
    }

    /// Runs it. The check gets what the steps have shared, and how the run has ended.
    ///
    /// # Panics
    ///
    /// When a run does not end, is stuck, or the check panics; the message says with which fault.
    pub async fn run(
        self,
        mut world: impl FnMut() -> Arc<D::Shared>,
        mut check: impl FnMut(&D::Shared, &EndOf<D>),
    ) -> Crashes {
        let mut seen = Crashes { places: 0, runs: 0, completed: 0, rolled_back: 0 };
        let smooth = self.one(Faults::default(), &mut world, &mut check, &mut seen).await;
        seen.places = smooth.places;
        for place in 0..smooth.places {
            let crash = Faults { crash: Some(place), ..Faults::default() };
            self.one(crash, &mut world, &mut check, &mut seen).await;
            for again in 0..smooth.places {
                let twice = Faults { again: Some(again), ..crash };
                self.one(twice, &mut world, &mut check, &mut seen).await;
            }
            if self.cancels {
                let cancel = Faults { cancel: Some(place), ..Faults::default() };
                let run = self.one(cancel, &mut world, &mut check, &mut seen).await;
                for crash in 0..run.places {
                    let both = Faults { crash: Some(crash), ..cancel };
                    self.one(both, &mut world, &mut check, &mut seen).await;
                }
                self.failing(cancel, run.attempts, &mut world, &mut check, &mut seen).await;
            }
        }
        self.failing(Faults::default(), smooth.attempts, &mut world, &mut check, &mut seen).await;
        seen
    }

    /// Each attempt fails in each way.
    async fn failing(
        &self,
        with: Faults,
        attempts: usize,
        world: &mut impl FnMut() -> Arc<D::Shared>,
        check: &mut impl FnMut(&D::Shared, &EndOf<D>),
        seen: &mut Crashes,
    ) {
        for attempt in 0..attempts {
            self.one(Faults { lost: Some(attempt), ..with }, world, check, seen).await;
            self.one(Faults { dropped: Some(attempt), ..with }, world, check, seen).await;
        }
    }

    async fn one(
        &self,
        faults: Faults,
        world: &mut impl FnMut() -> Arc<D::Shared>,
        check: &mut impl FnMut(&D::Shared, &EndOf<D>),
        seen: &mut Crashes,
    ) -> Ran {
        let shared = world();
        // The check's own message says what is wrong; this one says where.
        let told = Told(faults);
        let (ran, end) = match run::<D>(self, faults, &shared).await {
            Ok(ran) => ran,
            Err(what) => panic!("{what}; with {faults:?}"),
        };
        check(&shared, &end);
        core::mem::forget(told);
        seen.runs += 1;
        match end {
            End::Completed(_) => seen.completed += 1,
            End::RolledBack(_) => seen.rolled_back += 1,
            End::Stuck { step, reason, .. } => {
                panic!("`{step}` is stuck: {reason}; with {faults:?}")
            }
            End::Abandoned { .. } => {}
        }
        ran
    }
}

/// Says with which faults a check has failed.
struct Told(Faults);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::eprintln!("the check does not hold with {:?}", self.0);
        }
    }
}

/// How many places and attempts a run has had.
struct Ran {
    places: usize,
    attempts: usize,
}

/// Counts the places of a run, and crashes it at some.
#[derive(Debug)]
struct Crasher {
    faults: Faults,
    places: AtomicUsize,
    attempts: AtomicUsize,
    crashed: AtomicBool,
}

impl Crasher {
    /// The next place: whether the process dies there, or somebody cancels.
    fn next(&self) -> (bool, bool) {
        let place = self.places.fetch_add(1, Ordering::Relaxed);
        let first = self.faults.crash;
        let second = first.zip(self.faults.again).map(|(first, again)| first + 1 + again);
        let dies = first == Some(place) || second == Some(place);
        if dies {
            self.crashed.store(true, Ordering::Relaxed);
        }
        (dies, self.faults.cancel == Some(place))
    }

    fn is_crashed(&self) -> bool {
        self.crashed.load(Ordering::Relaxed)
    }
}

async fn run<D: Saga>(
    test: &CrashTest<D>,
    faults: Faults,
    shared: &Arc<D::Shared>,
) -> Result<(Ran, EndOf<D>), String> {
    let crasher = Arc::new(Crasher {
        faults,
        places: AtomicUsize::new(0),
        attempts: AtomicUsize::new(0),
        crashed: AtomicBool::new(false),
    });
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let of = Of::<D>::new(Arc::clone(shared));
    let plan = Arc::clone(of.plan());
    let stream = StreamId::new(plan.name(), "crash-test").map_err(text)?;
    let store = Arc::new(Crashing {
        inner: MemoryStore::with_clock(&clock),
        crasher: Arc::clone(&crasher),
        stream: stream.clone(),
        plan: Arc::clone(&plan),
    });
    let journal = Journal::on(Shared(Arc::clone(&store)));
    start(test, &store.inner, &stream, &plan, &clock).await.map_err(text)?;
    let mut kinds: Kinds = BTreeMap::from([(D::DEFINITION.name(), Arc::new(of) as _)]);
    for (name, kind) in &test.nested {
        kinds.insert(name, kind(shared));
    }
    let elsewhere = BTreeSet::new();
    complete(&mut kinds, &elsewhere).map_err(text)?;
    let faulty = |inner| Arc::new(Faulty { inner, crasher: Arc::clone(&crasher) }) as Arc<dyn Kind>;
    let kinds: Kinds = kinds.into_iter().map(|(name, kind)| (name, faulty(kind))).collect();
    let hub = Hub::new(
        journal,
        clock.clone(),
        kinds,
        Limits {
            owner: "crash-test".into(),
            lease: LEASE,
            stay: Duration::ZERO,
            poll: LEASE,
            retention: Retention::Forever,
            most: 1,
        },
    );
    for _ in 0..10_000 {
        let claim = Claim::of(hub.kinds.keys().copied()).by("crash-test").lease(LEASE);
        let leases = store.inner.claim(claim).await.map_err(text)?;
        let Some(lease) = leases.into_iter().next() else {
            let heads = store.inner.heads(Heads::all()).await.map_err(text)?;
            let until = |head: &Head| head.held.as_ref().map(|held| held.until).max(head.due_at);
            let next = heads.iter().filter(|head| head.due_at.is_some()).filter_map(until).min();
            let Some(next) = next else {
                let records = store.inner.read(stream.clone(), Sequence::START, 100_000).await;
                let of = Of::<D>::new(Arc::clone(shared));
                let end = end_of(&of.form, &stream, &records.map_err(text)?).map_err(text)?;
                let end = end.ok_or("it waits for something that never comes")?;
                let left = heads.iter().find(|head| !Phase::is_over_in_lists(&head.status));
                if let (Some(left), false) = (left, matches!(end, End::Stuck { .. })) {
                    return Err(format!("it has ended, and `{}` is {}", left.stream, left.status));
                }
                let places = crasher.places.load(Ordering::Relaxed);
                let attempts = crasher.attempts.load(Ordering::Relaxed);
                return Ok((Ran { places, attempts }, end));
            };
            clock.set(next.max(clock.now()));
            continue;
        };
        alive(&hub, &store, &lease).await;
    }
    Err("it does not come to an end".into())
}

const LEASE: Duration = Duration::from_secs(30);

/// A process works at the run until it puts it down, or dies.
async fn alive(hub: &Hub, store: &Crashing, lease: &Lease) {
    store.crasher.crashed.store(false, Ordering::Relaxed);
    let kick = hub.enter(lease);
    {
        let mut work = pin!(async {
            let done = worked(hub, lease, kick).await;
            put(hub, lease, done).await;
        });
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending if store.crasher.is_crashed() || store.dies_here() => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        })
        .await;
    }
    hub.leave(lease);
}

async fn start<D: Saga>(
    test: &CrashTest<D>,
    store: &MemoryStore,
    stream: &StreamId,
    plan: &Plan,
    clock: &WallClock,
) -> Result<(), JournalError> {
    let input = serde_json::to_vec(&(test.input)()).map_err(|error| JournalError::Unreadable {
        what: "the input cannot be written".into(),
        source: Some(error.into()),
    })?;
    let deadline = plan.deadline.and_then(|time| clock.now().checked_add(time));
    let started = Started { run: 7, deadline, traceparent: None, parent: None, input };
    let mut append = Append::to(stream).event(Entry::Started(started).event(plan)).due(Due::Now);
    for (step, output) in &test.signals {
        append = append.event(Entry::Done { step: *step, output: output.clone() }.event(plan));
    }
    store.append(Vec::from([append])).await.map(drop)
}

fn text(error: impl fmt::Display) -> String {
    format!("{error}")
}

/// A store whose process may die before and behind each write.
#[derive(Debug)]
struct Crashing {
    inner: MemoryStore,
    crasher: Arc<Crasher>,
    stream: StreamId,
    plan: Arc<Plan>,
}

impl Crashing {
    /// One more place: whether the process dies there.
    fn dies_here(&self) -> bool {
        let (dies, cancels) = self.crasher.next();
        if cancels {
            let said =
                Entry::Cancelled { by: "crash-test".into(), why: "to see what happens".into() };
            let append = Append::to(&self.stream).event(said.event(&self.plan)).due(Due::Now);
            // It is written when it is called, before anybody awaits it.
            drop(self.inner.append(Vec::from([append])));
        }
        dies
    }
}

#[derive(Debug)]
struct Shared(Arc<Crashing>);

impl Store for Shared {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        Box::pin(async move {
            if self.0.dies_here() {
                return pending().await;
            }
            let appended = self.0.inner.append(batch).await;
            if self.0.dies_here() {
                return pending().await;
            }
            appended
        })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read(stream, after, most)
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.0.inner.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.0.inner.heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.0.inner.claim(claim)
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.0.inner.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.0.inner.remove(stream, last)
    }

    fn changes(&self) -> Changes {
        self.0.inner.changes()
    }
}

/// A saga whose calls fail on purpose.
struct Faulty {
    inner: Arc<dyn Kind>,
    crasher: Arc<Crasher>,
}

impl Kind for Faulty {
    fn definition(&self) -> &Definition {
        self.inner.definition()
    }

    fn plan(&self) -> &Arc<Plan> {
        self.inner.plan()
    }

    fn open(&self, key: &str, records: &[Record]) -> Result<Opened, JournalError> {
        Ok(match self.inner.open(key, records)? {
            Opened::Here { bodies, entries, started } => {
                let bodies =
                    Box::new(FaultyBodies { inner: bodies, crasher: Arc::clone(&self.crasher) });
                Opened::Here { bodies, entries, started }
            }
            Opened::Elsewhere => Opened::Elsewhere,
        })
    }

    fn nested(&self) -> Vec<Nested> {
        self.inner.nested()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct FaultyBodies {
    inner: Box<dyn Bodies>,
    crasher: Arc<Crasher>,
}

impl Bodies for FaultyBodies {
    fn begin(&self, step: usize, act: Act, attempt: u32) -> Attempted {
        self.faulty(|| self.inner.begin(step, act, attempt))
    }

    fn nest(&self, step: usize, act: Act, attempt: u32, within: Within) -> Attempted {
        self.faulty(|| self.inner.nest(step, act, attempt, within))
    }

    fn keep(&self, step: usize, output: &[u8]) -> Result<(), JournalError> {
        self.inner.keep(step, output)
    }

    fn completed(self: Box<Self>) -> Option<AnyEnd> {
        self.inner.completed()
    }
}

impl FaultyBodies {
    fn faulty(&self, begin: impl FnOnce() -> Attempted) -> Attempted {
        let number = self.crasher.attempts.fetch_add(1, Ordering::Relaxed);
        let faults = self.crasher.faults;
        let fails =
            |reason: &str| Ended::Failed { unknown: true, reason: reason.into(), pause: None };
        if faults.dropped == Some(number) {
            let failed = fails("it has not reached the other side");
            return Box::pin(core::future::ready(failed));
        }
        let attempted = begin();
        if faults.lost == Some(number) {
            return Box::pin(async move {
                let _ = attempted.await;
                fails("the answer was lost")
            });
        }
        attempted
    }
}
