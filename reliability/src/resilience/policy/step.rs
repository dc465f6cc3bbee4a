//! What a call passes on its way to the work, what it holds meanwhile, and where it waits.
//!
//! A layer that lets calls in or keeps them out is a variant of [`Step`]. If a call keeps something
//! from there on, it is a field of [`Held`]; if it may have to wait there, a variant of [`Waiting`].
//! The driver knows no more of it than that.

use alloc::boxed::Box;
use core::task::{Context, Poll};
#[cfg(feature = "chaos")]
use core::time::Duration;

use super::Layer;
#[cfg(all(feature = "redis", not(reliability_loom)))]
use super::wait::Bound;
use crate::error::Rejected;
use crate::resilience::bulkhead::ticket;
#[cfg(feature = "chaos")]
use crate::resilience::chaos::{Chaos, Injection};
use crate::resilience::concurrency_limit::{self, ConcurrencyLimit, Priority};
use crate::resilience::degrade::Degrading;
use crate::resilience::rate_limit::keyed::Turn;
use crate::resilience::rate_limit::place::Place;
#[cfg(all(feature = "redis", not(reliability_loom)))]
use crate::resilience::rate_limit::redis::{Asking, RedisRateLimit};
use crate::resilience::rate_limit::shared::Shared as RateShared;
use crate::resilience::rate_limit::{KeyHash, KeyedRateLimit, RateLimit};
use crate::resilience::{Breaker, Bulkhead, RetryBudget, breaker, bulkhead};
use crate::time::Instant;

/// A layer that a call passes before its work begins.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// By itself, because its counters would make every other step 2 KiB larger.
    Degrade(Box<Degrading>),
    Breaker(Breaker),
    RateLimit(RateLimit),
    KeyedRateLimit(KeyedRateLimit<KeyHash>),
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    SharedRateLimit(RedisRateLimit),
    ConcurrencyLimit(ConcurrencyLimit),
    Bulkhead(Bulkhead),
    /// Behind all others: a call that is refused puts no load on the dependency, so it earns no
    /// retries either.
    Earn(RetryBudget),
    #[cfg(feature = "chaos")]
    Chaos(Chaos),
}

/// Who asks to be let in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// Attempts of the call so far, this one included.
    pub(super) attempts: u32,
    pub(super) priority: Priority,
    /// Under which a rate limit counts the call, if it counts per key.
    pub(super) rate_limit_key: KeyHash,
}

/// What a call holds, and gives back when this is dropped.
#[derive(Default)]
pub(super) struct Held<'a> {
    pub(super) breaker: Option<breaker::Permit<'a>>,
    pub(super) concurrency_limit: Option<concurrency_limit::Permit<'a>>,
    pub(super) bulkhead: Option<bulkhead::Permit<'a>>,
}

/// Where a call waits to be let in. Dropping it leaves the queue.
pub(super) enum Waiting<'a> {
    Bulkhead(&'a Bulkhead, ticket::Waiting<'a>),
    /// For a permit whose time is known.
    RateLimit(Place<&'a RateShared>),
    KeyedRateLimit(Turn<'a, KeyHash>),
    /// For a server, and then perhaps for its turn.
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    SharedRateLimit(Asking),
    /// An injected latency, or without one a hang.
    #[cfg(feature = "chaos")]
    Chaos(Option<Duration>),
}

impl Step {
    pub(super) const fn layer(&self) -> Layer {
        match self {
            Step::Degrade(_) => Layer::Degrade,
            Step::Breaker(_) => Layer::Breaker,
            Step::RateLimit(_) | Step::KeyedRateLimit(_) => Layer::RateLimit,
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Step::SharedRateLimit(_) => Layer::RateLimit,
            Step::ConcurrencyLimit(_) => Layer::ConcurrencyLimit,
            Step::Bulkhead(_) => Layer::Bulkhead,
            Step::Earn(_) => Layer::Retry,
            #[cfg(feature = "chaos")]
            Step::Chaos(_) => Layer::Chaos,
        }
    }

    /// Lets the call through if that needs neither a wait nor a refusal; true if it did. Otherwise
    /// nothing has happened.
    ///
    /// A refusal is much larger than a yes: this way it is not carried around where there is none.
    /// `held` makes room for what the call holds, and is asked only if there is something: who holds
    /// nothing has nothing to give back afterwards.
    // Always: there is one place that asks, and the room is most of what a step costs that needs none.
    #[inline(always)]
    pub(super) fn pass_at_once<'a, 'h>(
        &'a self,
        held: impl FnOnce() -> &'h mut Held<'a>,
        caller: Caller,
    ) -> bool
    where
        'a: 'h,
    {
        match self {
            Step::Degrade(degrading) => return degrading.is_normal(),
            Step::Breaker(breaker) => match breaker.acquire_if_closed() {
                Some(permit) => held().breaker = Some(permit),
                None => return false,
            },
            Step::RateLimit(limit) => return limit.take_at_once(),
            Step::KeyedRateLimit(limit) => return limit.take_at_once(caller.rate_limit_key),
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Step::SharedRateLimit(_) => return false,
            Step::ConcurrencyLimit(limit) => match limit.acquire_at_once(caller.priority) {
                Some(permit) => held().concurrency_limit = Some(permit),
                None => return false,
            },
            Step::Bulkhead(bulkhead) => match bulkhead.enter_at_once() {
                Some(permit) => held().bulkhead = Some(permit),
                None => return false,
            },
            Step::Earn(budget) => earn(budget, caller),
            #[cfg(feature = "chaos")]
            Step::Chaos(chaos) => return chaos.is_off(),
        }
        true
    }

    /// Lets the call through, refuses it, or says where it waits.
    pub(super) fn pass<'a>(
        &'a self,
        held: &mut Held<'a>,
        caller: Caller,
    ) -> Result<Option<Waiting<'a>>, Rejected> {
        match self {
            // The driver decides by what it knows of the call.
            Step::Degrade(_) => {}
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Step::SharedRateLimit(_) => {}
            // The driver reads the clock itself, and only if the work has to wait.
            Step::Breaker(breaker) => held.breaker = Some(breaker.acquire_untimed()?),
            Step::RateLimit(limit) => {
                return Ok(limit.place_in_policy()?.map(Waiting::RateLimit));
            }
            Step::KeyedRateLimit(limit) => {
                let turn = limit.turn_in_policy(caller.rate_limit_key)?;
                return Ok(turn.map(Waiting::KeyedRateLimit));
            }
            Step::ConcurrencyLimit(limit) => {
                held.concurrency_limit = Some(limit.acquire_untimed(caller.priority)?);
            }
            Step::Bulkhead(bulkhead) => {
                return Ok(Some(Waiting::Bulkhead(bulkhead, bulkhead.ticket())));
            }
            Step::Earn(budget) => earn(budget, caller),
            #[cfg(feature = "chaos")]
            Step::Chaos(chaos) => match chaos.strike() {
                Injection::Nothing => {}
                Injection::Error => return Err(chaos.rejected()),
                Injection::Latency(latency) => return Ok(Some(Waiting::Chaos(Some(latency)))),
                Injection::Hang => return Ok(Some(Waiting::Chaos(None))),
            },
        }
        Ok(None)
    }
}

/// The first attempt earns; retries spend.
#[inline]
pub(super) fn earn(budget: &RetryBudget, caller: Caller) {
    if caller.attempts == 1 {
        budget.deposit();
    }
}

impl Held<'_> {
    /// Gives back what the call got at that step.
    pub(super) fn release(&mut self, step: &Step) {
        match step {
            Step::Breaker(_) => self.breaker = None,
            Step::ConcurrencyLimit(_) => self.concurrency_limit = None,
            Step::Bulkhead(_) => self.bulkhead = None,
            // A permit is used up by the call that it let through.
            Step::RateLimit(_) | Step::KeyedRateLimit(_) | Step::Earn(_) => {}
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Step::SharedRateLimit(_) => {}
            // What was decided holds to the end of the call.
            Step::Degrade(_) => {}
            #[cfg(feature = "chaos")]
            Step::Chaos(_) => {}
        }
    }
}

impl<'a> Waiting<'a> {
    /// Ready when the wait is over: let in, or refused.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        held: &mut Held<'a>,
    ) -> Poll<Result<(), Rejected>> {
        match self {
            Waiting::Bulkhead(_, ticket) => ticket.poll_enter(cx).map_ok(|place| {
                held.bulkhead = Some(bulkhead::Permit(place));
            }),
            // Only the timer ends it.
            Waiting::RateLimit(_) | Waiting::KeyedRateLimit(_) => Poll::Pending,
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Waiting::SharedRateLimit(asking) => asking.as_mut().poll(cx),
            #[cfg(feature = "chaos")]
            Waiting::Chaos(_) => Poll::Pending,
        }
    }

    /// When the step itself ends a wait that begins now.
    pub(super) fn ends_at(&self, now: Instant) -> Instant {
        match self {
            Waiting::Bulkhead(bulkhead, _) => now.saturating_add(bulkhead.longest_wait()),
            Waiting::RateLimit(place) => now.saturating_add(place.delay()),
            Waiting::KeyedRateLimit(turn) => now.saturating_add(turn.delay()),
            // It ends by itself: the limit has a timeout of its own.
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Waiting::SharedRateLimit(_) => Bound::NEVER.at,
            #[cfg(feature = "chaos")]
            Waiting::Chaos(latency) => now.saturating_add(latency.unwrap_or(Duration::MAX)),
        }
    }

    /// The end that the step itself has set to the wait: refused, unless the place was granted in
    /// this very moment.
    pub(super) fn end(self, held: &mut Held<'a>) -> Result<(), Rejected> {
        match self {
            Waiting::Bulkhead(_, mut ticket) => {
                held.bulkhead = Some(bulkhead::Permit(ticket.give_up()?));
            }
            Waiting::RateLimit(mut place) => place.commit(),
            Waiting::KeyedRateLimit(mut turn) => turn.commit(),
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Waiting::SharedRateLimit(_) => {}
            #[cfg(feature = "chaos")]
            Waiting::Chaos(_) => {}
        }
        Ok(())
    }
}
