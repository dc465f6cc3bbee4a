use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::draft::{UNITS, name_of};
use super::simple::{API, KIND, signed_offset};
use super::writer::{Yaml, decimal};
use crate::sre::{
    Alert, BudgetPolicy, Definition, Indicator, Objective, Target, UtcOffset, Window,
};
use crate::time::text::write_duration;

/// All of a definition, also what is as it would be without being said: who reads the file need not
/// know what that is.
pub(super) fn document(definition: &Definition) -> Yaml {
    let mut spec = Vec::new();
    if !definition.description.is_empty() {
        spec.push(("description", Yaml::text(definition.description.clone())));
    }
    match definition.objectives() {
        [only] if only.name == name_of(only.indicator) => spec.extend(objective(only)),
        several => {
            let named = several.iter().map(|it| {
                let name = [("name", Yaml::text(it.name.clone()))];
                Yaml::Table(name.into_iter().chain(objective(it)).collect())
            });
            spec.push(("objectives", Yaml::List(named.collect())));
        }
    }
    spec.push(("timeWindow", window(definition.window)));
    let alerts = match definition.written_alerts() {
        Some(alerts) => Yaml::List(alerts.iter().map(alert).collect()),
        None => Yaml::word("standard"),
    };
    let min_events = ("minEvents", Yaml::word(definition.min_events.to_string()));
    spec.push(("alerting", Yaml::Table(vec![min_events, ("alerts", alerts)])));
    spec.push(("errorBudgetPolicy", policy(&definition.policy)));
    Yaml::Table(vec![
        ("apiVersion", Yaml::word(API)),
        ("kind", Yaml::word(KIND)),
        ("metadata", Yaml::Table(vec![("name", Yaml::text(definition.name.clone()))])),
        ("spec", Yaml::Table(spec)),
    ])
}

fn objective(objective: &Objective) -> [(&'static str, Yaml); 2] {
    let kind = Yaml::word(name_of(objective.indicator));
    let sli = match objective.indicator {
        Indicator::Latency { threshold } => {
            Yaml::Table(vec![("type", kind), ("threshold", duration(threshold))])
        }
        Indicator::Throughput { at_least, slice } => Yaml::Table(vec![
            ("type", kind),
            ("atLeast", Yaml::word(at_least.to_string())),
            ("slice", duration(slice)),
        ]),
        Indicator::Availability | Indicator::ErrorRate | Indicator::Correctness => kind,
    };
    let target = objective.target;
    let target = match objective.indicator {
        Indicator::ErrorRate => {
            ("atMost", percent(Target::parts_per_billion(target.budget_parts_per_billion())))
        }
        _ => ("target", percent(target)),
    };
    [("sli", sli), target]
}

fn window(window: Window) -> Yaml {
    match window {
        Window::Rolling(length) => duration(length),
        Window::Calendar { unit, offset } => {
            let named = UNITS.iter().find(|(_, it)| *it == unit).map_or("month", |(name, _)| name);
            let mut table = vec![("calendar", Yaml::word(named))];
            if offset != UtcOffset::UTC {
                table.push(("utcOffset", Yaml::text(signed_offset(offset))));
            }
            Yaml::Table(table)
        }
    }
}

fn alert(alert: &Alert) -> Yaml {
    Yaml::Table(vec![
        ("severity", Yaml::word(alert.urgency.as_str())),
        ("burnRate", decimal(alert.burn.as_millionths(), 6)),
        ("longWindow", duration(alert.long)),
        ("shortWindow", duration(alert.short)),
    ])
}

fn policy(policy: &BudgetPolicy) -> Yaml {
    let percent = |percent: i16| Yaml::word(alloc::format!("{percent}%"));
    Yaml::Table(vec![
        ("freezeBelow", percent(policy.freeze_below_percent)),
        ("rollBackBelow", percent(policy.roll_back_below_percent)),
        ("hysteresis", Yaml::word(policy.hysteresis_points.to_string())),
        ("minEvents", Yaml::word(policy.min_events.to_string())),
    ])
}

fn percent(target: Target) -> Yaml {
    Yaml::word(target.to_string())
}

fn duration(duration: Duration) -> Yaml {
    Yaml::word(write_duration(duration))
}
