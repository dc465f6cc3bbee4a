use super::super::current::{Flags, Here};
use super::super::rules::Rules;
use super::super::sampler::{Sampler, Threshold};
use super::buffer::Caller;
use super::counts::Count;
use super::{Ring, decide};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::telemetry::trace::SpanId;
use crate::telemetry::trace::random::trace_and_span;

/// What becomes of a span, decided before anything of it is built.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Head {
    /// A local root that is recorded.
    Root { here: Here, caller: Caller, parent: Option<SpanId> },
    /// A part of one.
    Child { outer: Here },
    /// Nothing is recorded; the code inside is told so.
    Unrecorded { here: Here },
    /// Nothing is recorded, and the code inside stays where it is.
    Nothing,
}

impl Head {
    pub(crate) const fn is_recorded(&self) -> bool {
        matches!(self, Self::Root { .. } | Self::Child { .. })
    }
}

/// What the head decision reads: words that change one by one, so that a call meets no lock. A call
/// that begins while they change is decided by some of the old and some of the new ones, which is
/// what one that began a moment earlier or later would have been.
#[derive(Debug)]
pub(super) struct Switches {
    on: AtomicBool,
    root: AtomicU64,
    caller_keeps: AtomicU64,
    caller_does_not: AtomicU64,
    /// The share that is kept where no rule matches.
    otherwise: AtomicU64,
    tail: AtomicBool,
    locally: AtomicBool,
    /// Changes with the rules.
    pub(super) version: AtomicU64,
}

impl Switches {
    pub(super) fn new() -> Self {
        let threshold = |threshold: Threshold| AtomicU64::new(threshold.bits());
        let sampler = Sampler::default();
        Self {
            on: AtomicBool::new(true),
            root: threshold(sampler.root),
            caller_keeps: threshold(sampler.caller_keeps),
            caller_does_not: threshold(sampler.caller_does_not),
            otherwise: threshold(sampler.root),
            tail: AtomicBool::new(false),
            locally: AtomicBool::new(false),
            version: AtomicU64::new(1),
        }
    }

    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(super) fn sampler(&self) -> Sampler {
        let threshold = |word: &AtomicU64| Threshold::from_bits(word.load(Ordering::Relaxed));
        Sampler {
            root: threshold(&self.root),
            caller_keeps: threshold(&self.caller_keeps),
            caller_does_not: threshold(&self.caller_does_not),
        }
    }

    /// The rules are what the lock around them guards; this is what can be said without it.
    pub(super) fn set(&self, sampler: Sampler, rules: Option<&Rules>) {
        self.root.store(sampler.root.bits(), Ordering::Relaxed);
        self.caller_keeps.store(sampler.caller_keeps.bits(), Ordering::Relaxed);
        self.caller_does_not.store(sampler.caller_does_not.bits(), Ordering::Relaxed);
        let otherwise = rules.map_or(sampler.root, |rules| decide::otherwise(rules, sampler.root));
        self.otherwise.store(otherwise.bits(), Ordering::Relaxed);
        self.tail.store(rules.is_some(), Ordering::Relaxed);
        self.locally.store(rules.is_some_and(Rules::any_local), Ordering::Relaxed);
        self.version.fetch_add(1, Ordering::Relaxed);
    }
}

impl Ring {
    /// What becomes of a span that begins there. Reads and draws, and nothing else.
    // Always: what it says is large, and is made where it stays.
    #[inline(always)]
    pub(crate) fn head(&self, outer: Here) -> Head {
        if outer.flags.has(Flags::RECORDED) {
            return Head::Child { outer };
        }
        if outer.trace_id.is_some() && !outer.flags.has(Flags::REMOTE) {
            // A part of what is not recorded.
            return Head::Nothing;
        }
        self.head_of_root(outer)
    }

    #[inline(always)]
    fn head_of_root(&self, outer: Here) -> Head {
        let switches = &self.switches;
        let (trace_id, span_id) = match outer.trace_id {
            None => trace_and_span(),
            Some(id) => (id, SpanId::random()),
        };
        let (caller, threshold) = match outer.trace_id {
            None => (Caller::Nobody, &switches.root),
            Some(_) if outer.flags.has(Flags::SAMPLED) => (Caller::Keeps, &switches.caller_keeps),
            Some(_) if outer.flags.has(Flags::UNDECIDED) => (Caller::Undecided, &switches.root),
            Some(_) => (Caller::DoesNot, &switches.caller_does_not),
        };
        let keeps =
            |word: &AtomicU64| Threshold::from_bits(word.load(Ordering::Relaxed)).keeps(trace_id);
        let tail = switches.tail.load(Ordering::Relaxed);
        let (recorded, sampled) = match (tail, caller) {
            (false, _) => {
                let keeps = keeps(threshold);
                (keeps, keeps)
            }
            (true, Caller::DoesNot) => (switches.locally.load(Ordering::Relaxed), false),
            (true, Caller::Keeps) => (true, true),
            // What is told to others now is what holds where no rule does: the share is the same
            // for all of them, so that this much of every trace is whole.
            (true, _) => (true, keeps(&switches.otherwise)),
        };
        let undecided = tail && recorded && !sampled && caller != Caller::DoesNot;
        let drawn = outer.flags.has(Flags::RANDOM) || outer.trace_id.is_none();
        let flags = Flags::default()
            .with(Flags::SAMPLED, sampled)
            .with(Flags::RECORDED, recorded)
            .with(Flags::UNDECIDED, undecided)
            .with(Flags::RANDOM, drawn);
        let (trace_id, span_id) = (Some(trace_id), Some(span_id));
        let here = Here { trace_id, span_id, flags, ..Here::NOWHERE };
        if recorded {
            return Head::Root { here, caller, parent: outer.span_id };
        }
        self.counts.add(Count::HeadDropped, 1);
        Head::Unrecorded { here }
    }
}
