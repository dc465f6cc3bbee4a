use core::fmt;
use core::time::Duration;

use super::decimal;
use super::window::Length;
use crate::sre::Target;

/// When somebody is told that a budget burns: both windows burn faster than that.
///
/// The long window says that it matters, the short one that it still goes on, so that an alert ends
/// soon after its cause (SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Alert, Burn, Urgency};
///
/// const HOUR: Duration = Duration::from_secs(3600);
/// const FAST: Alert = Alert::page(Burn::times("10"), HOUR);
///
/// assert_eq!(FAST.urgency, Urgency::Page);
/// assert_eq!(FAST.short, HOUR / 12);
/// assert_eq!(FAST.to_string(), "page: burn > 10 over 1h and 5m");
///
/// // A tenth of all calls may fail: even if all do, that is 10 times as fast, and not faster.
/// assert!(!FAST.can_fire(reliability::sre::Target::percent("90")));
/// let slow = Alert::ticket(Burn::times("1"), 72 * HOUR).short(HOUR);
/// assert_eq!(slow.short, HOUR);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Alert {
    /// Who is told.
    pub urgency: Urgency,
    /// The window that says that it matters.
    pub long: Duration,
    /// The window that says that it still goes on.
    pub short: Duration,
    /// Faster than this, in both windows.
    pub burn: Burn,
}

/// Whether a person gets up at night: what Prometheus and OpenSLO call the `severity` of an alert, and
/// so do files, labels and attributes.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Alert, Burn, Urgency};
///
/// let slow = Alert::ticket(Burn::times("1"), Duration::from_secs(3 * 24 * 3600));
/// assert_eq!(slow.urgency, Urgency::Ticket);
/// assert!(Urgency::Page > slow.urgency);
/// assert_eq!(Urgency::Page.as_str(), "page");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// It is looked at on a working day.
    Ticket,
    /// It is looked at now.
    Page,
}

/// How fast a budget is used: at 1 it lasts exactly as long as its window, at 2 half of it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::Burn;
///
/// const HOUR: Duration = Duration::from_secs(3600);
///
/// // 2 % of the budget of 30 days in one hour.
/// let fast = Burn::of_share(20_000, 30 * 24 * HOUR, HOUR);
/// assert_eq!(fast, Burn::times("14.4"));
/// assert_eq!(fast, Burn::millionths(14_400_000));
/// assert_eq!(fast.as_millionths(), 14_400_000);
/// assert_eq!(Burn::parse("fast"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Burn {
    millionths: u64,
}

impl Alert {
    /// Pages when the budget burns faster than that over the window and over its last twelfth.
    pub const fn page(burn: Burn, long: Duration) -> Self {
        Self::new(Urgency::Page, burn, long)
    }

    /// Opens a ticket when the budget burns faster than that over the window and over its last
    /// twelfth.
    pub const fn ticket(burn: Burn, long: Duration) -> Self {
        Self::new(Urgency::Ticket, burn, long)
    }

    /// The same with another short window.
    #[must_use]
    pub const fn short(mut self, short: Duration) -> Self {
        self.short = short;
        self
    }

    /// Whether a target leaves so large a budget that even a total outage burns no faster.
    pub const fn can_fire(&self, target: Target) -> bool {
        self.burn.millionths as u128 * (target.budget_parts_per_billion() as u128)
            < 1_000_000_000_000_000
    }

    /// What stands where there is none.
    pub(in crate::sre) const BLANK: Alert =
        Alert::new(Urgency::Ticket, Burn { millionths: 0 }, Duration::ZERO);

    const fn new(urgency: Urgency, burn: Burn, long: Duration) -> Self {
        let short = Duration::from_nanos((long.as_nanos() / 12) as u64);
        Self { urgency, long, short, burn }
    }
}

impl Burn {
    /// A burn rate as text, with at most six digits behind the point: `"14.4"`.
    ///
    /// # Panics
    ///
    /// When it is no such number; in a constant that is an error of the compiler. Text that comes from
    /// outside goes through [`parse`](Burn::parse).
    pub const fn times(text: &'static str) -> Self {
        match Self::parse(text) {
            Some(burn) => burn,
            None => panic!(
                "a burn rate must be a number with at most six digits behind the point; \
                 write it like \"14.4\""
            ),
        }
    }

    /// A burn rate as text; `None` for what is no such number.
    pub const fn parse(text: &str) -> Option<Self> {
        match decimal::parse(text, 6) {
            Some(millionths) => Some(Self { millionths }),
            None => None,
        }
    }

    /// A burn rate in millionths: 14,400,000 is 14.4.
    pub const fn millionths(millionths: u64) -> Self {
        Self { millionths }
    }

    /// The rate at which a share of the budget of `period`, in millionths, goes in `long`.
    ///
    /// 2 % of 30 days in one hour is 14.4: what is used, times the period, by the window.
    pub const fn of_share(share_millionths: u32, period: Duration, long: Duration) -> Self {
        let (period, long) = (period.as_nanos(), long.as_nanos());
        if long == 0 {
            return Self { millionths: 0 };
        }
        let millionths = (share_millionths as u128 * period + long / 2) / long;
        Self {
            millionths: if millionths > u64::MAX as u128 { u64::MAX } else { millionths as u64 },
        }
    }

    /// The rate in millionths.
    pub const fn as_millionths(self) -> u64 {
        self.millionths
    }
}

impl fmt::Display for Burn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, self.millionths, 6)
    }
}

impl Urgency {
    /// The name in lower case, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { urgency, long, short, burn } = *self;
        write!(f, "{urgency}: burn > {burn} over {} and {}", Length(long), Length(short))
    }
}
