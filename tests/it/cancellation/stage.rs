//! One case: a policy is made, a call brought to its moment, ended there, and looked at.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use reliability::resilience::breaker::State;
use reliability::resilience::cache::Sharing;
use reliability::resilience::{Breaker, Chaos, Layer, Policy, RateLimit, resilient};

use super::expected::Expected;
use super::layers::{self, Follows, HEDGE, LONG, PAUSE};
use super::moment::{Moment, Work};
use crate::failed::Failed;

/// One combination of all that a case can differ by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) layers: &'a [Layer],
    pub(super) moment: Moment,
    /// The breaker is half-open, and the call is its only probe.
    pub(super) probing: bool,
    pub(super) front: Front,
    pub(super) follows: Follows,
}

/// How the call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// `policy.call(..)`, or `call_or` with a fallback.
    Builder,
    /// `#[resilient(policy = ..)]`.
    Attribute,
}

/// What the calls ask for.
const KEY: &str = "the answer";

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
            && (moment != Moment::Following || has(Layer::Cache) && self.shares_answers())
            && (moment != Moment::Limited || has(Layer::RateLimit))
            && (!moment.hedges() || has(Layer::Hedge))
            && (!moment.is_injected() || has(Layer::Chaos))
            && (moment != Moment::PanickingUnmade || self.front == Front::Builder)
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
            Moment::BeforePoll | Moment::PanickingUnmade => false,
            Moment::Queued | Moment::Granted => {
                self.position(Layer::Breaker) < self.position(Layer::Bulkhead)
            }
            Moment::Limited => self.position(Layer::Breaker) < self.position(Layer::RateLimit),
            _ => true,
        }
    }

    pub(super) async fn run(&self) -> Result<(), String> {
        let policy =
            layers::policy(self.layers, self.follows).map_err(|invalid| invalid.to_string())?;
        if self.probing {
            let breaker = policy.breaker().expect("a breaker");
            while let Ok(permit) = breaker.acquire() {
                permit.failure();
            }
            tokio::time::advance(breaker.settings().open_for).await;
        }
        let work = Work::of(self.moment);
        self.end(&policy, &work).await?;
        let (seen, expected) =
            (Expected::seen(&policy, &policy.totals(), &work), Expected::of(self));
        if seen != expected {
            return Err(format!("\n  {seen:?}, not\n  {expected:?}"));
        }
        self.call_again(&policy).await
    }

    /// Brings a call to its moment, and ends it there.
    async fn end(&self, policy: &Policy, work: &Work) -> Result<(), String> {
        let moment = self.moment;
        let make = || work.make(moment);
        if self.front == Front::Attribute {
            return end_at(moment, policy, named(policy, work)).await;
        }
        if self.position(Layer::Fallback).is_some() {
            return end_at(moment, policy, policy.call_or(make, |_| work.fall_back())).await;
        }
        if !self.shares_answers() {
            return end_at(moment, policy, policy.call(make)).await;
        }
        let mut leader = None;
        if moment == Moment::Following {
            let call = Box::pin(policy.call_cached(KEY, Sharing::values(), make));
            poll(leader.insert(call).as_mut()).await;
        }
        end_at(moment, policy, policy.call_cached(KEY, Sharing::values(), make)).await
    }

    /// How many calls have been polled, and so are counted.
    pub(super) fn calls(&self) -> u64 {
        match self.moment {
            Moment::BeforePoll => 0,
            Moment::Following => 2,
            _ => 1,
        }
    }

    /// Whether the call looks an answer up before it asks for one.
    fn shares_answers(&self) -> bool {
        let has = |layer| self.position(layer).is_some();
        has(Layer::Cache) && !has(Layer::Fallback) && self.front == Front::Builder
    }

    /// Everything is there for the next call.
    async fn call_again(&self, policy: &Policy) -> Result<(), String> {
        if self.probing && self.moment.panics() {
            policy.breaker().expect("a breaker").reset();
        }
        let work = Work::good();
        let again = match self.front {
            Front::Attribute => named(policy, &work).await,
            Front::Builder if self.shares_answers() => {
                policy.call_cached(KEY, Sharing::values(), || work.run()).await
            }
            Front::Builder => policy.call(|| work.run()).await,
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

/// Brings this call to its moment, and ends it there.
pub(super) async fn end_at(
    moment: Moment,
    policy: &Policy,
    call: impl Future<Output = Result<u32, Failed>>,
) -> Result<(), String> {
    let mut call = Box::pin(call);
    if moment == Moment::BeforePoll {
        return Ok(());
    }
    let _on = match moment {
        Moment::Injected | Moment::InjectedTwice => policy.chaos().map(Chaos::while_held),
        _ => None,
    };
    let mut place = None;
    let take_place = || policy.bulkhead().expect("a bulkhead").try_enter_owned();
    if matches!(moment, Moment::Queued | Moment::Granted) {
        place = Some(take_place().map_err(|rejected| rejected.to_string())?);
    }
    let limit = policy.rate_limit().filter(|_| moment == Moment::Limited);
    let next_permit_before = limit.map(|limit| {
        while limit.check().is_allowed() {}
        next_permit(limit)
    });
    let mut progress = poll(call.as_mut()).await;
    if moment == Moment::QueuedAgain {
        place = Some(take_place().map_err(|rejected| rejected.to_string())?);
    }
    if moment.retries() && moment != Moment::Pausing {
        tokio::time::advance(PAUSE).await;
        progress = poll(call.as_mut()).await;
    }
    if moment.hedges() {
        tokio::time::advance(HEDGE).await;
        progress = poll(call.as_mut()).await;
    }
    if moment == Moment::PanickingLater {
        progress = poll(call.as_mut()).await;
    }
    if moment.queues() && policy.bulkhead().expect("a bulkhead").queued() != 1 {
        return Err("it does not wait for a place".into());
    }
    if moment == Moment::Granted {
        place = None;
    }
    let panics = moment.panics() || moment == Moment::PanickingInFallback;
    let wanted = if panics { Progress::Panicked } else { Progress::Waits };
    drop(call);
    drop(place);
    if limit.map(next_permit) != next_permit_before {
        return Err("the permit that it waited for is not given back".into());
    }
    if progress == wanted { Ok(()) } else { Err(format!("it {progress:?}, not {wanted:?}")) }
}

/// How long somebody else would have to wait for a permit.
fn next_permit(limit: &RateLimit) -> Duration {
    limit.reserve(1, LONG).expect("a permit within the hour").delay()
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
