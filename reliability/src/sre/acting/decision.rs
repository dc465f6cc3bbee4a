use alloc::string::String;
use core::fmt;
use std::time::SystemTime;

use crate::sre::{Alert, Stance, Urgency};

/// Something that was decided about an SLO, and by what.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Decision, Definition, Objective, Slo, Target, Watch, Window};
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let search = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
/// let watch = Watch::builder()
///     .only([search])
///     .notify(|decision: &Decision| {
///         if decision.is_urgent() {
///             eprintln!("wake somebody for {}: {decision}", decision.slo);
///         }
///         Ok(())
///     })
///     .by_hand()?;
/// assert!(watch.look()?.is_empty(), "nothing was counted, and so nothing decided");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// When, by the calendar.
    pub at: SystemTime,
    /// The name of the SLO.
    pub slo: String,
    /// The name of the objective; `None` when it is about all of them.
    pub objective: Option<String>,
    /// What was decided.
    pub kind: DecisionKind,
    /// How much of the budget was left then; `None` without data.
    pub remaining: Option<f64>,
}

/// What was decided: the kinds of a [`Decision`].
///
/// # Examples
///
/// ```
/// use reliability::sre::{Decision, DecisionKind};
///
/// // A line for the room in which people talk.
/// fn line(decision: &Decision) -> Option<String> {
///     match &decision.kind {
///         DecisionKind::Fired(alert) => Some(format!("{} burns: {alert}", decision.slo)),
///         DecisionKind::Ended(_) => Some(format!("{} is calm again", decision.slo)),
///         DecisionKind::Turned { from, to } => Some(format!("{}: {from} turns to {to}", decision.slo)),
///         _ => None,
///     }
/// }
/// # let _ = line;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecisionKind {
    /// An alert began to fire.
    Fired(Alert),
    /// An alert ceased to fire.
    Ended(Alert),
    /// Something else follows from the budget.
    Turned {
        /// What followed before.
        from: Stance,
        /// What follows now.
        to: Stance,
    },
    /// Something was let through a closed gate, for this reason.
    Exempted(String),
    /// What was counted before could not be read, and begins anew.
    Lost(String),
}

impl Decision {
    /// Whether a person should look at it now: an alert that pages, a roll-back, a state that is
    /// lost.
    pub fn is_urgent(&self) -> bool {
        match &self.kind {
            DecisionKind::Fired(alert) => alert.urgency == Urgency::Page,
            DecisionKind::Turned { from, to } => to > from && *to == Stance::RollBack,
            DecisionKind::Lost(_) => true,
            DecisionKind::Ended(_) | DecisionKind::Exempted(_) => false,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.slo)?;
        if let Some(objective) = &self.objective {
            write!(f, "/{objective}")?;
        }
        match &self.kind {
            DecisionKind::Fired(alert) => write!(f, ": {alert}")?,
            DecisionKind::Ended(alert) => write!(f, ": over: {alert}")?,
            DecisionKind::Turned { from, to } => write!(f, ": {to}, after {from}")?,
            DecisionKind::Exempted(why) => write!(f, ": let through: {why}")?,
            DecisionKind::Lost(why) => write!(f, ": history lost: {why}")?,
        }
        match self.remaining {
            Some(remaining) => write!(f, "; {:.1}% of the budget left", 100.0 * remaining),
            None => Ok(()),
        }
    }
}
