use super::Action;
use crate::error::{Class, Fault, Severity};

/// What to do about which error: a row for each class, a column for each severity.
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::{Action, Recovery};
/// use reliability::error::{Class, Severity};
///
/// let plan = Recovery::standard()
///     .on(Class::Permanent, Action::Escalate)
///     .at(Class::Transient, Severity::Critical, Action::Restart);
/// assert_eq!(plan.row(Class::Permanent, Severity::Error), Action::Escalate);
/// assert_eq!(plan.row(Class::Transient, Severity::Critical), Action::Restart);
/// assert_eq!(plan.row(Class::Transient, Severity::Warning), Action::Retry);
///
/// let careful = Recovery::standard().on_severity(Severity::Error, Action::Escalate);
/// assert_eq!(careful.row(Class::Permanent, Severity::Critical), Action::Escalate);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "hand it to `Component::builder(..).recovery(..)`"]
pub struct Recovery {
    rows: [[Action; SEVERITIES]; CLASSES],
}

const CLASSES: usize = Class::ALL.len();
const SEVERITIES: usize = Severity::Critical as usize + 1;

impl Recovery {
    /// The [standard plan](super).
    pub const fn standard() -> Self {
        Self::of(Action::Retry, Action::FallBack, Action::Degrade)
    }

    const fn of(transient: Action, permanent: Action, overloaded: Action) -> Self {
        let mut rows = [[Action::Nothing; SEVERITIES]; CLASSES];
        rows[Class::Transient as usize] = [transient; SEVERITIES];
        rows[Class::Permanent as usize] = [permanent; SEVERITIES];
        rows[Class::Overloaded as usize] = [overloaded; SEVERITIES];
        Self { rows }.on_severity(Severity::Critical, Action::Escalate)
    }

    /// For all errors of that class, whatever their severity.
    pub const fn on(mut self, class: Class, action: Action) -> Self {
        self.rows[class as usize] = [action; SEVERITIES];
        self
    }

    /// For all errors of that severity and above, but not for cancelled ones: nobody failed there.
    pub const fn on_severity(mut self, least: Severity, action: Action) -> Self {
        let mut class = 0;
        while class < CLASSES {
            let mut severity = least as usize;
            while severity < SEVERITIES && class != Class::Cancelled as usize {
                self.rows[class][severity] = action;
                severity += 1;
            }
            class += 1;
        }
        self
    }

    /// For errors of that class and severity.
    pub const fn at(mut self, class: Class, severity: Severity, action: Action) -> Self {
        self.rows[class as usize][severity as usize] = action;
        self
    }

    /// What the plan says, whatever the error itself would.
    pub const fn row(&self, class: Class, severity: Severity) -> Action {
        self.rows[class as usize][severity as usize]
    }

    /// What to do about the error: what it says itself, else what the plan says.
    pub fn action<E: Fault + ?Sized>(&self, error: &E) -> Action {
        error.recovery().unwrap_or_else(|| self.row(error.class(), error.severity()))
    }
}

impl Default for Recovery {
    /// The standard plan.
    fn default() -> Self {
        Self::standard()
    }
}
