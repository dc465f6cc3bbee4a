use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::Layer;
use super::signals::Signals;
use crate::error::Name;
use crate::resilience::retry::Retrying;
use crate::resilience::{Breaker, Bulkhead};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::saturating_nanos;

/// What all clones of a policy share.
#[derive(Debug)]
pub(in crate::resilience) struct Inner {
    pub(super) name: Name,
    pub(super) layers: Box<[Layer]>,
    /// Breaker and bulkhead, in the order in which a call passes them.
    pub(super) steps: Box<[Step]>,
    /// How many of the steps stand outside of `retry`: those are passed once per call.
    pub(super) steps_per_call: usize,
    pub(super) breaker_per_attempt: bool,
    pub(super) bulkhead_per_attempt: bool,
    pub(super) retry: Option<Retrying>,
    timeout: Limit,
    deadline: Limit,
    pub(super) signals: Signals,
}

#[derive(Debug)]
pub(super) enum Step {
    Breaker(Breaker),
    Bulkhead(Bulkhead),
}

impl Step {
    const fn layer(&self) -> Layer {
        match self {
            Step::Breaker(_) => Layer::Breaker,
            Step::Bulkhead(_) => Layer::Bulkhead,
        }
    }
}

/// What a builder has gathered, checked.
pub(super) struct Parts {
    pub(super) name: Name,
    pub(super) layers: Vec<Layer>,
    pub(super) breaker: Option<Breaker>,
    pub(super) bulkhead: Option<Bulkhead>,
    pub(super) retry: Option<Retrying>,
    pub(super) timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
}

impl Inner {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { mut breaker, mut bulkhead, layers, .. } = parts;
        let steps: Vec<Step> = layers
            .iter()
            .filter_map(|layer| match layer {
                Layer::Breaker => breaker.take().map(Step::Breaker),
                Layer::Bulkhead => bulkhead.take().map(Step::Bulkhead),
                Layer::Fallback | Layer::Deadline | Layer::Retry | Layer::Timeout => None,
            })
            .collect();
        let position = |wanted: Layer| layers.iter().position(|layer| *layer == wanted);
        let inside_retry = |layer: Layer| position(layer) >= position(Layer::Retry);
        let per_call = |step: &&Step| !inside_retry(step.layer());
        Self {
            steps_per_call: steps.iter().filter(per_call).count(),
            breaker_per_attempt: inside_retry(Layer::Breaker),
            bulkhead_per_attempt: inside_retry(Layer::Bulkhead),
            name: parts.name,
            layers: layers.into(),
            steps: steps.into(),
            retry: parts.retry,
            timeout: Limit::new(parts.timeout),
            deadline: Limit::new(parts.deadline),
            signals: Signals::new(),
        }
    }

    #[inline]
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout.load()
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline.load()
    }

    pub(super) fn set_timeout(&self, timeout: Option<Duration>) {
        self.timeout.store(timeout);
    }

    pub(super) fn set_deadline(&self, deadline: Option<Duration>) {
        self.deadline.store(deadline);
    }

    pub(super) fn breaker(&self) -> Option<&Breaker> {
        self.steps.iter().find_map(|step| match step {
            Step::Breaker(breaker) => Some(breaker),
            Step::Bulkhead(_) => None,
        })
    }

    pub(super) fn bulkhead(&self) -> Option<&Bulkhead> {
        self.steps.iter().find_map(|step| match step {
            Step::Bulkhead(bulkhead) => Some(bulkhead),
            Step::Breaker(_) => None,
        })
    }

    /// Whether that limit is written outside of the bulkhead, and so covers the wait for a place.
    pub(super) fn covers_queue(&self, limit: Layer) -> bool {
        self.is_outside(limit, Layer::Bulkhead)
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
        match self.nanos.load(Ordering::Relaxed) {
            Self::NONE => None,
            nanos => Some(Duration::from_nanos(nanos)),
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
