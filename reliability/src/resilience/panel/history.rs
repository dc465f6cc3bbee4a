use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::collections::BTreeMap;

use crate::telemetry::PolicySnapshot;
use crate::time::{Clock, Instant};

/// What policies did in the last two minutes. Frames come once a second.
#[derive(Debug)]
pub(super) struct History {
    policies: BTreeMap<String, VecDeque<Moment>>,
    clock: Option<Clock>,
}

/// How many moments are kept.
const MOMENTS: usize = 121;

/// How many moments a rate goes back: ten seconds.
const RECENT: usize = 10;

#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    calls: u64,
    failed: u64,
    refused: u64,
    retries: u64,
    fallbacks: u64,
}

/// What a policy does per second, of late.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) calls: f64,
    /// Those that ended with an error, the refused ones among them.
    pub(super) failed: f64,
    pub(super) refused: f64,
    pub(super) retries: f64,
    /// Calls that asked their fallback.
    pub(super) fallbacks: f64,
    /// How many calls all of this rests on, and how many of them failed.
    pub(super) ended: (u64, u64),
    /// The share of calls that failed; `None` without calls.
    pub(super) failing: Option<f64>,
    /// Calls per second, second by second.
    pub(super) calls_before: Vec<f64>,
    /// The share of calls that failed, second by second; 0 without calls.
    pub(super) failing_before: Vec<f64>,
}

impl History {
    pub(super) const fn new() -> Self {
        Self { policies: BTreeMap::new(), clock: None }
    }

    #[cfg(test)]
    pub(super) fn on(clock: Clock) -> Self {
        Self { policies: BTreeMap::new(), clock: Some(clock) }
    }

    /// Forgets policies that are gone.
    pub(super) fn keep(&mut self, ids: &[String]) {
        self.policies.retain(|id, _| ids.contains(id));
    }

    /// Adds how a policy is now, and tells what it does of late.
    pub(super) fn add(&mut self, id: &str, now: &PolicySnapshot) -> Rates {
        let clock = self.clock.get_or_insert_with(Clock::coarse);
        let at = clock.now();
        let moments = self.policies.entry(id.to_string()).or_default();
        moments.push_back(Moment { at, counts: Counts::of(now) });
        if moments.len() > MOMENTS {
            moments.pop_front();
        }
        Rates::of(moments)
    }
}

impl Counts {
    fn of(now: &PolicySnapshot) -> Self {
        let sum = |counts: &[(&str, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
        let refused = sum(&now.rejected);
        Self {
            calls: now.finished(),
            failed: sum(&now.failed) + refused + now.panicked,
            refused,
            retries: now.retries,
            fallbacks: now.fallbacks,
        }
    }
}

impl Rates {
    fn of(moments: &VecDeque<Moment>) -> Self {
        let (Some(last), Some(first)) =
            (moments.back(), moments.get(moments.len().saturating_sub(RECENT + 1)))
        else {
            return Self::default();
        };
        let rate = |count: fn(&Counts) -> u64| per_second(first, last, count);
        let more =
            |count: fn(&Counts) -> u64| count(&last.counts).saturating_sub(count(&first.counts));
        let (calls, failed) = (rate(|it| it.calls), rate(|it| it.failed));
        let seconds = || moments.iter().zip(moments.iter().skip(1));
        let failing = |one: &Moment, next: &Moment| {
            let calls = per_second(one, next, |it| it.calls);
            if calls > 0.0 { per_second(one, next, |it| it.failed) / calls } else { 0.0 }
        };
        Self {
            calls,
            failed,
            refused: rate(|it| it.refused),
            retries: rate(|it| it.retries),
            fallbacks: rate(|it| it.fallbacks),
            ended: (more(|it| it.calls), more(|it| it.failed)),
            failing: (calls > 0.0).then(|| failed / calls),
            calls_before: seconds()
                .map(|(one, next)| per_second(one, next, |it| it.calls))
                .collect(),
            failing_before: seconds().map(|(one, next)| failing(one, next)).collect(),
        }
    }
}

/// Zero while no time has passed.
fn per_second(from: &Moment, to: &Moment, count: impl Fn(&Counts) -> u64) -> f64 {
    let passed = to.at.saturating_duration_since(from.at).as_secs_f64();
    let counted = count(&to.counts).saturating_sub(count(&from.counts));
    if passed > 0.0 { counted as f64 / passed } else { 0.0 }
}
