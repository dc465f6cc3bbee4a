use reliability_derive::StateMachine;

use crate::state::{AtomicMachine, Snapshot};

/// The breaker's states, and what each one has to remember.
///
/// ```text
///          restart: metrics-only would have opened, or the counters are full
///        +---+
///        |   v   too many failed or slow calls
///     +---------+ -----------------------------> +--------+
///     | Closed  |                                |  Open  | <---------------+
///     +---------+                                +--------+                 |
///          ^                                         | the period is over,  |
///          |                                         | and a call comes     |
///          |                                         v                      |
///          |     the probes were good enough    +----------+  they were not |
///          +----------------------------------- | HalfOpen | ---------------+
///                                               +----------+  or hang
///
///     any --force_open--> ForcedOpen --+
///     any --disable-----> Disabled   --+--reset, metrics_only--> Closed
/// ```
///
/// Every arrow makes a new generation, which is what tells a late outcome apart.
#[derive(StateMachine, Debug, Clone, Copy, PartialEq, Eq)]
#[machine(name = "circuit", derive(Debug, Clone, Copy, PartialEq, Eq), atomic)]
pub(crate) enum Circuit {
    #[state(initial, to(Closed, Open, ForcedOpen, Disabled))]
    Closed {
        /// There are calls enough to judge by, so that successes need not be judged any more.
        settled: bool,
        /// Metrics-only: a trip is counted, and does not happen.
        observing: bool,
    },
    #[state(to(HalfOpen, Closed, ForcedOpen, Disabled))]
    Open {
        /// The end of the open period, in milliseconds on the clock's timeline; it wraps.
        until_ms: u32,
    },
    #[state(to(Closed, Open, ForcedOpen, Disabled))]
    HalfOpen {
        /// Places taken: by calls on their way, and by calls that are back.
        admitted: u8,
        /// Calls that are back.
        completed: u8,
        /// Those of them that failed.
        failed: u8,
        /// Those of them that were slow.
        slow: u8,
    },
    #[state(to(Closed, Disabled))]
    ForcedOpen,
    #[state(to(Closed, ForcedOpen))]
    Disabled,
}

/// The machine of one breaker.
pub(super) type Cell = AtomicMachine<Circuit>;

/// The machine at one moment.
pub(super) type Seen = Snapshot<Circuit>;

impl circuit::Closed {
    /// Closed with an empty window.
    pub(super) const EMPTY: Self = Self { settled: false, observing: false };
}
