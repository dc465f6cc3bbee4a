use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::reader::{Reader, Spot};
use crate::sre::promise::check::Mistake;
use crate::sre::promise::definition::{ALERTS_MAX, OBJECTIVES_MAX};
use crate::sre::{Alert, BudgetPolicy, Burn, Definition, Indicator, Objective, Target, Urgency};
use crate::sre::{CalendarUnit, Window};

/// A definition as far as it is read, and where its values stand.
///
/// Where a value could not be read its spot is missing: that it was wrong is told already, and what
/// seems to be wrong as a consequence is not told at all.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) name_at: Spot,
    pub(super) description: String,
    pub(super) window: Option<(Window, Spot)>,
    pub(super) objectives: Vec<DraftObjective>,
    /// `None` where there is no list of them that could be counted.
    pub(super) objectives_at: Option<Spot>,
    /// `None` for the standard ones.
    pub(super) alerts: Option<Vec<DraftAlert>>,
    pub(super) alerts_at: Option<Spot>,
    pub(super) min_events: u64,
    pub(super) policy: DraftPolicy,
}

pub(super) struct DraftObjective {
    pub(super) name: Cow<'static, str>,
    pub(super) name_at: Option<Spot>,
    pub(super) target: Option<(Target, Spot)>,
    pub(super) indicator: Option<(Indicator, Spot)>,
}

#[derive(Clone)]
pub(super) struct DraftAlert {
    pub(super) urgency: Urgency,
    pub(super) long: Option<(Duration, Spot)>,
    /// Without one a twelfth of the long one.
    pub(super) short: Option<(Duration, Spot)>,
    pub(super) burn: Option<(Burn, Spot)>,
}

#[derive(Default)]
pub(super) struct DraftPolicy {
    pub(super) freeze_below: Option<(i16, Spot)>,
    pub(super) roll_back_below: Option<(i16, Spot)>,
    pub(super) hysteresis: Option<(u8, Spot)>,
    pub(super) min_events: Option<u64>,
    /// One of the thresholds could not be read.
    pub(super) told: bool,
}

impl Draft {
    pub(super) fn new(name: String, name_at: Spot) -> Self {
        let standard = Definition::new("", Window::days(30));
        Self {
            name,
            name_at,
            description: String::new(),
            window: None,
            objectives: Vec::new(),
            objectives_at: None,
            alerts: None,
            alerts_at: None,
            min_events: standard.min_events,
            policy: DraftPolicy::default(),
        }
    }

    /// The definition, once everything that makes no sense is told.
    pub(super) fn finish(self, reader: &mut Reader<'_>) -> Definition {
        let definition = self.definition();
        for mistake in definition.mistakes() {
            let Some(spot) = self.spot(mistake) else { continue };
            let (_, got) = definition.about(mistake);
            let advice = match mistake {
                Mistake::Twice(_) => "give one of them another name",
                Mistake::Objectives => "one with an availability of 99.9% is enough",
                other => other.advice(),
            };
            let message = format!("`{}`: {}, but is {got}; {advice}", spot.path, mistake.must());
            reader.refuse(&spot.span, message);
        }
        definition
    }

    fn definition(&self) -> Definition {
        // What is missing is told already; the longest window makes no other value wrong.
        let window = self.window.as_ref().map_or(Window::days(366), |(window, _)| *window);
        let mut definition = Definition::with_name(self.name.clone(), window);
        definition.description = self.description.clone().into();
        definition.min_events = self.min_events;
        definition.policy = self.policy.policy();
        for objective in self.objectives.iter().take(OBJECTIVES_MAX) {
            definition = definition.objective(objective.objective());
        }
        definition.objectives_given = self.objectives.len();
        if let Some(alerts) = &self.alerts {
            definition = definition.without_alerts();
            for alert in alerts.iter().take(ALERTS_MAX) {
                definition = definition.alert(alert.alert());
            }
            definition.alerts_given = Some(alerts.len());
        }
        definition
    }

    /// Where the value stands that a mistake is about; `None` if it is a consequence of another.
    fn spot(&self, mistake: Mistake) -> Option<&Spot> {
        let objective = |at: usize| self.objectives.get(at);
        let alert = |at: usize| self.alerts.as_ref()?.get(at);
        let of_indicator = |at| objective(at)?.indicator.as_ref().map(|(_, spot)| spot);
        let policy = &self.policy;
        match mistake {
            Mistake::NoName => Some(&self.name_at),
            Mistake::Objectives => self.objectives_at.as_ref(),
            Mistake::Twice(at) => objective(at)?.name_at.as_ref(),
            Mistake::Target(at) => objective(at)?.target.as_ref().map(|(_, spot)| spot),
            Mistake::Threshold(at) | Mistake::AtLeast(at) | Mistake::Slice(at) => of_indicator(at),
            Mistake::WindowLength => self.window.as_ref().map(|(_, spot)| spot),
            Mistake::Alerts => self.alerts_at.as_ref(),
            Mistake::AlertLong(at) => alert(at)?.long.as_ref().map(|(_, spot)| spot),
            Mistake::AlertShort(at) => {
                let alert = alert(at)?;
                let (_, long) = alert.long.as_ref()?;
                Some(alert.short.as_ref().map_or(long, |(_, short)| short))
            }
            Mistake::AlertBurn(at) => alert(at)?.burn.as_ref().map(|(_, spot)| spot),
            Mistake::AlertNeverFires { alert: at, objective: of } => {
                let (target, _) = objective(of)?.target.as_ref()?;
                let makes_sense = target.as_parts_per_billion() > 0;
                alert(at)?.burn.as_ref().map(|(_, spot)| spot).filter(|_| makes_sense)
            }
            Mistake::PolicyOrder | Mistake::PolicyRange if policy.told => None,
            Mistake::PolicyOrder | Mistake::PolicyRange => {
                let roll_back = policy.roll_back_below.as_ref();
                let freeze = policy.freeze_below.as_ref();
                let freeze_is_wrong = freeze.filter(|(percent, _)| *percent > 100);
                freeze_is_wrong.or(roll_back).or(freeze).map(|(_, spot)| spot)
            }
            Mistake::Hysteresis => policy.hysteresis.as_ref().map(|(_, spot)| spot),
        }
    }
}

impl DraftObjective {
    fn objective(&self) -> Objective {
        let indicator = self.indicator.as_ref().map(|(indicator, _)| *indicator);
        let target = self.target.as_ref().map(|(target, _)| *target);
        Objective::from_parts(
            self.name.clone(),
            indicator.unwrap_or(Indicator::Availability),
            // With that one every alert can fire.
            target.unwrap_or(Target::parts_per_billion(999_999_999)),
        )
    }
}

impl DraftAlert {
    fn alert(&self) -> Alert {
        let long = self.long.as_ref().map_or(Duration::from_secs(3600), |(long, _)| *long);
        let burn = self.burn.as_ref().map_or(Burn::millionths(1), |(burn, _)| *burn);
        let alert = match self.urgency {
            Urgency::Page => Alert::page(burn, long),
            Urgency::Ticket => Alert::ticket(burn, long),
        };
        match &self.short {
            Some((short, _)) => alert.short(*short),
            None => alert,
        }
    }
}

impl DraftPolicy {
    fn policy(&self) -> BudgetPolicy {
        let mut policy = BudgetPolicy::standard();
        if let Some((percent, _)) = self.freeze_below {
            policy = policy.freeze_below(percent);
        }
        if let Some((percent, _)) = self.roll_back_below {
            policy = policy.roll_back_below(percent);
        }
        if let Some((points, _)) = self.hysteresis {
            policy = policy.hysteresis(points);
        }
        policy.min_events(self.min_events.unwrap_or(policy.min_events))
    }
}

/// What a hysteresis has to be.
pub(super) const POINTS: &str = "a whole number of points from 0 to 50";

/// What a calendar window can begin with.
pub(super) const UNITS: [(&str, CalendarUnit); 4] = [
    ("day", CalendarUnit::Day),
    ("week", CalendarUnit::Week),
    ("month", CalendarUnit::Month),
    ("quarter", CalendarUnit::Quarter),
];

pub(super) const URGENCIES: [(&str, Urgency); 2] =
    [("page", Urgency::Page), ("ticket", Urgency::Ticket)];

/// What an objective of that kind is called where nobody names it.
pub(super) const fn name_of(indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::Availability => "availability",
        Indicator::ErrorRate => "error-rate",
        Indicator::Latency { .. } => "latency",
        Indicator::Throughput { .. } => "throughput",
        Indicator::Correctness => "correctness",
    }
}
