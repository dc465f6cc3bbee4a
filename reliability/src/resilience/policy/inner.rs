use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::Layer;
use super::randomness::Randomness;
use super::recent::Recent;
use super::step::Step;
use super::totals::RunningTotals;
use crate::error::{ErrorMonitor, Name};
#[cfg(feature = "cache")]
use crate::resilience::Cache;
use crate::resilience::hedge::Hedging;
use crate::resilience::rate_limit::{KeyHash, KeyedRateLimit};
use crate::resilience::retry::{self, Retrying};
use crate::resilience::timeout::Timeout;
use crate::resilience::{Breaker, Bulkhead, ConcurrencyLimit, Hedge, RateLimit, RetryBudget};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::time::saturating_nanos;

/// What all clones of a policy share.
#[derive(Debug)]
pub(in crate::resilience) struct Inner {
    pub(super) name: Name,
    pub(super) layers: Box<[Layer]>,
    /// In the order in which a call passes them.
    pub(super) steps: Box<[Step]>,
    /// How many of the steps stand outside of `retry`: those are passed once per call.
    pub(super) steps_per_call: u16,
    pub(super) breaker_per_attempt: bool,
    /// There are no steps, and there is no deadline: which layers there are never changes, so a call
    /// asks once for all of them.
    pub(super) is_plain: bool,
    pub(super) is_degradable: bool,
    /// Of `retry`, where each call reads it; or 1.
    attempts_max: AtomicU32,
    pub(super) retry: Option<Retrying>,
    pub(super) hedge: Option<Hedging>,
    /// A timeout is that of each request, and not of all that an attempt sends.
    pub(super) timeout_per_leg: bool,
    deadline: Limit,
    pub(super) recent: Recent,
    pub(super) randomness: Randomness,
    pub(super) totals: RunningTotals,
    pub(super) monitor: Option<ErrorMonitor>,
    #[cfg(feature = "record")]
    pub(super) recorder: super::record::Recorder,
    #[cfg(feature = "cache")]
    pub(super) cache: Option<Cache>,
}

/// What a builder has gathered, checked.
pub(super) struct Parts {
    pub(super) name: Name,
    pub(super) layers: Vec<Layer>,
    /// In the order of the layers.
    pub(super) steps: Vec<Step>,
    pub(super) retry: Option<Retrying>,
    /// With the budget of the policy.
    pub(super) hedge: Option<(Hedge, RetryBudget)>,
    pub(super) timeout: Option<Timeout>,
    pub(super) deadline: Option<Duration>,
    pub(super) randomness: Randomness,
    pub(super) monitor: Option<ErrorMonitor>,
    #[cfg(feature = "cache")]
    pub(super) cache: Option<Cache>,
}

/// What a step of that kind holds; a policy has one at most.
macro_rules! the_step {
    ($inner:expr, $kind:ident) => {
        $inner.steps.iter().find_map(|step| match step {
            Step::$kind(found) => Some(found),
            _ => None,
        })
    };
}

impl Inner {
    pub(super) fn new(parts: Parts) -> Self {
        let position = |wanted: Layer| parts.layers.iter().position(|layer| *layer == wanted);
        let retry = position(Layer::Retry);
        let per_call = |step: &&Step| position(step.layer()) < retry;
        Self {
            steps_per_call: parts.steps.iter().filter(per_call).map(|_| 1).sum(),
            breaker_per_attempt: position(Layer::Breaker) >= retry,
            timeout_per_leg: parts.hedge.is_some()
                && position(Layer::Hedge) < position(Layer::Timeout),
            is_plain: parts.steps.is_empty() && parts.deadline.is_none(),
            is_degradable: parts.layers.contains(&Layer::Degrade),
            attempts_max: AtomicU32::new(
                parts.retry.as_ref().map_or(1, |retry| retry.settings().attempts),
            ),
            name: parts.name,
            layers: parts.layers.into(),
            steps: parts.steps.into(),
            retry: parts.retry,
            recent: Recent::new(
                parts.timeout.as_ref().map(Timeout::rule),
                parts.hedge.as_ref().map(|(hedge, _)| hedge.rule()),
            ),
            hedge: parts.hedge.map(|(hedge, budget)| Hedging::new(hedge.settings(), budget)),
            deadline: Limit::new(parts.deadline),
            randomness: parts.randomness,
            monitor: parts.monitor,
            totals: RunningTotals::new(),
            #[cfg(feature = "record")]
            recorder: super::record::Recorder::default(),
            #[cfg(feature = "cache")]
            cache: parts.cache,
        }
    }

    #[inline]
    pub(super) fn attempts_max(&self) -> u32 {
        self.attempts_max.load(Ordering::Relaxed)
    }

    /// Puts settings of `retry` into force that were checked.
    pub(super) fn apply_retry(&self, settings: &retry::Settings) {
        if let Some(retry) = &self.retry {
            retry.apply(settings);
            self.attempts_max.store(settings.attempts, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.recent.timeout.load()
    }

    /// What retries and hedges are taken from.
    #[inline]
    pub(super) fn budget(&self) -> Option<&RetryBudget> {
        match (&self.retry, &self.hedge) {
            (Some(retry), _) => retry.budget(),
            (None, Some(hedge)) => Some(hedge.budget()),
            (None, None) => None,
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline.load()
    }

    /// In nanoseconds, for whoever only passes it on.
    #[inline]
    pub(super) fn deadline_nanos(&self) -> Option<u64> {
        self.deadline.nanos()
    }

    pub(super) fn set_deadline(&self, deadline: Option<Duration>) {
        self.deadline.store(deadline);
    }

    pub(super) fn breaker(&self) -> Option<&Breaker> {
        the_step!(self, Breaker)
    }

    pub(super) fn rate_limit(&self) -> Option<&RateLimit> {
        the_step!(self, RateLimit)
    }

    pub(super) fn keyed_rate_limit(&self) -> Option<&KeyedRateLimit<KeyHash>> {
        the_step!(self, KeyedRateLimit)
    }

    pub(super) fn concurrency_limit(&self) -> Option<&ConcurrencyLimit> {
        the_step!(self, ConcurrencyLimit)
    }

    pub(super) fn bulkhead(&self) -> Option<&Bulkhead> {
        the_step!(self, Bulkhead)
    }

    #[cfg(feature = "chaos")]
    pub(super) fn chaos(&self) -> Option<&crate::resilience::Chaos> {
        the_step!(self, Chaos)
    }

    /// Whether that limit is written outside of the step, and so covers a wait there.
    pub(super) fn covers(&self, limit: Layer, step: usize) -> bool {
        self.steps.get(step).is_some_and(|step| self.is_outside(limit, step.layer()))
    }

    /// Whether the deadline covers the wait for another call's answer.
    #[cfg(feature = "cache")]
    pub(super) fn deadline_covers_cache(&self) -> bool {
        self.is_outside(Layer::Deadline, Layer::Cache)
    }

    pub(super) fn deadline_covers_fallback(&self) -> bool {
        self.is_outside(Layer::Deadline, Layer::Fallback)
    }

    fn is_outside(&self, outer: Layer, inner: Layer) -> bool {
        let position = |wanted: Layer| self.layers.iter().position(|layer| *layer == wanted);
        matches!((position(outer), position(inner)), (Some(outer), Some(inner)) if outer < inner)
    }
}

/// A duration that can be changed while calls run; each call reads it once or twice.
#[derive(Debug)]
struct Limit {
    nanos: AtomicU64,
}

impl Limit {
    const NONE: u64 = u64::MAX;

    fn new(limit: Option<Duration>) -> Self {
        Self { nanos: AtomicU64::new(Self::word(limit)) }
    }

    #[inline]
    fn load(&self) -> Option<Duration> {
        self.nanos().map(Duration::from_nanos)
    }

    #[inline]
    fn nanos(&self) -> Option<u64> {
        match self.nanos.load(Ordering::Relaxed) {
            Self::NONE => None,
            nanos => Some(nanos),
        }
    }

    fn store(&self, limit: Option<Duration>) {
        self.nanos.store(Self::word(limit), Ordering::Relaxed);
    }

    /// At most 584 years, which is still a limit, and not the absence of one.
    fn word(limit: Option<Duration>) -> u64 {
        limit.map_or(Self::NONE, |limit| saturating_nanos(limit).min(Self::NONE - 1))
    }
}
