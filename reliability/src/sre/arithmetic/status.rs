use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::engine::Engine;
use crate::sre::{Alert, Budget, Definition, LeftOut, Objective, Reading, Stance, Verdict, Window};

/// How a promise is kept: budgets, alerts, and what follows.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, Slo, Target, Verdict, Window};
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let slo = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
/// (0..99).for_each(|_| slo.record(true));
/// slo.record(false);
///
/// let status = slo.status();
/// let availability = &status.objectives[0];
/// assert_eq!(availability.budget.reading().counts.total(), 100);
/// // One of a hundred is bad, and nobody knows what was before: that is no reason to call anybody.
/// assert!(availability.alerts.iter().all(|alert| alert.verdict == Verdict::NotEnoughHistory));
/// println!("{status}");
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// The name of the SLO.
    pub name: String,
    /// Its window.
    pub window: Window,
    /// Each of its objectives.
    pub objectives: Vec<ObjectiveStatus>,
    /// How many events were excluded since the state began.
    pub excluded: u64,
}

/// How one objective is kept.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, Slo, Stance, Target, Window};
///
/// let answered = Objective::availability(Target::percent("99"));
/// let slo = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
/// (0..995).for_each(|_| slo.record(true));
/// (0..5).for_each(|_| slo.record(false));
///
/// // One call of a hundred may be bad, and one of two hundred is.
/// let status = slo.status();
/// let availability = status.objective("availability").expect("it is promised");
/// assert_eq!(availability.stance, Stance::Release);
/// println!("burns at {:?}, lasts {:?}", availability.burn(), availability.lasts());
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ObjectiveStatus {
    /// The objective.
    pub objective: Objective,
    /// What is left of its budget.
    pub budget: Budget,
    /// What follows from that.
    pub stance: Stance,
    /// Its alerts.
    pub alerts: Vec<AlertStatus>,
    /// The standard alerts it does not have.
    pub left_out: Vec<LeftOut>,
}

/// What one alert says, and why.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, Slo, Target, Window};
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let slo = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
/// slo.record(true);
///
/// let status = slo.status();
/// for (objective, alert) in status.firing() {
///     println!("{}: {alert}", objective.objective.name);
/// }
/// assert_eq!(status.firing().count(), 0);
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AlertStatus {
    /// The alert.
    pub alert: Alert,
    /// What it says.
    pub verdict: Verdict,
    /// What came in its long window.
    pub long: Reading,
    /// What came in its short window.
    pub short: Reading,
}

impl Status {
    /// How the readings of a definition are to be understood: the maths, without clocks and counters.
    ///
    /// `readings` answers for an objective, by its place, and a window; `None` for the window of the
    /// definition. With [`Reading::plus`] it may answer for several replicas at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::sre::{
    ///     Definition, GoodAndBad, Objective, Reading, Status, Stance, Target, Window,
    /// };
    ///
    /// const DAY: Duration = Duration::from_secs(24 * 3600);
    ///
    /// let definition = Definition::new("search", Window::days(30))
    ///     .objective(Objective::availability(Target::percent("99.9")));
    /// // Of a hundred thousand calls a month a hundred may be bad, and all of those were.
    /// let status = Status::of(&definition, 0, |_, window| {
    ///     let window = window.unwrap_or(30 * DAY);
    ///     Reading::rolling(window, window, GoodAndBad::new(99_900, 100))
    /// });
    /// assert!(status.remaining().is_some_and(|left| left.abs() < 1e-6));
    /// assert_ne!(status.stance(), Stance::Release);
    /// ```
    pub fn of(
        definition: &Definition,
        excluded: u64,
        mut readings: impl FnMut(usize, Option<Duration>) -> Reading,
    ) -> Self {
        let objectives = definition.objectives().iter().enumerate().map(|(at, objective)| {
            let alerting = definition.alerting(objective);
            let alerts = alerting.alerts.iter().map(|alert| {
                let (long, short) =
                    (readings(at, Some(alert.long)), readings(at, Some(alert.short)));
                let target = objective.target;
                let verdict = Verdict::of(alert, target, &long, &short, definition.min_events);
                AlertStatus { alert: *alert, verdict, long, short }
            });
            let alerts = alerts.collect();
            let budget = Budget::new(objective.target, readings(at, None));
            ObjectiveStatus {
                objective: objective.clone(),
                stance: Stance::Release.next(&definition.policy, &budget),
                budget,
                alerts,
                left_out: alerting.left_out,
            }
        });
        Self {
            name: definition.name.clone().into_owned(),
            window: definition.window,
            objectives: objectives.collect(),
            excluded,
        }
    }

    pub(in crate::sre) fn read(definition: &Definition, engine: &Engine) -> Self {
        let nothing = |window: Duration| Reading::rolling(window, Duration::ZERO, <_>::default());
        Self::of(definition, engine.excluded, |objective, window| match window {
            Some(window) => engine.within(objective, window).unwrap_or(nothing(window)),
            None => {
                engine.period(objective, definition).unwrap_or(nothing(definition.window.nominal()))
            }
        })
    }

    /// The objective of that name.
    pub fn objective(&self, name: &str) -> Option<&ObjectiveStatus> {
        self.objectives.iter().find(|status| status.objective.name == name)
    }

    /// The strictest stance of all objectives.
    pub fn stance(&self) -> Stance {
        self.objectives.iter().map(|status| status.stance).max().unwrap_or(Stance::Release)
    }

    /// The least that is left of any budget; `None` when nothing was counted.
    pub fn remaining(&self) -> Option<f64> {
        let remaining = self.objectives.iter().filter_map(|status| status.budget.remaining());
        remaining.min_by(f64::total_cmp)
    }

    /// The alerts that fire, each with its objective.
    pub fn firing(&self) -> impl Iterator<Item = (&ObjectiveStatus, &AlertStatus)> {
        self.objectives.iter().flat_map(|status| {
            let firing = status.alerts.iter().filter(|it| it.verdict == Verdict::Firing);
            firing.map(move |alert| (status, alert))
        })
    }
}

impl ObjectiveStatus {
    /// How fast the budget burns, in the long window of the first alert; `None` without data.
    pub fn burn(&self) -> Option<f64> {
        self.alerts.first()?.long.burn(self.objective.target)
    }

    /// How long the budget lasts if it burns on as in the long window of the first alert.
    pub fn lasts(&self) -> Option<Duration> {
        self.budget.lasts(self.burn()?)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {}: {}", self.name, self.window, self.stance())?;
        for status in &self.objectives {
            let counts = status.budget.reading().counts;
            write!(f, "\n  {}: {}", status.objective, status.budget)?;
            write!(f, " ({} bad of {})", counts.bad, counts.total())?;
            if let Some(lasts) = status.lasts() {
                write!(f, ", lasts {} at this rate", About(lasts))?;
            }
            for alert in &status.alerts {
                write!(f, "\n    {alert}")?;
            }
            for left_out in &status.left_out {
                write!(f, "\n    {left_out}")?;
            }
        }
        Ok(())
    }
}

/// A length of time as somebody would say it who need not be exact.
struct About(Duration);

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_secs() / 60;
        match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
            (0, 0, minutes) => write!(f, "{minutes}m"),
            (0, hours, minutes) => write!(f, "{hours}h {minutes}m"),
            (days, hours, _) if days < 366 => write!(f, "{days}d {hours}h"),
            _ => f.write_str("more than a year"),
        }
    }
}

impl fmt::Display for AlertStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.alert, self.verdict)
    }
}
