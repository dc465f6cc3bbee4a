use core::time::Duration;

use super::circuit::Circuit;
use super::handle::Inner;
use super::state::State;
use super::window::Counts;
use crate::error::Name;
use crate::sync::atomic::{AtomicU64, Ordering};

/// What a breaker looked like at one moment.
///
/// While calls are running the numbers are read one after the other, so they may be a few calls
/// apart.
///
/// # Examples
///
/// ```
/// use reliability::resilience::breaker::{Breaker, State};
///
/// let breaker = Breaker::standard("inventory");
/// breaker.force_open();
/// assert!(breaker.acquire().is_err());
///
/// let now = breaker.snapshot();
/// assert_eq!((now.state, now.rejected), (State::ForcedOpen, 1));
/// assert_eq!(now.transitions(State::Closed, State::ForcedOpen), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the breaker.
    pub name: Name,
    /// The state.
    pub state: State,
    /// Whether it only counts, and never refuses.
    pub metrics_only: bool,
    /// How long it stays open, if it is open.
    pub retry_after: Option<Duration>,
    /// What stands in the window; empty unless closed.
    pub window: Counts,
    /// In half-open: the probes that were admitted, and those that are back.
    pub probes: Option<Probes>,
    /// Open periods in a row, without closing in between.
    pub trips: u32,
    /// Calls refused since it was built.
    pub rejected: u64,
    /// Outcomes not counted since it was built, because the breaker had changed state since the call
    /// was admitted.
    pub stale: u64,
    /// Trips since it was built that did not happen because of
    /// [`metrics_only`](super::Breaker::metrics_only).
    pub suppressed: u64,
    transitions: [[u64; 5]; 5],
}

/// Probes of a half-open breaker.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::breaker::{Breaker, State};
/// use reliability::time::ManualClock;
///
/// let time = ManualClock::new();
/// let breaker = Breaker::builder("inventory")
///     .open_for(Duration::from_secs(10))
///     .clock(time.clock())
///     .build()?;
/// for _ in 0..100 {
///     if let Ok(permit) = breaker.acquire() {
///         permit.failure();
///     }
/// }
/// assert_eq!(breaker.snapshot().probes, None);
///
/// // After a while it lets a few calls through, to see whether it is over.
/// time.advance(Duration::from_secs(20));
/// let probe = breaker.acquire()?;
/// let now = breaker.snapshot();
/// assert_eq!(now.state, State::HalfOpen);
/// assert_eq!(now.probes.map(|probes| (probes.admitted, probes.completed)), Some((1, 0)));
/// probe.success();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probes {
    /// Places taken, by calls on their way and calls that are back.
    pub admitted: u32,
    /// Calls that are back.
    pub completed: u32,
    /// Those of them that failed.
    pub failed: u32,
    /// Those of them that were slow.
    pub slow: u32,
}

impl Snapshot {
    pub(super) fn of(breaker: &Inner) -> Self {
        let engine = &breaker.engine;
        let seen = engine.cell.load();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut snapshot = Self {
            name: engine.name.clone(),
            state: State::of(seen),
            metrics_only: false,
            retry_after: None,
            window: Counts::default(),
            probes: None,
            trips: engine.tally.trips.load(Ordering::Relaxed),
            rejected: engine.rejected(),
            stale: read(&engine.tally.stale),
            suppressed: read(&engine.tally.suppressed),
            transitions: State::ALL
                .map(|from| State::ALL.map(|to| engine.tally.transitions.read(from, to))),
        };
        match seen.machine() {
            Circuit::Closed { observing, .. } => {
                let rule = engine.settings.rule();
                snapshot.metrics_only = observing;
                snapshot.window = engine.memory.counts(seen.generation(), &rule, || breaker.now());
            }
            Circuit::Open { until_ms } => {
                snapshot.retry_after = engine.remaining(until_ms, breaker.now());
            }
            Circuit::HalfOpen { admitted, completed, failed, slow } => {
                snapshot.probes = Some(Probes {
                    admitted: admitted.into(),
                    completed: completed.into(),
                    failed: failed.into(),
                    slow: slow.into(),
                });
            }
            Circuit::ForcedOpen | Circuit::Disabled => {}
        }
        snapshot
    }

    /// How often the breaker went from one state to the other since it was built.
    ///
    /// From closed to closed: how often it started again with an empty window.
    pub fn transitions(&self, from: State, to: State) -> u64 {
        self.transitions[from as usize][to as usize]
    }
}
