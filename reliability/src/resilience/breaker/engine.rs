//! The breaker without a clock: what it decides, given the time.

use super::Settings;
use super::circuit::circuit::{Closed, HalfOpen, Open};
use super::circuit::{Cell, Circuit, Seen};
use super::live::LiveSettings;
use super::state::{State, Transitions};
use super::window::lanes::{LaneCount, Lanes};
use super::window::{Completed, Memory, Moment, Verdict};
use crate::error::{Counted, Name};
use crate::resilience::split_mix::{GAMMA, mix};
use crate::state::{Packed, ReachableFrom};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sync::{Addend, Padded};
use crate::time::Instant;

mod admit;

#[cfg(all(test, not(reliability_loom)))]
pub(super) use admit::Refusal;
pub(super) use admit::When;

/// Everything but the clock. Lock-free; no method allocates.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) name: Name,
    seed: u64,
    /// Of the window of calls: its largest size, and whether it can tell slow calls.
    pub(super) capacity: u32,
    pub(super) slow_rule: bool,
    // Read by every call, written by transitions only: on lines of their own.
    pub(super) cell: Padded<Cell>,
    pub(super) settings: Padded<LiveSettings>,
    pub(super) memory: Memory,
    rejected: Lanes<Addend>,
    pub(super) tally: Padded<Tally>,
}

/// What is counted and remembered beside the state word; no fast path writes it.
#[derive(Debug)]
pub(super) struct Tally {
    /// When a probe was admitted while no other was on its way.
    probing_since: AtomicU64,
    /// Open periods in a row, without closing in between.
    pub(super) trips: AtomicU32,
    /// Outcomes that came after a transition.
    pub(super) stale: AtomicU64,
    /// Trips that metrics-only suppressed.
    pub(super) suppressed: AtomicU64,
    pub(super) transitions: Transitions,
}

impl Engine {
    /// `capacity` bounds the calls a window can be given later, `seed` decides the jitter.
    pub(super) fn new(
        name: Name,
        settings: &Settings,
        capacity: u32,
        lanes: LaneCount,
        seed: u64,
    ) -> Self {
        let slow_rule = settings.slow_calls.is_some();
        Self {
            name,
            seed,
            capacity,
            slow_rule,
            cell: Padded(Cell::new()),
            settings: Padded(LiveSettings::new(settings)),
            memory: Memory::new(settings.window, capacity, slow_rule, lanes),
            rejected: Lanes::addends(lanes),
            tally: Padded(Tally {
                probing_since: AtomicU64::new(0),
                trips: AtomicU32::new(0),
                stale: AtomicU64::new(0),
                suppressed: AtomicU64::new(0),
                transitions: Transitions::new(),
            }),
        }
    }

    /// Counts a success on a line of this thread alone, where that is all there is to do: the usual
    /// case, and small enough to be inlined. False where it is not, and then nothing was done.
    #[inline]
    pub(super) fn record_alone(&self, generation: u32, counted: Counted) -> bool {
        self.only_counts(generation, counted) && self.memory.success_alone(generation)
    }

    /// The same, wherever it is counted.
    #[inline]
    pub(super) fn record_quickly(
        &self,
        generation: u32,
        counted: Counted,
        now: impl FnOnce() -> Instant,
    ) -> bool {
        self.only_counts(generation, counted) && self.memory.success_quickly(generation, now)
    }

    #[inline]
    fn only_counts(&self, generation: u32, counted: Counted) -> bool {
        let seen = self.cell.load();
        counted == Counted::Success
            && seen.generation() == generation
            && seen.get::<Closed>().is_some_and(|closed| closed.settled)
    }

    /// Takes the outcome of a call that was admitted in `generation` into account.
    pub(super) fn record(
        &self,
        generation: u32,
        counted: Counted,
        slow: bool,
        now: impl Fn() -> Instant,
    ) {
        let seen = self.cell.load();
        if seen.generation() != generation {
            self.tally.stale.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some(closed) = seen.get::<Closed>() else {
            return self.record_probe(seen, counted, slow, now);
        };
        let failed = match counted {
            Counted::Success => false,
            Counted::Failure => true,
            Counted::Nothing => return,
        };
        let call = Completed { failed, slow, judge_always: !closed.settled };
        let is_current = || self.cell.load().generation() == generation;
        let at = Moment { generation, now: &now, is_current };
        match self.memory.complete(call, &at, || self.settings.rule()) {
            Verdict::Keep if closed.settled => {}
            verdict => self.follow(verdict, generation, now),
        }
    }

    /// Does what the window found.
    #[cold]
    fn follow(&self, verdict: Verdict, generation: u32, now: impl Fn() -> Instant) {
        let mut seen = self.cell.load();
        while let Some(closed) = seen.get::<Closed>() {
            if seen.generation() != generation {
                return;
            }
            let attempt = match verdict {
                Verdict::Keep | Verdict::TooFewCalls => {
                    let settled = verdict == Verdict::Keep;
                    if closed.settled == settled {
                        return;
                    }
                    self.cell.update(seen, Closed { settled, ..closed })
                }
                Verdict::Restart => self.restart(seen, closed),
                Verdict::Trip if closed.observing => {
                    let restarted = self.restart(seen, closed);
                    self.tally.suppressed.fetch_add(restarted.is_ok().into(), Ordering::Relaxed);
                    restarted
                }
                Verdict::Trip => self.open::<Closed>(seen, now()),
            };
            match attempt {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }

    /// Takes the outcome of a probe into account. Open and forced open admit nobody, and disabled
    /// counts nothing.
    fn record_probe(
        &self,
        mut seen: Seen,
        counted: Counted,
        slow: bool,
        now: impl Fn() -> Instant,
    ) {
        if !seen.is::<HalfOpen>() {
            return;
        }
        let generation = seen.generation();
        while let Some(mut trial) = seen.get::<HalfOpen>() {
            if seen.generation() != generation {
                break;
            }
            match counted {
                Counted::Nothing => trial.admitted = trial.admitted.saturating_sub(1),
                Counted::Success => trial.completed += 1,
                Counted::Failure => {
                    trial.completed += 1;
                    trial.failed += 1;
                }
            }
            trial.slow += u8::from(slow && counted != Counted::Nothing);
            let attempt = if u32::from(trial.completed) >= self.settings.probes() {
                self.decide(seen, trial, &now)
            } else {
                self.cell.update(seen, trial)
            };
            match attempt {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
        self.tally.stale.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes if the probes were good enough, opens again otherwise.
    fn decide(&self, seen: Seen, trial: HalfOpen, now: impl Fn() -> Instant) -> Result<Seen, Seen> {
        let rule = self.settings.rule();
        let reaches = |count: u8, rate: u32| {
            u64::from(count) * 1_000_000 >= u64::from(rate) * u64::from(trial.completed)
        };
        let slow = rule.slow_rate > 0 && reaches(trial.slow, rule.slow_rate);
        if slow || reaches(trial.failed, rule.failure_rate) {
            return self.open::<HalfOpen>(seen, now());
        }
        let closed = self.go::<HalfOpen, _>(seen, Closed::EMPTY)?;
        self.tally.trips.store(0, Ordering::Relaxed);
        Ok(closed)
    }

    /// Opens, for a period that follows from the trips before.
    fn open<From>(&self, seen: Seen, now: Instant) -> Result<Seen, Seen>
    where
        From: crate::state::State<Circuit>,
        Open: ReachableFrom<From>,
    {
        let trips = self.tally.trips.load(Ordering::Relaxed);
        let random = mix((self.seed ^ u64::from(seen.generation())).wrapping_add(GAMMA));
        let period = self.settings.open_period().millis(trips, random);
        let until_ms = millis(now).wrapping_add(period);
        let opened = self.go::<From, _>(seen, Open { until_ms })?;
        self.tally.trips.store(trips.saturating_add(1), Ordering::Relaxed);
        Ok(opened)
    }

    pub(super) fn restart(&self, seen: Seen, closed: Closed) -> Result<Seen, Seen> {
        self.go::<Closed, _>(seen, Closed { settled: false, ..closed })
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.sum()
    }

    /// Goes to another state, or starts a state anew, and tells those who watch.
    pub(super) fn go<From, To>(&self, seen: Seen, next: To) -> Result<Seen, Seen>
    where
        From: crate::state::State<Circuit>,
        To: crate::state::State<Circuit> + Packed + ReachableFrom<From>,
    {
        let reached = self.cell.transition::<From, To>(seen, next)?;
        let (from, to) = (State::of(seen), State::of(reached));
        self.tally.transitions.count(from, to);
        self.announce(from, to);
        Ok(reached)
    }

    #[cfg(feature = "telemetry")]
    fn announce(&self, from: State, to: State) {
        macro_rules! transition {
            ($level:ident) => {
                tracing::event!(
                    name: "reliability.breaker.transition",
                    target: "reliability",
                    tracing::Level::$level,
                    reliability.breaker.name = self.name.as_str(),
                    reliability.breaker.from = from.as_str(),
                    reliability.breaker.to = to.as_str(),
                    "the breaker changed its state",
                )
            };
        }
        #[cfg(feature = "std")]
        crate::telemetry::trace::event("reliability.breaker.transition", |fields| {
            fields.text("reliability.breaker.name", self.name.as_str());
            fields.add("reliability.breaker.from", from.as_str());
            fields.add("reliability.breaker.to", to.as_str());
        });
        // The level of an event is a constant.
        match to {
            State::Open => transition!(WARN),
            State::Closed | State::HalfOpen | State::ForcedOpen | State::Disabled => {
                transition!(INFO);
            }
        }
    }

    #[cfg(not(feature = "telemetry"))]
    fn announce(&self, _from: State, _to: State) {}
}

/// Milliseconds on the timeline of the clock; they wrap.
///
/// Rounded down on both ends of a period, so that who waits for exactly the period is admitted.
fn millis(now: Instant) -> u32 {
    (now.as_nanos() / 1_000_000) as u32
}
