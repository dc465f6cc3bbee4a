use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::super::draft::name_of;
use super::super::writer::{Yaml, decimal};
use super::API;
use super::window::{CALENDAR, shorthand, zone};
use crate::error::{Class, Fault};
use crate::sre::{Alert, BudgetPolicy, Definition, Indicator, Objective, Window};
use crate::time::text::write_duration;

/// The type of a metric source, and of who is told, that is this library in the process itself.
pub(super) const SOURCE: &str = "reliability";

const DESCRIPTION_MAX: usize = 1050;

/// Something about a definition that OpenSLO has no words for.
///
/// It is [permanent](Class::Permanent).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Definition, Objective, Target, Window};
///
/// let window = Window::rolling(Duration::from_secs(5_430));
/// let odd = Definition::new("odd", window)
///     .objective(Objective::availability(Target::percent("99.9")));
///
/// assert_eq!(
///     odd.to_open_slo().unwrap_err().to_string(),
///     "SLO `odd`: OpenSLO has no words for a window of 5430s: its durations are whole minutes; \
///      `to_yaml` says it",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotInOpenSlo {
    slo: String,
    what: String,
}

impl fmt::Display for NotInOpenSlo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slo, what } = self;
        write!(f, "SLO `{slo}`: OpenSLO has no words for {what}; `to_yaml` says it")
    }
}

impl Error for NotInOpenSlo {}

impl Fault for NotInOpenSlo {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One document with everything that it refers to inside.
pub(in crate::sre::files) fn document(definition: &Definition) -> Result<Yaml, NotInOpenSlo> {
    let refused = |what| NotInOpenSlo { slo: definition.name.to_string(), what };
    let mut metadata = vec![("name", Yaml::text(definition.name.clone()))];
    let annotations = annotations(definition);
    if !annotations.is_empty() {
        metadata.push(("annotations", Yaml::Table(annotations)));
    }
    let mut spec = Vec::new();
    if definition.description.chars().count() > DESCRIPTION_MAX {
        return Err(refused(format!("a description of more than {DESCRIPTION_MAX} characters")));
    }
    if !definition.description.is_empty() {
        spec.push(("description", Yaml::text(definition.description.clone())));
    }
    spec.push(("service", Yaml::text(definition.name.clone())));
    let objectives = definition.objectives();
    let listed = match objectives {
        [only] => {
            spec.push(("indicator", indicator(definition, only)));
            vec![Yaml::Table(objective(only))]
        }
        several => several
            .iter()
            .map(|it| {
                let mut entries = objective(it);
                entries.push(("indicator", indicator(definition, it)));
                Yaml::Table(entries)
            })
            .collect(),
    };
    spec.push(("timeWindow", Yaml::List(vec![window(definition.window).map_err(refused)?])));
    spec.push(("budgetingMethod", Yaml::word("Occurrences")));
    spec.push(("objectives", Yaml::List(listed)));
    if let Some(alerts) = definition.written_alerts() {
        let policies: Result<_, _> =
            alerts.iter().enumerate().map(|(at, alert)| policy(at, alert)).collect();
        spec.push(("alertPolicies", Yaml::List(policies.map_err(refused)?)));
    }
    Ok(Yaml::Table(vec![
        ("apiVersion", Yaml::word(API)),
        ("kind", Yaml::word("SLO")),
        ("metadata", Yaml::Table(metadata)),
        ("spec", Yaml::Table(spec)),
    ]))
}

/// What is not as it would be without being said. Annotations are texts.
fn annotations(definition: &Definition) -> Vec<(&'static str, Yaml)> {
    let standard = Definition::new("", definition.window);
    let (policy, usual) = (&definition.policy, BudgetPolicy::standard());
    let percent = |percent: i16| Yaml::word(format!("\"{percent}%\""));
    let whole = |number: u64| Yaml::word(format!("\"{number}\""));
    let all = [
        (
            "reliability/alert-min-events",
            definition.min_events != standard.min_events,
            whole(definition.min_events),
        ),
        (
            "reliability/freeze-below",
            policy.freeze_below_percent != usual.freeze_below_percent,
            percent(policy.freeze_below_percent),
        ),
        (
            "reliability/roll-back-below",
            policy.roll_back_below_percent != usual.roll_back_below_percent,
            percent(policy.roll_back_below_percent),
        ),
        (
            "reliability/policy-hysteresis",
            policy.hysteresis_points != usual.hysteresis_points,
            whole(policy.hysteresis_points.into()),
        ),
        (
            "reliability/policy-min-events",
            policy.min_events != usual.min_events,
            whole(policy.min_events),
        ),
    ];
    all.into_iter().filter(|(_, said, _)| *said).map(|(key, _, value)| (key, value)).collect()
}

fn objective(objective: &Objective) -> Vec<(&'static str, Yaml)> {
    let mut entries = Vec::new();
    if !is_label(&objective.name) {
        entries.push(("displayName", Yaml::text(objective.name.clone())));
    }
    match objective.indicator {
        Indicator::Latency { threshold } => {
            // At most an hour, or the definition makes no sense.
            let nanos = u64::try_from(threshold.as_nanos()).unwrap_or(u64::MAX);
            entries.extend([("op", Yaml::word("lt")), ("value", decimal(nanos, 9))]);
        }
        Indicator::Throughput { at_least, .. } => {
            let value = Yaml::word(at_least.to_string());
            entries.extend([("op", Yaml::word("gte")), ("value", value)]);
        }
        Indicator::Availability | Indicator::ErrorRate | Indicator::Correctness => {}
    }
    entries.push(("target", decimal(objective.target.as_parts_per_billion().into(), 9)));
    entries
}

fn indicator(definition: &Definition, objective: &Objective) -> Yaml {
    let kind = name_of(objective.indicator);
    let name = if is_label(&objective.name) { objective.name.clone() } else { kind.into() };
    let mut annotations = vec![("reliability/indicator", Yaml::word(kind))];
    let metric = match objective.indicator {
        Indicator::Latency { .. } => {
            annotations.push(("reliability/unit", Yaml::word("s")));
            ("thresholdMetric", counted_here(definition, objective))
        }
        Indicator::Throughput { slice, .. } => {
            annotations.push(("reliability/slice", Yaml::word(write_duration(slice))));
            ("thresholdMetric", counted_here(definition, objective))
        }
        Indicator::ErrorRate => ("ratioMetric", ratio(definition, objective, "bad")),
        Indicator::Availability | Indicator::Correctness => {
            ("ratioMetric", ratio(definition, objective, "good"))
        }
    };
    Yaml::Table(vec![
        (
            "metadata",
            Yaml::Table(vec![
                ("name", Yaml::text(name)),
                ("annotations", Yaml::Table(annotations)),
            ]),
        ),
        ("spec", Yaml::Table(vec![metric])),
    ])
}

/// What is measured in the process, and leaves it as good and bad events only.
fn counted_here(definition: &Definition, objective: &Objective) -> Yaml {
    let spec = vec![
        ("slo", Yaml::text(definition.name.clone())),
        ("objective", Yaml::text(objective.name.clone())),
    ];
    source(SOURCE, spec)
}

/// The counters that leave the process, as Prometheus knows them.
fn ratio(definition: &Definition, objective: &Objective, outcome: &'static str) -> Yaml {
    let query = |of: &str| {
        let (slo, objective) = (escaped(&definition.name), escaped(&objective.name));
        let query = format!(
            "sum(reliability_slo_events_total{{reliability_slo_name=\"{slo}\",\
             reliability_slo_objective=\"{objective}\"{of}}})"
        );
        source("Prometheus", vec![("query", Yaml::text(query))])
    };
    let part = query(&format!(",reliability_slo_outcome=\"{outcome}\""));
    Yaml::Table(vec![("counter", Yaml::word("true")), (outcome, part), ("total", query(""))])
}

fn source(kind: &str, spec: Vec<(&'static str, Yaml)>) -> Yaml {
    let source = vec![("type", Yaml::text(kind)), ("spec", Yaml::Table(spec))];
    Yaml::Table(vec![("metricSource", Yaml::Table(source))])
}

/// The text of a label in PromQL.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn window(window: Window) -> Result<Yaml, String> {
    match window {
        Window::Rolling(length) => {
            let Some(duration) = shorthand(length) else {
                let length = write_duration(length);
                return Err(format!("a window of {length}: its durations are whole minutes"));
            };
            Ok(Yaml::Table(vec![
                ("duration", Yaml::word(duration)),
                ("isRolling", Yaml::word("true")),
            ]))
        }
        Window::Calendar { unit, offset } => {
            let Some(zone) = zone(offset) else {
                return Err(format!(
                    "a calendar at {offset}: its zones are those of the IANA database, of which none is \
                     there all the year"
                ));
            };
            let known = CALENDAR.iter().find(|(_, known)| *known == unit);
            let duration = known.map_or("1M", |(duration, _)| duration);
            // A Monday, and the first of a quarter.
            let begin =
                [("startTime", Yaml::text("2024-01-01 00:00:00")), ("timeZone", Yaml::word(zone))];
            Ok(Yaml::Table(vec![
                ("duration", Yaml::word(duration)),
                ("isRolling", Yaml::word("false")),
                ("calendar", Yaml::Table(begin.into())),
            ]))
        }
    }
}

fn policy(at: usize, alert: &Alert) -> Result<Yaml, String> {
    let Some(long) = shorthand(alert.long) else {
        let long = write_duration(alert.long);
        return Err(format!("an alert over {long}: its durations are whole minutes"));
    };
    let name = format!("{}-{}", alert.urgency, at + 1);
    let short = [("reliability/short-window", Yaml::word(write_duration(alert.short)))];
    let condition = Yaml::Table(vec![
        ("kind", Yaml::word("AlertCondition")),
        (
            "metadata",
            Yaml::Table(vec![
                ("name", Yaml::text(name.clone())),
                ("annotations", Yaml::Table(short.into())),
            ]),
        ),
        (
            "spec",
            Yaml::Table(vec![
                ("severity", Yaml::word(alert.urgency.as_str())),
                (
                    "condition",
                    Yaml::Table(vec![
                        ("kind", Yaml::word("burnrate")),
                        ("op", Yaml::word("gt")),
                        ("threshold", decimal(alert.burn.as_millionths(), 6)),
                        ("lookbackWindow", Yaml::word(long)),
                    ]),
                ),
            ]),
        ),
    ]);
    let target = Yaml::Table(vec![
        ("kind", Yaml::word("AlertNotificationTarget")),
        ("metadata", Yaml::Table(vec![("name", Yaml::word("watch"))])),
        ("spec", Yaml::Table(vec![("target", Yaml::word(SOURCE))])),
    ]);
    Ok(Yaml::Table(vec![
        ("kind", Yaml::word("AlertPolicy")),
        ("metadata", Yaml::Table(vec![("name", Yaml::text(name))])),
        (
            "spec",
            Yaml::Table(vec![
                ("alertWhenBreaching", Yaml::word("true")),
                ("alertWhenResolved", Yaml::word("true")),
                ("alertWhenNoData", Yaml::word("false")),
                ("conditions", Yaml::List(vec![condition])),
                ("notificationTargets", Yaml::List(vec![target])),
            ]),
        ),
    ]))
}

/// The names that everyone who reads OpenSLO has to take.
fn is_label(name: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.starts_with(alphanumeric)
        && name.ends_with(alphanumeric)
        && name.chars().all(|c| alphanumeric(c) || c == '-')
}
