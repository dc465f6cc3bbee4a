//! One run with its faults, on a clock that jumps over all pauses.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::time::SystemTime;

use super::CrashTest;
use super::faults::{Crasher, Faults, Faulty};
use super::store::{Crashing, Shared};
use crate::distributed::transaction::Retention;
use crate::distributed::transaction::saga::Saga;
use crate::distributed::transaction::saga::durable::Written;
use crate::distributed::transaction::saga::engine::bodies::{Kind, Of};
use crate::distributed::transaction::saga::engine::builder::complete;
use crate::distributed::transaction::saga::engine::claim::{put, worked};
use crate::distributed::transaction::saga::engine::end::{End, EndOf, end_of};
use crate::distributed::transaction::saga::engine::hub::{Hub, Limits};
use crate::distributed::transaction::saga::engine::running::moment;
use crate::distributed::transaction::saga::plan::Plan;
use crate::distributed::transaction::saga::rules::{Entry, Phase, Started};
use crate::journal::{
    Append, Claim, Due, Head, Heads, Journal, JournalError, Lease, MemoryStore, Sequence,
    Store as _, StreamId,
};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::time::WallClock;

type Kinds = BTreeMap<&'static str, Arc<dyn Kind>>;

/// How many places and attempts a run has had.
pub(super) struct Ran {
    pub(super) places: usize,
    pub(super) attempts: usize,
}

pub(super) async fn run<D: Saga>(
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
    let hub = Arc::new(Hub::new(
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
    ));
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
async fn alive(hub: &Arc<Hub>, store: &Crashing, lease: &Lease) {
    store.crasher.crashed.store(false, Ordering::Relaxed);
    let entered = hub.enter(lease, moment());
    let mut work = pin!(async {
        let done = worked(hub, lease, Arc::clone(&entered.kick)).await;
        put(hub, lease, done).await;
    });
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending if store.crasher.is_crashed() || store.dies_here() => Poll::Ready(()),
        Poll::Pending => Poll::Pending,
    })
    .await;
}

async fn start<D: Saga>(
    test: &CrashTest<D>,
    store: &MemoryStore,
    stream: &StreamId,
    plan: &Plan,
    clock: &WallClock,
) -> Result<(), JournalError> {
    let input = serde_json::to_vec(&Written(&(test.input)())).map_err(|error| {
        JournalError::Unreadable {
            what: "the input cannot be written".into(),
            source: Some(error.into()),
        }
    })?;
    let deadline = plan.deadline.and_then(|time| clock.now().checked_add(time));
    let started = Started { run: 7, deadline, traceparent: None, parent: None, input };
    let mut append = Append::to(stream).event(started.event(plan)).due(Due::Now);
    for (step, output) in &test.signals {
        append = append.event(Entry::Done { step: *step, output: output.clone() }.event(plan));
    }
    store.append(Vec::from([append])).await.map(drop)
}

fn text(error: impl fmt::Display) -> String {
    format!("{error}")
}
