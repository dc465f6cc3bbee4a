use alloc::borrow::Cow;
use core::fmt;

use crate::sre::{Alert, BudgetPolicy, Objective, Window};

/// What is promised: objectives, over a window, with alerts and what follows when the budget is gone.
///
/// Can be written as a constant, and then a promise that makes no sense does not compile.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Definition, Objective, Target, Window};
///
/// const CHECKOUT: Definition = Definition::new("checkout", Window::days(30))
///     .objective(Objective::availability(Target::percent("99.95")))
///     .objective(Objective::latency(Target::percent("99"), Duration::from_millis(500)));
///
/// assert_eq!(
///     CHECKOUT.to_string(),
///     "checkout over 30d: availability 99.95%, latency 99% < 500ms",
/// );
///
/// // One of which people only look at the page.
/// let quiet = Definition::new("reports", Window::days(30))
///     .objective(Objective::availability(Target::percent("99")))
///     .without_alerts();
/// assert_eq!(quiet.written_alerts().map(|alerts| alerts.len()), Some(0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// What it is called: in metrics, in alerts, and in the state file.
    pub name: Cow<'static, str>,
    /// What it is about, for people; may be empty.
    pub description: Cow<'static, str>,
    /// Over which time.
    pub window: Window,
    /// With fewer events than that in its long window an alert does not fire.
    ///
    /// Where there are ten calls in an hour, one that fails burns a budget of 0.1 % a hundred times
    /// too fast, and says nothing.
    pub min_events: u64,
    /// What follows when little of the budget is left.
    pub policy: BudgetPolicy,
    objectives: [Objective; OBJECTIVES_MAX],
    /// How many were given; more than the maximum is refused by the check.
    pub(in crate::sre) objectives_given: usize,
    alerts: [Alert; ALERTS_MAX],
    /// How many were given; `None` for the standard ones.
    pub(in crate::sre) alerts_given: Option<usize>,
}

/// The most objectives that a definition can have.
pub(in crate::sre) const OBJECTIVES_MAX: usize = 7;
/// The most alerts that a definition can have.
pub(in crate::sre) const ALERTS_MAX: usize = 8;

impl Definition {
    /// A definition without objectives, with the standard alerts and the standard policy.
    pub const fn new(name: &'static str, window: Window) -> Self {
        Self {
            name: Cow::Borrowed(name),
            description: Cow::Borrowed(""),
            window,
            min_events: 60,
            policy: BudgetPolicy::standard(),
            objectives: [const { Objective::BLANK }; OBJECTIVES_MAX],
            objectives_given: 0,
            alerts: [Alert::BLANK; ALERTS_MAX],
            alerts_given: None,
        }
    }

    /// One more thing that is promised: one to seven, with different names.
    #[must_use]
    pub const fn objective(mut self, objective: Objective) -> Self {
        if self.objectives_given < OBJECTIVES_MAX {
            put(&mut self.objectives[self.objectives_given], objective);
        } else {
            core::mem::forget(objective);
        }
        self.objectives_given += 1;
        self
    }

    /// An alert of one's own, up to eight: with the first one the standard alerts are gone.
    #[must_use]
    pub const fn alert(mut self, alert: Alert) -> Self {
        let given = match self.alerts_given {
            Some(given) => given,
            None => 0,
        };
        if given < ALERTS_MAX {
            self.alerts[given] = alert;
        }
        self.alerts_given = Some(given + 1);
        self
    }

    /// No alerts.
    #[must_use]
    pub const fn without_alerts(mut self) -> Self {
        self.alerts_given = Some(0);
        self
    }

    /// What it is about, for people.
    #[must_use]
    pub const fn description(mut self, description: &'static str) -> Self {
        put(&mut self.description, Cow::Borrowed(description));
        self
    }

    /// With how many events in its long window an alert begins to fire. Default: 60, one a minute in
    /// the shortest of the standard ones.
    #[must_use]
    pub const fn min_events(mut self, events: u64) -> Self {
        self.min_events = events;
        self
    }

    /// What follows when little of the budget is left.
    #[must_use]
    pub const fn policy(mut self, policy: BudgetPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// A definition whose name is made at run time.
    pub fn with_name(name: impl Into<Cow<'static, str>>, window: Window) -> Self {
        Self { name: name.into(), ..Self::new("", window) }
    }

    /// What is promised.
    pub const fn objectives(&self) -> &[Objective] {
        first(&self.objectives, self.objectives_given)
    }

    /// The alerts that somebody wrote; `None` for the standard ones.
    pub const fn written_alerts(&self) -> Option<&[Alert]> {
        match self.alerts_given {
            Some(given) => Some(first(&self.alerts, given)),
            None => None,
        }
    }
}

/// The first so many, or all.
const fn first<T>(all: &[T], count: usize) -> &[T] {
    match all.split_at_checked(count) {
        Some((first, _)) => first,
        None => all,
    }
}

/// A constant cannot drop, so what was there is forgotten: a blank, or the borrow of a constant.
///
/// Text that was made at run time and is replaced in this way is never freed.
pub(in crate::sre) const fn put<T>(place: &mut T, value: T) {
    core::mem::forget(core::mem::replace(place, value));
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {}", self.name, self.window)?;
        for (index, objective) in self.objectives().iter().enumerate() {
            write!(f, "{} {objective}", if index == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
