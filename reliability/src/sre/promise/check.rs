//! Whether a definition makes sense: for constants by the compiler, for others when they are made.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
#[cfg(feature = "config")]
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::definition::{ALERTS_MAX, OBJECTIVES_MAX};
use super::target::ONE;
use super::window::DAY;
use crate::error::{Class, Fault};
use crate::sre::{Alert, Definition, Indicator, Objective, Window};

/// A definition that makes no sense.
///
/// It is [permanent](Class::Permanent).
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, Target, Window};
///
/// let perfect = Objective::availability(Target::percent("100"));
/// let invalid = Definition::new("checkout", Window::days(30)).objective(perfect).check();
/// assert_eq!(
///     invalid.unwrap_err().to_string(),
///     "SLO `checkout`, `availability`: a target must be above 0% and below 100%, but is 100%; \
///      leave a budget: what must never fail can never be changed",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidDefinition {
    slo: Cow<'static, str>,
    part: Option<String>,
    got: String,
    mistake: Mistake,
}

/// What can be wrong, and with which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sre) enum Mistake {
    NoName,
    Objectives,
    Twice(usize),
    Target(usize),
    Threshold(usize),
    AtLeast(usize),
    Slice(usize),
    WindowLength,
    Alerts,
    AlertLong(usize),
    AlertShort(usize),
    AlertBurn(usize),
    AlertNeverFires { alert: usize, objective: usize },
    PolicyOrder,
    PolicyRange,
    Hysteresis,
}

const PERIOD_MIN: u64 = 3600;
const PERIOD_MAX: u64 = 366 * DAY;
const SHORT_MIN: Duration = Duration::from_secs(25);
const THRESHOLD_MAX: Duration = Duration::from_secs(3600);

impl Definition {
    /// Checks everything that a definition promises to be.
    ///
    /// # Errors
    ///
    /// [`InvalidDefinition`] about the first thing that makes no sense.
    pub fn check(&self) -> Result<(), InvalidDefinition> {
        let Some(mistake) = self.mistake() else { return Ok(()) };
        let (part, got) = self.about(mistake);
        Err(InvalidDefinition { slo: self.name.clone(), part, got, mistake })
    }

    /// The same for constants, where an error is the compiler's.
    #[cfg(not(reliability_loom))]
    pub(in crate::sre) const fn assert_valid(&self) {
        if let Some(mistake) = self.mistake() {
            panic!("{}", mistake.must());
        }
    }

    const fn mistake(&self) -> Option<Mistake> {
        let [name, count, window] = self.mistakes_of_the_whole();
        if let (Some(mistake), ..) | (None, Some(mistake), _) | (None, None, Some(mistake)) =
            (name, count, window)
        {
            return Some(mistake);
        }
        let objectives = self.objectives();
        let mut at = 0;
        while at < objectives.len() {
            if let Some(mistake) = self.objective_mistake(objectives, at) {
                return Some(mistake);
            }
            at += 1;
        }
        if let Some(mistake) = self.alert_mistake(objectives) {
            return Some(mistake);
        }
        self.policy_mistake()
    }

    /// All that makes no sense, of each part the first: for who tells it in the lines of a file.
    #[cfg(feature = "config")]
    pub(in crate::sre) fn mistakes(&self) -> Vec<Mistake> {
        let objectives = self.objectives();
        let mut mistakes: Vec<_> = self.mistakes_of_the_whole().into_iter().flatten().collect();
        mistakes
            .extend((0..objectives.len()).filter_map(|at| self.objective_mistake(objectives, at)));
        if self.alerts_given.is_some_and(|given| given > ALERTS_MAX) {
            mistakes.push(Mistake::Alerts);
        }
        let alerts = self.written_alerts().unwrap_or_default().iter().enumerate();
        mistakes
            .extend(alerts.filter_map(|(at, alert)| self.mistake_of_alert(objectives, alert, at)));
        mistakes.extend(self.policy_mistake());
        mistakes
    }

    const fn mistakes_of_the_whole(&self) -> [Option<Mistake>; 3] {
        let mut mistakes = [None; 3];
        if bytes(&self.name).is_empty() {
            mistakes[0] = Some(Mistake::NoName);
        }
        if self.objectives_given == 0 || self.objectives_given > OBJECTIVES_MAX {
            mistakes[1] = Some(Mistake::Objectives);
        }
        if let Window::Rolling(length) = self.window
            && (length.as_secs() < PERIOD_MIN
                || length.as_secs() > PERIOD_MAX
                || length.subsec_nanos() != 0)
        {
            mistakes[2] = Some(Mistake::WindowLength);
        }
        mistakes
    }

    const fn objective_mistake(&self, all: &[Objective], at: usize) -> Option<Mistake> {
        let objective = &all[at];
        let mut other = 0;
        while other < at {
            if same(&all[other].name, &objective.name) {
                return Some(Mistake::Twice(at));
            }
            other += 1;
        }
        let parts = objective.target.as_parts_per_billion();
        if parts == 0 || parts >= ONE {
            return Some(Mistake::Target(at));
        }
        match objective.indicator {
            Indicator::Latency { threshold }
                if threshold.is_zero() || threshold.as_nanos() > THRESHOLD_MAX.as_nanos() =>
            {
                Some(Mistake::Threshold(at))
            }
            Indicator::Throughput { at_least: 0, .. } => Some(Mistake::AtLeast(at)),
            Indicator::Throughput { slice, .. }
                if slice.as_secs() < 10
                    || slice.subsec_nanos() != 0
                    || slice.as_nanos() * 60 > self.window.nominal().as_nanos() =>
            {
                Some(Mistake::Slice(at))
            }
            _ => None,
        }
    }

    const fn alert_mistake(&self, objectives: &[Objective]) -> Option<Mistake> {
        let Some(alerts) = self.written_alerts() else { return None };
        if let Some(given) = self.alerts_given
            && given > ALERTS_MAX
        {
            return Some(Mistake::Alerts);
        }
        let mut at = 0;
        while at < alerts.len() {
            if let Some(mistake) = self.mistake_of_alert(objectives, &alerts[at], at) {
                return Some(mistake);
            }
            at += 1;
        }
        None
    }

    const fn mistake_of_alert(
        &self,
        objectives: &[Objective],
        alert: &Alert,
        at: usize,
    ) -> Option<Mistake> {
        if alert.long.as_nanos() > self.window.nominal().as_nanos()
            || alert.long.as_nanos() <= alert.short.as_nanos()
        {
            return Some(Mistake::AlertLong(at));
        }
        if alert.short.as_nanos() < SHORT_MIN.as_nanos() {
            return Some(Mistake::AlertShort(at));
        }
        if alert.burn.as_millionths() == 0 {
            return Some(Mistake::AlertBurn(at));
        }
        let mut objective = 0;
        while objective < objectives.len() {
            if !alert.can_fire(objectives[objective].target) {
                return Some(Mistake::AlertNeverFires { alert: at, objective });
            }
            objective += 1;
        }
        None
    }

    const fn policy_mistake(&self) -> Option<Mistake> {
        let policy = &self.policy;
        if policy.freeze_below_percent > 100 || policy.roll_back_below_percent < -1000 {
            return Some(Mistake::PolicyRange);
        }
        if policy.roll_back_below_percent >= policy.freeze_below_percent {
            return Some(Mistake::PolicyOrder);
        }
        if policy.hysteresis_points > 50 { Some(Mistake::Hysteresis) } else { None }
    }

    /// Which part a mistake is about, and what stands there.
    pub(in crate::sre) fn about(&self, mistake: Mistake) -> (Option<String>, String) {
        let objective = |at: usize| self.objectives().get(at);
        let name = |at| objective(at).map(|objective| objective.name.to_string());
        let alert = |at: usize| self.written_alerts()?.get(at).map(ToString::to_string);
        let policy = &self.policy;
        match mistake {
            Mistake::NoName => (None, "empty".into()),
            Mistake::Objectives => (None, self.objectives_given.to_string()),
            Mistake::Twice(at) => (name(at), "there twice".into()),
            Mistake::Target(at) => (
                name(at),
                objective(at).map(|objective| objective.target.to_string()).unwrap_or_default(),
            ),
            Mistake::Threshold(at) | Mistake::AtLeast(at) | Mistake::Slice(at) => (
                name(at),
                objective(at)
                    .map(|objective| match objective.indicator {
                        Indicator::Latency { threshold } => alloc::format!("{threshold:?}"),
                        Indicator::Throughput { at_least: 0, .. } => "0".into(),
                        Indicator::Throughput { slice, .. } => alloc::format!("{slice:?}"),
                        other => alloc::format!("{other:?}"),
                    })
                    .unwrap_or_default(),
            ),
            Mistake::WindowLength => (None, self.window.to_string()),
            Mistake::Alerts => (None, self.alerts_given.unwrap_or_default().to_string()),
            Mistake::AlertLong(at) | Mistake::AlertShort(at) | Mistake::AlertBurn(at) => {
                (None, alert(at).map(|alert| alloc::format!("`{alert}`")).unwrap_or_default())
            }
            Mistake::AlertNeverFires { alert: at, objective } => (
                name(objective),
                alert(at).map(|alert| alloc::format!("`{alert}`")).unwrap_or_default(),
            ),
            Mistake::PolicyOrder | Mistake::PolicyRange => {
                let (freeze, roll_back) =
                    (policy.freeze_below_percent, policy.roll_back_below_percent);
                (None, alloc::format!("{freeze}% and {roll_back}%"))
            }
            Mistake::Hysteresis => (None, policy.hysteresis_points.to_string()),
        }
    }
}

impl Mistake {
    /// What must be; goes before "but is".
    pub(in crate::sre) const fn must(self) -> &'static str {
        match self {
            Self::NoName => "the name of an SLO must not be empty",
            Self::Objectives => "an SLO must have 1 to 7 objectives",
            Self::Twice(_) => "the objectives of an SLO must have different names",
            Self::Target(_) => "a target must be above 0% and below 100%",
            Self::Threshold(_) => "the threshold of a latency must be above 0 and at most 1h",
            Self::AtLeast(_) => "a throughput must ask for at least 1 call",
            Self::Slice(_) => {
                "the slice of a throughput must be whole seconds, at least 10s, and at most a \
                 sixtieth of the window"
            }
            Self::WindowLength => "a window must be whole seconds, 1h to 366d",
            Self::Alerts => "an SLO must have at most 8 alerts",
            Self::AlertLong(_) => {
                "the long window of an alert must be longer than its short one, and at most the \
                 window of the SLO"
            }
            Self::AlertShort(_) => "the short window of an alert must be at least 25s",
            Self::AlertBurn(_) => "the burn rate of an alert must be above 0",
            Self::AlertNeverFires { .. } => {
                "an alert must be one that can fire: its burn rate times the budget (1 - target) \
                 must be below 1"
            }
            Self::PolicyOrder => "the freeze must begin above the roll-back",
            Self::PolicyRange => "a policy must have thresholds from -1000% to 100%",
            Self::Hysteresis => "the hysteresis must be at most 50 points",
        }
    }

    pub(in crate::sre) fn advice(self) -> &'static str {
        match self {
            Self::NoName => "name it after what it is about, such as `checkout`",
            Self::Objectives => "give it one, such as an availability of 99.9%",
            Self::Twice(_) => "give one of them another with `named`",
            Self::Target(_) => "leave a budget: what must never fail can never be changed",
            Self::Threshold(_) => "write such as 500ms",
            Self::AtLeast(_) => "write how many calls make a slice a good one",
            Self::Slice(_) => "write such as 60s",
            Self::WindowLength => "write such as 30d",
            Self::Alerts => "keep those that somebody acts upon",
            Self::AlertLong(_) => "write such as 1h, and 5m for the short one",
            Self::AlertShort(_) => "make both windows longer",
            Self::AlertBurn(_) => "write such as 14.4",
            Self::AlertNeverFires { .. } => {
                "lower the burn rate, or leave it to the standard alerts, which leave it out"
            }
            Self::PolicyOrder | Self::PolicyRange => "write such as 10% and 5%",
            Self::Hysteresis => "write such as 2",
        }
    }
}

/// `==` of texts is no constant function.
#[expect(clippy::ptr_arg, reason = "nor does a constant function look through a `Cow` by itself")]
const fn same(a: &Cow<'static, str>, b: &Cow<'static, str>) -> bool {
    let (a, b) = (bytes(a), bytes(b));
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[expect(clippy::ptr_arg, reason = "as above")]
const fn bytes<'a>(text: &'a Cow<'static, str>) -> &'a [u8] {
    match text {
        Cow::Borrowed(text) => text.as_bytes(),
        Cow::Owned(text) => text.as_bytes(),
    }
}

impl fmt::Display for InvalidDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slo, part, got, mistake } = self;
        write!(f, "SLO `{slo}`")?;
        if let Some(part) = part {
            write!(f, ", `{part}`")?;
        }
        write!(f, ": {}, but is {got}; {}", mistake.must(), mistake.advice())
    }
}

impl Error for InvalidDefinition {}

impl Fault for InvalidDefinition {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
