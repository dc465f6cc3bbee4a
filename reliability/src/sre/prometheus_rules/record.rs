//! What recording rules are called: level, metric and operations, as Prometheus' conventions say.
//! The level is the objective of a promise, of which each series is one.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::sre::promise::decimal;
use crate::sre::{CalendarUnit, Window};

/// When somebody began to count.
pub(super) const SEEN_SINCE: &str = "slo:seen_since:timestamp_seconds";
/// 1 for a slice in which too little happened, 0 for one in which enough did.
pub(super) const SLICE_BAD: &str = "slo:slice_bad:bool";
/// When the window of the calendar began.
pub(super) const WINDOW_START: &str = "slo:window_start:timestamp_seconds";
/// What is left of the budget: 1 for all of it.
pub(in crate::sre) const BUDGET_REMAINING: &str = "slo:budget_remaining:ratio";
/// What the alerts are called.
pub(in crate::sre) const ALERT: &str = "SloBudgetBurns";

/// Over which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sre) enum Over {
    /// The last so long.
    Last(Duration),
    /// Since the calendar's began.
    Calendar(CalendarUnit),
}

impl Over {
    pub(in crate::sre) fn window(window: Window) -> Self {
        match window {
            Window::Rolling(length) => Self::Last(length),
            Window::Calendar { unit, .. } => Self::Calendar(unit),
        }
    }

    /// Events, good and bad; of throughput, slices.
    pub(in crate::sre) fn events(self) -> String {
        format!("slo:events:increase{self}")
    }

    /// The share that was bad.
    pub(in crate::sre) fn error(self) -> String {
        format!("slo:error:ratio_increase{self}")
    }

    /// How fast the budget burns.
    pub(in crate::sre) fn burn(self) -> String {
        format!("slo:burn_rate:ratio_increase{self}")
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(length) => Range(*length).fmt(f),
            Self::Calendar(unit) => write!(f, "_{unit}"),
        }
    }
}

/// A length of time as PromQL has it: `5m`.
pub(in crate::sre) struct Range(pub(in crate::sre) Duration);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis().max(1);
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        let fits = units.iter().find(|(unit, _)| millis.is_multiple_of(*unit));
        let (unit, name) = fits.unwrap_or(&(1, "ms"));
        write!(f, "{}{name}", millis / unit)
    }
}

/// A length of time in seconds, as a number.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, self.0.as_millis() as u64, 3)
    }
}

/// A share in parts per billion, as a number.
pub(super) struct Share(pub(super) u32);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u64::from(self.0), 9)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn lengths_are_ranges_of_promql() {
        for (millis, text) in [
            (300_000, "5m"),
            (70_000, "70s"),
            (3 * 86_400_000, "3d"),
            (90_500, "90500ms"),
            (0, "1ms"),
        ] {
            assert_eq!(Range(Duration::from_millis(millis)).to_string(), text);
        }
        assert_eq!(Seconds(Duration::from_millis(90_500)).to_string(), "90.5");
        assert_eq!(Share(500_000).to_string(), "0.0005");
    }

    #[test]
    fn names_say_level_metric_and_operations() {
        let hour = Over::Last(Duration::from_secs(3600));
        assert_eq!(hour.burn(), "slo:burn_rate:ratio_increase1h");
        let month = Over::window(Window::calendar(CalendarUnit::Month));
        assert_eq!(month.events(), "slo:events:increase_month");
    }
}
