#[cfg(feature = "std")]
use crate::sync::atomic::{AtomicU64, Ordering};

/// How much a call matters, beside the others of the same limit.
///
/// Calls of a priority fill at most a [share](Shares) of the limit, so that the rest is there for
/// more important ones.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Priority};
///
/// assert_eq!(Priority::ALL.map(Priority::as_str), ["critical", "high", "normal", "low"]);
///
/// // Low priority has half of a limit of two, which is one place.
/// let limit = ConcurrencyLimit::builder("inventory").min(2).max(2).build()?;
/// let report = limit.acquire_as(Priority::Low)?;
/// assert!(limit.acquire_as(Priority::Low).is_err());
/// let order = limit.acquire_as(Priority::Critical)?;
/// # drop((report, order));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Priority {
    /// May use the whole limit. What calls have that say nothing, so that who does not use
    /// priorities loses nothing by them.
    #[default]
    Critical,
    /// What a user waits for.
    High,
    /// What a user does not wait for.
    Normal,
    /// What can be done later: prefetching, reports.
    Low,
}

impl Priority {
    /// All priorities, the highest first.
    pub const ALL: [Priority; 4] =
        [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];

    /// The name in snake case, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::Critical => "critical",
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
        }
    }
}

/// What part of the limit calls of a priority and of all lower ones may fill together.
///
/// Each is above 0, at most 1, and at most that of the next higher priority; critical calls may
/// always fill all of it. At least one call is let in, whatever the limit.
///
/// # Examples
///
/// ```
/// use reliability::resilience::ConcurrencyLimit;
/// use reliability::resilience::concurrency_limit::Shares;
///
/// assert_eq!(Shares::standard().low, 0.5);
///
/// let limit = ConcurrencyLimit::standard("inventory");
/// limit.reconfigure(|settings| settings.shares.low = 0.2)?;
/// assert_eq!(limit.settings().shares, Shares { low: 0.2, ..Shares::standard() });
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Of calls of high priority and below. Default: 0.9.
    pub high: f64,
    /// Of calls of normal priority and below. Default: 0.8.
    pub normal: f64,
    /// Of calls of low priority. Default: 0.5.
    pub low: f64,
}

impl Shares {
    /// 0.9, 0.8 and 0.5: a tenth is enough for the few that are critical, and what can be done later
    /// gets out of the way first, and by far.
    pub const fn standard() -> Self {
        Self { high: 0.9, normal: 0.8, low: 0.5 }
    }
}

impl Default for Shares {
    fn default() -> Self {
        Self::standard()
    }
}

/// [`Shares`] in one word, so that no call sees a part of a change; 21 bits each.
#[cfg(feature = "std")]
#[derive(Debug)]
pub(super) struct LiveShares(AtomicU64);

#[cfg(feature = "std")]
const FIELD: u32 = 21;
#[cfg(feature = "std")]
const WHOLE: u64 = 1 << 20;

#[cfg(feature = "std")]
impl LiveShares {
    pub(super) fn new(shares: &Shares) -> Self {
        Self(AtomicU64::new(pack(shares)))
    }

    pub(super) fn store(&self, shares: &Shares) {
        self.0.store(pack(shares), Ordering::Relaxed);
    }

    /// How many calls may be inside for one of this priority to be let in.
    #[inline]
    pub(super) fn part_of(&self, priority: Priority) -> impl Fn(u32) -> u32 + use<> {
        let share = match priority {
            Priority::Critical => WHOLE,
            other => {
                self.0.load(Ordering::Relaxed) >> (FIELD * (other as u32 - 1)) & (2 * WHOLE - 1)
            }
        };
        move |limit| ((u64::from(limit) * share / WHOLE) as u32).max(1)
    }
}

/// Rounded up, so that 0.9 of 20 is 18.
#[cfg(feature = "std")]
fn pack(shares: &Shares) -> u64 {
    let fixed = |share: f64| {
        let scaled = share * WHOLE as f64;
        let whole = scaled as u64;
        (whole + u64::from(whole as f64 != scaled)).min(WHOLE)
    };
    fixed(shares.high) | fixed(shares.normal) << FIELD | fixed(shares.low) << (2 * FIELD)
}
