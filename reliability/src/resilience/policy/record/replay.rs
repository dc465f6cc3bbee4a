use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::difference::{Difference, ReplayError};
use super::event::{ErrorFacts, Event, EventKind, Outcome};
use super::plan::{Answered, Leads, Plan, looked_up, plans, settled};
use super::recorder::Keys;
use super::recording::Recording;
use crate::error::{Class, Disposition, Failure, Fault, Reason, Rejected};
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::policy::degrade::Seen;
use crate::resilience::policy::{Call, Classifier, Next};
use crate::resilience::{Invalid, Policy};
use crate::time::{Instant, Scope, frozen};

/// How far a recording has been gone through, and the first thing that came otherwise.
pub(super) struct Progress {
    events: Arc<[Event]>,
    position: usize,
    /// The call that is being polled.
    polling: u64,
    held: bool,
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only caches have keys"))]
    keys: Keys,
    difference: Option<Difference>,
}

impl Progress {
    pub(super) fn new(events: Arc<[Event]>) -> Self {
        let keys = Keys::default();
        Self { events, position: 0, polling: 0, held: false, keys, difference: None }
    }

    fn next(&self) -> Option<&Event> {
        self.events.get(self.position).filter(|event| event.call == self.polling)
    }

    pub(super) fn polling(&self) -> Option<u64> {
        Some(self.polling)
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next().map(|event| event.at)
    }

    pub(super) fn is_held(&mut self) -> bool {
        // A request that has been polled before another one ended ends when it is polled again.
        let ends = |kind: &EventKind| match kind {
            EventKind::RequestEnded { outcome, .. } => !matches!(outcome, Outcome::Rejected(_)),
            EventKind::Panicked => true,
            _ => false,
        };
        core::mem::take(&mut self.held) || self.next().is_none_or(|event| ends(&event.kind))
    }

    #[cfg(feature = "cache")]
    pub(super) fn key(&mut self, hash: u64) -> u64 {
        self.keys.number(hash, self.events.len())
    }

    pub(super) fn draw(&self) -> u64 {
        // The decision that was made of it comes right after the end of the attempt.
        let draw = |event: &Event| match event.kind {
            EventKind::Retries { draw, .. }
            | EventKind::Denied { draw }
            | EventKind::NoTime { draw } => Some(draw),
            _ => None,
        };
        self.next().and_then(draw).unwrap_or(0)
    }

    /// How far things were degraded when the call came in.
    pub(super) fn degraded(&self) -> Seen {
        match self.next().map(|event| &event.kind) {
            Some(&EventKind::Degraded { level, remaining, priority, draw }) => {
                Seen { level, remaining, priority, draw }
            }
            _ => Seen { level: 0, remaining: None, priority: Priority::Critical, draw: 0 },
        }
    }

    /// What a limit that several processes share answered, if it does now.
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    pub(super) fn answered(&self) -> Poll<Option<Option<core::time::Duration>>> {
        match self.next().map(|event| &event.kind) {
            Some(&EventKind::Answered { limited, retry_after }) => {
                Poll::Ready(limited.then_some(retry_after))
            }
            _ => Poll::Pending,
        }
    }

    pub(super) fn compare(&mut self, now: Event) {
        if self.difference.is_some() {
            return;
        }
        match self.events.get(self.position) {
            Some(recorded) if *recorded == now => self.position += 1,
            Some(_) => self.differ(Some(now)),
            // The recording has ended, in the middle of a step perhaps.
            None => {}
        }
    }

    fn differ(&mut self, now: Option<Event>) {
        let recorded = self.events.get(self.position).cloned();
        let start = self.events.first().map_or(Instant::ZERO, |event| event.at);
        self.difference.get_or_insert(Difference { index: self.position, recorded, now, start });
    }

    /// The number of the request that is made now: right after that was told, or it is the first.
    fn made(&self) -> u32 {
        let told = self.position.checked_sub(1).and_then(|last| self.events.get(last));
        match told.filter(|event| event.call == self.polling).map(|event| &event.kind) {
            Some(EventKind::Hedged { hedge, .. }) => *hedge,
            _ => 0,
        }
    }

    /// How the request of that number ends now, of the call that is polled; holds the call if nothing
    /// happens to it yet.
    fn end_of(&mut self, number: u32) -> Option<End> {
        match self.next().map(|event| event.kind.clone()) {
            Some(EventKind::RequestEnded { request, outcome }) if request == number => {
                outcome.of_work()
            }
            Some(EventKind::Ended(outcome)) if number == 0 => outcome.of_work(),
            Some(EventKind::Panicked) => Some(End::Panic),
            // What the policy itself decides.
            Some(
                EventKind::Waits { .. }
                | EventKind::HedgesAfter { .. }
                | EventKind::Begins { .. }
                | EventKind::Hedged { .. }
                | EventKind::HedgeDenied
                | EventKind::RequestEnded { .. }
                | EventKind::Ended(Outcome::Rejected(_)),
            ) => None,
            _ => {
                self.held = true;
                None
            }
        }
    }
}

/// How a request ends.
enum End {
    Ok,
    Error(ErrorFacts),
    Panic,
}

impl Outcome {
    /// Nothing if it was the policy that ended it.
    fn of_work(self) -> Option<End> {
        match self {
            Outcome::Ok => Some(End::Ok),
            Outcome::Error(facts) => Some(End::Error(facts)),
            Outcome::Rejected(_) => None,
        }
    }
}

/// An error as the recording knows it.
#[derive(Debug, Clone)]
pub(super) struct Again {
    facts: ErrorFacts,
    rejected: Option<Rejected>,
}

impl Again {
    fn new(facts: ErrorFacts) -> Self {
        let rejected = facts.reason.map(|reason| Rejected::new(reason, "recorded"));
        Self { facts, rejected }
    }
}

impl Fault for Again {
    fn class(&self) -> Class {
        self.facts.class
    }

    fn disposition(&self) -> Disposition {
        self.facts.disposition
    }

    fn retry_after(&self) -> Option<core::time::Duration> {
        self.facts.retry_after
    }

    fn rejection(&self) -> Option<&Rejected> {
        self.rejected.as_ref()
    }
}

/// What `testing::replay` does (with the feature `testing`), inside of a tokio runtime of one's own.
///
/// # Errors
///
/// As there.
///
/// # Panics
///
/// Outside of a tokio runtime whose time driver is enabled. Inside of a future it takes the thread
/// for as long as it takes.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::policy::record::replay;
///
/// let build = || Policy::builder("price").timeout(Duration::from_secs(1)).build();
/// let policy = build()?;
/// let recorded = policy.record(100);
/// policy.call(async || Ok::<_, Rejected>(7)).await?;
///
/// // The same policy decides the same again.
/// replay(&recorded.finish(), build)?;
/// # Ok(())
/// # }
/// ```
pub fn replay(
    recording: &Recording,
    build: impl FnOnce() -> Result<Policy, Invalid>,
) -> Result<(), ReplayError> {
    if recording.left_out() > 0 {
        return Err(ReplayError::LeftOut(recording.left_out()));
    }
    let events: Arc<[Event]> = recording.events().into();
    let Some(first) = events.first() else {
        return Ok(());
    };
    let _again = frozen::again();
    let _start = frozen::freeze(first.at);
    let policy = build().map_err(ReplayError::Invalid)?;
    policy.inner().recorder.go_through_again(Arc::clone(&events));
    let plans = plans(&events);
    let leads = Leads::default();
    let mut calls = BTreeMap::new();
    loop {
        let position = with(&policy, |progress| progress.position);
        let Some(event) = events.get(position) else { break };
        let _now = frozen::freeze(event.at);
        with(&policy, |progress| progress.polling = event.call);
        go_on(&policy, event, (&plans, &leads), &mut calls);
        let difference = with(&policy, |progress| {
            if progress.position == position {
                progress.differ(None);
            }
            progress.difference.clone()
        });
        if let Some(difference) = difference {
            // Calls that are under way end where nobody looks.
            with(&policy, |progress| progress.polling = 0);
            return Err(ReplayError::Differs(Box::new(difference)));
        }
    }
    Ok(())
}

/// Lets the call of the next event come so far.
fn go_on<'p>(
    policy: &'p Policy,
    event: &Event,
    (plans, leads): (&BTreeMap<u64, Plan>, &'p Leads),
    calls: &mut BTreeMap<u64, Running<'p>>,
) {
    let running = calls.entry(event.call).or_insert_with(|| {
        let plan = plans.get(&event.call).copied().unwrap_or_default();
        let inherited = plan.inherited;
        Running { future: Box::pin(call(policy, plan, leads)), inherited }
    });
    if event.kind == EventKind::Cancelled {
        calls.remove(&event.call);
        return;
    }
    let _scope = running.inherited.map(|at| Scope::current().until(at).enter());
    let mut cx = Context::from_waker(Waker::noop());
    let poll = AssertUnwindSafe(|| running.future.as_mut().poll(&mut cx));
    // The panic is the recorded one, or it is the user's own, which a difference then shows.
    match std::panic::catch_unwind(poll) {
        Ok(Poll::Pending) => {}
        Ok(Poll::Ready(())) | Err(_) => {
            calls.remove(&event.call);
        }
    }
}

fn with<T: Default>(policy: &Policy, look: impl FnOnce(&mut Progress) -> T) -> T {
    policy.inner().recorder.progress(look).unwrap_or_default()
}

/// One call of the recording.
struct Running<'p> {
    future: Pin<Box<dyn Future<Output = ()> + 'p>>,
    inherited: Option<Instant>,
}

async fn call(policy: &Policy, plan: Plan, leads: &Leads) {
    let classifier = Classifier::<Again>::by_fault();
    let mut call = match plan.repeatable {
        true => Call::new(policy, &classifier),
        false => Call::once(policy, &classifier),
    };
    let Some(lead) = looked_up(policy, plan, leads, &mut call).await else { return };
    let result: Result<(), Failure<Again>> = match lead {
        Answered::Yes(result) => result,
        Answered::No(lead) => {
            let result = attempts(policy, plan, &mut call).await;
            settled(policy, plan, (lead, leads), &call, result).await
        }
    };
    if let Err(failure) = result {
        its_turn(policy).await;
        call.wants_fallback(&failure);
    }
}

async fn attempts(
    policy: &Policy,
    plan: Plan,
    call: &mut Call<'_, Again>,
) -> Result<(), Failure<Again>> {
    loop {
        let outcome = if plan.hedged {
            call.attempt_hedged(|| work(policy, with(policy, |progress| progress.made()))).await
        } else {
            call.attempt(work(policy, 0)).await
        };
        // Between two events of a call there may be events of others.
        its_turn(policy).await;
        let outcome = outcome.map_err(|failure| as_recorded(policy, failure));
        match call.judge(outcome) {
            Next::Done(result) => return result,
            Next::Again(pause) => pause.await,
        }
        its_turn(policy).await;
    }
}

/// What chaos injects is an error of the user's, which only the recording knows.
fn as_recorded(policy: &Policy, failure: Failure<Again>) -> Failure<Again> {
    match (&failure, with(policy, |progress| progress.next().map(|event| event.kind.clone()))) {
        (Failure::Rejected(rejected), Some(EventKind::Ended(Outcome::Error(facts))))
            if rejected.reason() == Reason::Injected =>
        {
            Failure::Error(Again::new(facts))
        }
        _ => failure,
    }
}

/// Ready when the next event is one of this call.
pub(super) async fn its_turn(policy: &Policy) {
    poll_fn(|_| match with(policy, |progress| progress.next().is_some()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

async fn work(policy: &Policy, request: u32) -> Result<(), Again> {
    poll_fn(|_| match with(policy, |progress| progress.end_of(request)) {
        None => Poll::Pending,
        Some(End::Ok) => Poll::Ready(Ok(())),
        Some(End::Error(facts)) => Poll::Ready(Err(Again::new(facts))),
        Some(End::Panic) => std::panic::resume_unwind(Box::new("as recorded")),
    })
    .await
}
