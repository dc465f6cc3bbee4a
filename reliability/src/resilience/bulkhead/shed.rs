use core::time::Duration;

use crate::time::Instant;

/// When a queue is too slow for too long: then calls wait for a short time or not at all.
///
/// A queue is for bursts: it fills, and runs empty again. One that never does is no use to anybody:
/// each call waits for as long as the last one did, and the dependency answers callers who are no
/// longer there. So what is watched is not how long the queue is but whether it drains. As long as
/// calls wait for longer than `target` for a whole `interval`, and until the queue was found empty,
/// calls wait at most `target`, and those that have waited longer are refused with
/// [`Reason::Shed`](crate::error::Reason::Shed) instead of being let in.
///
/// That is CoDel ([RFC 8289](https://www.rfc-editor.org/rfc/rfc8289), section 3: the shortest delay of an
/// interval tells a standing queue from a burst) for servers: it refuses every call that is too old
/// instead of one from time to time, and stops when the queue was empty, as B. Maurer describes in
/// *Fail at Scale* (ACM Queue, 2015), where the figures come from: 5 ms and 100 ms.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::bulkhead::{Bulkhead, Shed};
///
/// let bulkhead = Bulkhead::builder("orders")
///     .concurrent(64)
///     .queue(1_000)
///     .wait(Duration::from_secs(1))
///     .shed(Shed::standard())
///     .build()?;
/// assert!(!bulkhead.is_shedding());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed {
    /// How long a call may wait in a queue that does not drain: above zero, less than
    /// `interval`. Default: 5 ms.
    pub target: Duration,
    /// For how long all calls have to have waited for longer than that: up to a minute.
    /// Default: 100 ms, longer than a burst.
    pub interval: Duration,
}

impl Shed {
    /// 5 ms and 100 ms.
    pub const fn standard() -> Self {
        Self { target: Duration::from_millis(5), interval: Duration::from_millis(100) }
    }
}

impl Default for Shed {
    fn default() -> Self {
        Self::standard()
    }
}

/// The pure core: whether the queue is one that does not drain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) shed: Shed,
    /// Since when every call has waited for longer than the target.
    above_since: Option<Instant>,
    pub(super) stands: bool,
}

impl Standing {
    pub(super) fn new(shed: Shed) -> Self {
        Self { shed, above_since: None, stands: false }
    }

    /// Takes note that the queue was found empty.
    pub(super) fn drained(&mut self) {
        self.above_since = None;
        self.stands = false;
    }

    /// Takes note of a call that waited so long, and answers whether it is to be shed.
    pub(super) fn step(&mut self, now: Instant, delay: Duration) -> bool {
        if delay <= self.shed.target {
            self.above_since = None;
            return false;
        }
        // A clock that jumped back must not switch this off until it is where it was.
        let since = self.above_since.filter(|since| *since <= now).unwrap_or(now);
        self.above_since = Some(since);
        self.stands |= now.saturating_duration_since(since) >= self.shed.interval;
        self.stands
    }
}
