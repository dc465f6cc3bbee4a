use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::window::DAY;
use crate::sre::{Alert, Burn, Definition, Objective, Target, Urgency};

/// What the Workbook's Table 5-8 says: how much of the budget, in millionths, in how long.
const TABLE: [(Urgency, u32, u64); 3] = [
    (Urgency::Page, 20_000, 3600),
    (Urgency::Page, 50_000, 6 * 3600),
    (Urgency::Ticket, 100_000, 3 * DAY),
];

/// From this length on the windows of the table stay as they are.
const LONG_PERIOD: u64 = 28 * DAY;
const TABLE_PERIOD: u64 = 30 * DAY;
/// No alert looks at less: shorter windows see noise.
const LONG_MIN: u64 = 5 * 60;

/// An alert below this would fire while the budget lasts: 28 days make 0.933 of the table's 1.
const BURN_MIN: Burn = Burn::millionths(900_000);

/// The alerts of one objective.
///
/// # Examples
///
/// See [`Definition::alerting`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alerting {
    /// Those in force.
    pub alerts: Vec<Alert>,
    /// Those of the standard table that were left out.
    pub left_out: Vec<LeftOut>,
}

/// An alert of the standard table that an objective does not have.
///
/// # Examples
///
/// See [`Definition::alerting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The alert.
    pub alert: Alert,
    /// Why.
    pub why: WhyLeftOut,
}

/// Why an alert of the standard table was left out.
///
/// # Examples
///
/// See [`Definition::alerting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyLeftOut {
    /// Not even a total outage burns that fast: the target leaves too large a budget.
    NeverFires,
    /// It would fire while the budget lasts: the window is too short for the table.
    BudgetLasts,
}

impl Definition {
    /// The alerts of an objective: those in force, and those of the standard table that make no sense
    /// for its target.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::{Definition, Objective, Target, Window};
    ///
    /// // A tenth may fail: at most ten times the budget can burn.
    /// let reports = Definition::new("reports", Window::days(30))
    ///     .objective(Objective::availability(Target::percent("90")));
    ///
    /// let alerting = reports.alerting(&reports.objectives()[0]);
    /// assert_eq!(alerting.alerts.len(), 2);
    /// assert_eq!(
    ///     alerting.left_out[0].to_string(),
    ///     "page: burn > 14.4 over 1h and 5m: left out, a total outage does not burn that fast",
    /// );
    /// ```
    pub fn alerting(&self, objective: &Objective) -> Alerting {
        let mut alerting = Alerting { alerts: Vec::new(), left_out: Vec::new() };
        match self.written_alerts() {
            Some(alerts) => alerting.alerts.extend_from_slice(alerts),
            None => {
                for alert in standard(self.window.nominal()) {
                    match why_left_out(&alert, objective.target) {
                        None => alerting.alerts.push(alert),
                        Some(why) => alerting.left_out.push(LeftOut { alert, why }),
                    }
                }
            }
        }
        alerting
    }
}

fn why_left_out(alert: &Alert, target: Target) -> Option<WhyLeftOut> {
    if !alert.can_fire(target) {
        return Some(WhyLeftOut::NeverFires);
    }
    (alert.burn < BURN_MIN).then_some(WhyLeftOut::BudgetLasts)
}

/// The table for a window of that length.
fn standard(period: Duration) -> [Alert; 3] {
    TABLE.map(|(urgency, share, table_long)| {
        let seconds = period.as_secs();
        let scaled = table_long * seconds / TABLE_PERIOD;
        let long = if seconds < LONG_PERIOD { scaled.max(LONG_MIN) } else { table_long };
        let long = Duration::from_secs(long);
        let short = Duration::from_secs(long.as_secs() / 12);
        Alert { urgency, long, short, burn: Burn::of_share(share, period, long) }
    })
}

impl WhyLeftOut {
    fn words(self) -> Cow<'static, str> {
        match self {
            Self::NeverFires => "a total outage does not burn that fast".into(),
            Self::BudgetLasts => "it would fire while the budget lasts".into(),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: left out, {}", self.alert, self.why.words())
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use crate::sre::Window;
    use alloc::string::ToString;

    fn burns(period_seconds: u64) -> [alloc::string::String; 3] {
        standard(Duration::from_secs(period_seconds)).map(|alert| alert.burn.to_string())
    }

    /// SRE Workbook, Table 5-8, and the same for 28 days.
    #[test]
    fn burn_rates_follow_from_the_share_of_the_budget() {
        assert_eq!(burns(30 * DAY), ["14.4", "6", "1"]);
        assert_eq!(burns(28 * DAY), ["13.44", "5.6", "0.933333"]);
        assert_eq!(burns(90 * DAY), ["43.2", "18", "3"]);
    }

    #[test]
    fn a_short_window_has_short_alerts_with_the_same_rates() {
        assert_eq!(burns(7 * DAY), ["14.4", "6", "1"]);
        let longs = standard(Duration::from_secs(7 * DAY)).map(|alert| alert.long.as_secs());
        assert_eq!(longs, [840, 5040, 60_480]);
        // An hour's budget of 2 % of a day is two minutes: too short to tell noise from an outage.
        let day = standard(Duration::from_secs(DAY));
        assert_eq!((day[0].long.as_secs(), day[0].burn), (300, Burn::times("5.76")));
    }

    /// 14.4 times a budget of 6.944 % is all there is.
    #[test]
    fn what_can_never_fire_is_left_out_and_said() {
        let alerting = |target| {
            let objective = Objective::availability(Target::percent(target));
            Definition::new("a", Window::days(30)).alerting(&objective)
        };
        assert_eq!(alerting("93.06").alerts.len(), 3);
        assert_eq!(alerting("93.05").alerts.len(), 2);
        assert_eq!(alerting("93.05").left_out[0].why, WhyLeftOut::NeverFires);
        assert_eq!(alerting("83.3").alerts.len(), 1);
        assert_eq!(alerting("83.4").alerts.len(), 2);
    }

    #[test]
    fn an_alert_that_fires_while_the_budget_lasts_is_left_out() {
        let hour = Definition::new("a", Window::rolling(Duration::from_secs(3600)));
        let alerting = hour.alerting(&Objective::availability(Target::percent("99")));
        assert_eq!(alerting.alerts.len(), 1);
        assert_eq!(alerting.left_out.len(), 2);
        assert!(alerting.left_out.iter().all(|left| left.why == WhyLeftOut::BudgetLasts));
    }
}
