use core::fmt;
use core::time::Duration;

use crate::error::{Class, Reason};
use crate::sync::{Counters, Histogram};

/// How a call ended, and what was done on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    Ok,
    Failed(Class),
    Rejected(Reason),
    Cancelled,
    Panicked,
    Retried,
    FellBack,
    RetryDenied,
    Hedged,
    HedgeWon,
    HedgeDenied,
}

impl Total {
    const COUNT: usize = 23;

    const fn index(self) -> usize {
        match self {
            Total::Ok => 0,
            Total::Failed(Class::Transient) => 1,
            Total::Failed(Class::Permanent) => 2,
            Total::Failed(Class::Overloaded) => 3,
            Total::Failed(Class::Cancelled) => 4,
            Total::Rejected(Reason::BreakerOpen) => 5,
            Total::Rejected(Reason::BulkheadFull) => 6,
            Total::Rejected(Reason::TimedOut) => 7,
            Total::Rejected(Reason::DeadlineExceeded) => 8,
            Total::Rejected(Reason::RateLimited) => 9,
            Total::Rejected(Reason::BudgetExhausted) => 10,
            Total::Cancelled => 11,
            Total::Panicked => 12,
            Total::Retried => 13,
            Total::FellBack => 14,
            Total::RetryDenied => 15,
            Total::Rejected(Reason::ConcurrencyLimited) => 16,
            Total::Rejected(Reason::Shed) => 17,
            Total::Rejected(Reason::Injected) => 18,
            Total::Hedged => 19,
            Total::HedgeWon => 20,
            Total::HedgeDenied => 21,
            Total::Rejected(Reason::Degraded) => 22,
        }
    }
}

/// What one policy counts: lock-free, a cache line per thread.
pub(super) struct RunningTotals {
    counters: Counters<{ Total::COUNT }>,
    /// Only calls that had to wait; the others never read a clock.
    waited: Histogram,
}

impl RunningTotals {
    pub(super) fn new() -> Self {
        Self { counters: Counters::new(), waited: Histogram::new() }
    }

    #[inline]
    pub(super) fn count(&self, total: Total) {
        self.counters.add(total.index(), 1);
    }

    pub(super) fn waited(&self, latency: Duration) {
        self.waited.record(latency);
    }

    pub(super) fn so_far(&self) -> Totals {
        Totals { sums: self.counters.sums() }
    }

    /// The latency of finished calls; one that was ready at once counts as less than a microsecond.
    pub(super) fn latency(&self) -> crate::sync::HistogramSnapshot {
        let finished = self.so_far().finished();
        let waited = self.waited.snapshot();
        let immediate = finished.saturating_sub(waited.count());
        waited.with_immediate(immediate)
    }
}

impl fmt::Debug for RunningTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.so_far().fmt(f)
    }
}

/// How often calls ended in which way, since the policy was built.
///
/// A call ends in exactly one of: ok, an error of some class, a refusal for some reason, cancelled
/// (the future was dropped), or a panic of its work. Retries and fallbacks are counted beside that.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::resilience::Invalid> {
/// use reliability::error::{Class, Reason, Rejected};
/// use reliability::resilience::{Policy, Retry};
///
/// let policy = Policy::builder("price").retry(Retry::attempts(2)).build()?;
/// let price: Result<u32, Rejected> = policy.call(|| async { Ok(7) }).await;
/// assert_eq!(price, Ok(7));
/// let slow = async || Err::<u32, _>(Rejected::new(Reason::TimedOut, "inventory"));
/// assert!(policy.call(slow).await.is_err());
///
/// let totals = policy.totals();
/// assert_eq!((totals.ok(), totals.failed(Class::Transient)), (1, 1));
/// assert_eq!((totals.retries(), totals.retries_denied()), (1, 0));
/// assert_eq!((totals.cancelled(), totals.panicked(), totals.fallbacks()), (0, 0, 0));
/// // It has no hedges.
/// assert_eq!((totals.hedges(), totals.hedges_won(), totals.hedges_denied()), (0, 0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    sums: [u64; Total::COUNT],
}

impl Totals {
    /// Calls that ended well.
    pub fn ok(&self) -> u64 {
        self.of(Total::Ok)
    }

    /// Calls that ended with an error of that class, after the last attempt.
    pub fn failed(&self, class: Class) -> u64 {
        self.of(Total::Failed(class))
    }

    /// Calls that the policy refused or gave up for that reason.
    pub fn rejected(&self, reason: Reason) -> u64 {
        self.of(Total::Rejected(reason))
    }

    /// Calls whose future was dropped before it was done.
    pub fn cancelled(&self) -> u64 {
        self.of(Total::Cancelled)
    }

    /// Calls whose work panicked.
    pub fn panicked(&self) -> u64 {
        self.of(Total::Panicked)
    }

    /// Attempts after the first one.
    pub fn retries(&self) -> u64 {
        self.of(Total::Retried)
    }

    /// Calls that asked their fallback. They also count as failed or rejected.
    pub fn fallbacks(&self) -> u64 {
        self.of(Total::FellBack)
    }

    /// Retries that the budget denied. Those calls ended with the error they had.
    pub fn retries_denied(&self) -> u64 {
        self.of(Total::RetryDenied)
    }

    /// Requests that were sent because an earlier one of the same attempt was late.
    pub fn hedges(&self) -> u64 {
        self.of(Total::Hedged)
    }

    /// Hedges that answered first.
    pub fn hedges_won(&self) -> u64 {
        self.of(Total::HedgeWon)
    }

    /// Hedges that the budget denied. Those attempts went on without.
    pub fn hedges_denied(&self) -> u64 {
        self.of(Total::HedgeDenied)
    }

    /// Calls that ended, whichever way.
    pub fn finished(&self) -> u64 {
        let failed = Class::ALL.iter().map(|class| self.failed(*class));
        let rejected = Reason::ALL.iter().map(|reason| self.rejected(*reason));
        failed.chain(rejected).sum::<u64>() + self.ok() + self.cancelled() + self.panicked()
    }

    fn of(&self, total: Total) -> u64 {
        self.sums[total.index()]
    }
}

impl fmt::Debug for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        let mut entry = |name: &str, count: u64| {
            if count > 0 {
                map.entry(&format_args!("{name}"), &count);
            }
        };
        entry("ok", self.ok());
        Class::ALL.iter().for_each(|class| entry(class.as_str(), self.failed(*class)));
        Reason::ALL.iter().for_each(|reason| entry(reason.as_str(), self.rejected(*reason)));
        entry("cancelled", self.cancelled());
        entry("panicked", self.panicked());
        entry("retries", self.retries());
        entry("fallbacks", self.fallbacks());
        entry("retries_denied", self.retries_denied());
        entry("hedges", self.hedges());
        entry("hedges_won", self.hedges_won());
        entry("hedges_denied", self.hedges_denied());
        map.finish()
    }
}
