//! Who is let through.

use core::num::NonZeroU32;
use core::time::Duration;

use super::{Engine, millis};
use crate::resilience::breaker::circuit::circuit::{Closed, HalfOpen, Open};
use crate::resilience::breaker::circuit::{Circuit, Seen};
use crate::sync::atomic::Ordering;
use crate::time::Instant;

/// After how many milliseconds a call that is not let through may come again, where that is known.
///
/// A number in a register: whoever does not look at the time pays for no division.
pub(in super::super) type When = Option<NonZeroU32>;

impl Engine {
    /// Lets a call through, and says in which generation, or refuses it.
    #[inline]
    pub(in super::super) fn admit_or_when(&self, now: impl Fn() -> Instant) -> Result<u32, When> {
        let seen = self.cell.load();
        if seen.is::<Closed>() {
            return Ok(seen.generation());
        }
        self.admit_unless_open(seen, now)
    }

    #[cfg(feature = "std")]
    #[inline]
    pub(in super::super) fn generation_if_closed(&self) -> Option<u32> {
        let seen = self.cell.load();
        seen.is::<Closed>().then(|| seen.generation())
    }

    // Kept out of the way of calls that find it closed.
    #[inline(never)]
    fn admit_unless_open(&self, seen: Seen, now: impl Fn() -> Instant) -> Result<u32, When> {
        if let Some(Open { until_ms }) = seen.get::<Open>()
            && let Some(remaining) = self.remaining_millis(until_ms, now())
        {
            self.rejected.add_one();
            return Err(Some(remaining));
        }
        self.admit_to_trial(seen, now)
    }

    #[inline(never)]
    fn admit_to_trial(&self, mut seen: Seen, now: impl Fn() -> Instant) -> Result<u32, When> {
        let refuse = |when| {
            self.rejected.add_one();
            Err(when)
        };
        loop {
            let attempt = match seen.machine() {
                Circuit::Closed { .. } | Circuit::Disabled => return Ok(seen.generation()),
                Circuit::ForcedOpen => return refuse(None),
                Circuit::Open { until_ms } => {
                    let now = now();
                    if let Some(remaining) = self.remaining_millis(until_ms, now) {
                        return refuse(Some(remaining));
                    }
                    self.note_probing_since(now);
                    let first = HalfOpen { admitted: 1, completed: 0, failed: 0, slow: 0 };
                    self.go::<Open, _>(seen, first)
                }
                Circuit::HalfOpen { admitted, completed, failed, slow } => {
                    let trial = HalfOpen { admitted, completed, failed, slow };
                    match self.admit_probe(seen, trial, now()) {
                        Some(attempt) => attempt,
                        None => return refuse(None),
                    }
                }
            };
            seen = match attempt {
                Ok(reached) if reached.is::<HalfOpen>() => return Ok(reached.generation()),
                // Re-opened, closed, or changed by somebody else.
                Ok(other) | Err(other) => other,
            };
        }
    }

    /// Takes a place among the probes. `None` when there is none.
    fn admit_probe(&self, seen: Seen, trial: HalfOpen, now: Instant) -> Option<Result<Seen, Seen>> {
        let probes = self.settings.probes();
        // Only where the number of probes was lowered meanwhile.
        if u32::from(trial.completed) >= probes {
            return Some(self.decide(seen, trial, || now));
        }
        let on_their_way = trial.admitted - trial.completed;
        if on_their_way > 0 && self.waited_too_long(now) {
            return Some(self.open::<HalfOpen>(seen, now));
        }
        if u32::from(trial.admitted) >= probes {
            return None;
        }
        if on_their_way == 0 {
            self.note_probing_since(now);
        }
        let admitted = HalfOpen { admitted: trial.admitted + 1, ..trial };
        Some(self.cell.update(seen, admitted))
    }

    /// How long the breaker stays open, or `None` when that is over.
    ///
    /// Milliseconds wrap every 49 days. What is further away than any period can be is a clock that
    /// jumped back, or a breaker that nobody called for weeks, and over as well.
    pub(in super::super) fn remaining(&self, until_ms: u32, now: Instant) -> Option<Duration> {
        let remaining = self.remaining_millis(until_ms, now)?;
        Some(Duration::from_millis(remaining.get().into()))
    }

    #[inline]
    fn remaining_millis(&self, until_ms: u32, now: Instant) -> Option<NonZeroU32> {
        let remaining = NonZeroU32::new(until_ms.wrapping_sub(millis(now)))?;
        self.settings.may_be_open_for(remaining.get()).then_some(remaining)
    }

    /// Whether probes have been on their way for longer than they may.
    ///
    /// Of threads that race for the first place, each notes nearly the same time. A clock that
    /// jumped back by more than the wait must not make it endless.
    fn waited_too_long(&self, now: Instant) -> bool {
        let since = Instant::from_nanos(self.tally.probing_since.load(Ordering::Relaxed));
        let wait = self.settings.half_open_for();
        now.saturating_duration_since(since) >= wait || since.saturating_duration_since(now) > wait
    }

    /// To be called before the transition that makes others read it.
    fn note_probing_since(&self, now: Instant) {
        let nanos = now.as_nanos();
        self.tally.probing_since.store(nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
/// A call that is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Refusal {
    pub(in super::super) retry_after: Option<Duration>,
}

/// As tests look at it.
#[cfg(test)]
impl Engine {
    pub(in super::super) fn admit(&self, now: impl Fn() -> Instant) -> Result<u32, Refusal> {
        let millis = |millis: NonZeroU32| Duration::from_millis(millis.get().into());
        self.admit_or_when(now).map_err(|when| Refusal { retry_after: when.map(millis) })
    }
}
