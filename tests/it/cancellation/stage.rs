//! One case: a policy is made, a call brought to its moment, ended there, and looked at.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use reliability::resilience::breaker::{self, State};
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Jitter, Layer, Policy, PolicyBuilder, Retry, RetryBudget, resilient,
};

use super::expected::Expected;
use super::moment::{Failed, Moment, Work};

/// One combination of all that a case can differ by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) layers: &'a [Layer],
    pub(super) moment: Moment,
    /// The breaker is half-open, and the call is its only probe.
    pub(super) probing: bool,
    pub(super) front: Front,
}

/// How the call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// `policy.call(..)`, or `call_or` with a fallback.
    Builder,
    /// `#[resilient(policy = ..)]`.
    Attribute,
}

/// Thousandths of tokens that the budget holds when a call begins.
pub(super) const BUDGET: u64 = 5_000;
const PAUSE: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(3_600);

impl Case<'_> {
    /// Whether a call with these layers can come to this moment.
    pub(super) fn exists(&self) -> bool {
        let has = |layer| self.position(layer).is_some();
        let place_is_free_between_attempts =
            self.position(Layer::Bulkhead) > self.position(Layer::Retry);
        let moment = self.moment;
        (!moment.queues() || has(Layer::Bulkhead))
            && (moment != Moment::QueuedAgain || place_is_free_between_attempts)
            && (!moment.retries() || has(Layer::Retry))
            && (!moment.falls_back() || has(Layer::Fallback) && self.front == Front::Builder)
            && (!self.probing || has(Layer::Breaker))
            // A probe that has failed leaves none for a second attempt.
            && !(self.probing && moment.retries() && self.breaker_is_inside_retry())
    }

    pub(super) fn position(&self, layer: Layer) -> Option<usize> {
        self.layers.iter().position(|&other| other == layer)
    }

    pub(super) fn breaker_is_inside_retry(&self) -> bool {
        let retry = self.position(Layer::Retry);
        retry.is_some() && self.position(Layer::Breaker) > retry
    }

    /// Whether the call asks the breaker before it ends.
    pub(super) fn reaches_the_breaker(&self) -> bool {
        match self.moment {
            Moment::BeforePoll => false,
            Moment::Queued => self.position(Layer::Breaker) < self.position(Layer::Bulkhead),
            _ => true,
        }
    }

    pub(super) async fn run(&self) -> Result<(), String> {
        let policy = policy(self.layers).map_err(|invalid| invalid.to_string())?;
        if self.probing {
            let breaker = policy.breaker().expect("a breaker");
            while let Ok(permit) = breaker.acquire() {
                permit.failure();
            }
            tokio::time::advance(breaker.settings().open_for).await;
        }
        let work = Work::of(self.moment);
        match self.front {
            Front::Builder if self.position(Layer::Fallback).is_some() => {
                let call = policy.call_or(|| work.run(), |_| work.fall_back());
                end_at(self.moment, &policy, call).await?;
            }
            Front::Builder => end_at(self.moment, &policy, policy.call(|| work.run())).await?,
            Front::Attribute => end_at(self.moment, &policy, named(&policy, &work)).await?,
        }
        let (seen, expected) =
            (Expected::seen(&policy, &policy.totals(), &work), Expected::of(self));
        if seen != expected {
            return Err(format!("\n  {seen:?}, not\n  {expected:?}"));
        }
        self.call_again(&policy).await
    }

    /// Everything is there for the next call.
    async fn call_again(&self, policy: &Policy) -> Result<(), String> {
        if self.probing && self.moment.panics() {
            policy.breaker().expect("a breaker").reset();
        }
        let work = Work::good();
        let again = match self.front {
            Front::Builder => policy.call(|| work.run()).await,
            Front::Attribute => named(policy, &work).await,
        };
        let state = policy.breaker().map_or(State::Closed, Breaker::state);
        if again.is_err() || policy.totals().ok() != 1 || state != State::Closed {
            return Err(format!("the next call: {again:?}, and the breaker is {state}"));
        }
        Ok(())
    }
}

#[resilient(policy = policy, idempotent)]
async fn named(policy: &Policy, work: &Work) -> Result<u32, Failed> {
    work.run().await
}

/// Brings a call to its moment and ends it there.
pub(super) async fn end_at(
    moment: Moment,
    policy: &Policy,
    call: impl Future<Output = Result<u32, Failed>>,
) -> Result<(), String> {
    let mut call = Box::pin(call);
    if moment == Moment::BeforePoll {
        return Ok(());
    }
    let mut place = None;
    let take_place = || policy.bulkhead().expect("a bulkhead").try_enter_owned();
    if moment == Moment::Queued {
        place = Some(take_place().map_err(|rejected| rejected.to_string())?);
    }
    let mut progress = poll(call.as_mut()).await;
    if matches!(moment, Moment::QueuedAgain) {
        place = Some(take_place().map_err(|rejected| rejected.to_string())?);
    }
    if moment.retries() && moment != Moment::Pausing {
        tokio::time::advance(PAUSE).await;
        progress = poll(call.as_mut()).await;
    }
    if moment == Moment::PanickingLater {
        progress = poll(call.as_mut()).await;
    }
    if moment.queues() && policy.bulkhead().expect("a bulkhead").queued() != 1 {
        return Err("it does not wait for a place".into());
    }
    let wanted = match moment {
        Moment::PanickingInFallback => Progress::Panicked,
        moment if moment.panics() => Progress::Panicked,
        _ => Progress::Waits,
    };
    drop(call);
    drop(place);
    if progress == wanted { Ok(()) } else { Err(format!("it {progress:?}, not {wanted:?}")) }
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Waits,
    Done,
    Panicked,
}

/// Polls once.
async fn poll<F: Future>(mut call: Pin<&mut F>) -> Progress {
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        Poll::Ready(match polled {
            Ok(Poll::Pending) => Progress::Waits,
            Ok(Poll::Ready(_)) => Progress::Done,
            Err(_) => Progress::Panicked,
        })
    })
    .await
}

/// Whether a policy takes the layers in this order.
pub(super) fn accepts(layers: &[Layer]) -> bool {
    policy(layers).is_ok()
}

fn policy(layers: &[Layer]) -> Result<Policy, reliability::resilience::Invalid> {
    layers.iter().fold(Policy::builder("cancelled"), |policy, layer| add(policy, *layer)).build()
}

/// Adds the layer, with figures that no case comes near.
fn add(policy: PolicyBuilder, layer: Layer) -> PolicyBuilder {
    match layer {
        Layer::Fallback => policy.fallback(),
        Layer::Deadline => policy.deadline(2 * LONG),
        Layer::Retry => policy.retry(retry()),
        Layer::Breaker => {
            let settings = breaker::Settings::standard().probes(1);
            policy.breaker(Breaker::builder("cancelled").settings(settings).build().unwrap())
        }
        Layer::Bulkhead => {
            let bulkhead = Bulkhead::builder("cancelled").concurrent(1).queue(5).wait(LONG);
            policy.bulkhead(bulkhead.build().unwrap())
        }
        Layer::Timeout => policy.timeout(LONG),
        other => panic!("`{other}` is missing here"),
    }
}

fn retry() -> Retry {
    let budget = RetryBudget::builder("cancelled").capacity(10).ratio(0.5).build().unwrap();
    while budget.tokens() * 1_000.0 > BUDGET as f64 {
        budget.withdraw().unwrap();
    }
    Retry::attempts(3).backoff(Backoff::constant(PAUSE).jitter(Jitter::None)).budget(budget)
}
