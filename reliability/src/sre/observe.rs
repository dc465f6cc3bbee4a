//! Promises as metrics.

use alloc::vec;
use alloc::vec::Vec;

use super::slo::registry;
use super::{Indicator, ObjectiveStatus, Slo, Stance, Verdict};
use crate::telemetry::Attribute;
use crate::telemetry::metrics::{Collection, Declared, Descriptor, Observe};

/// Which promise.
pub(super) const NAME: &str = "reliability.slo.name";
/// Which of its objectives.
pub(super) const OBJECTIVE: &str = "reliability.slo.objective";
/// Good or bad.
pub(super) const OUTCOME: &str = "reliability.slo.outcome";

pub(super) const EVENTS: Descriptor = Descriptor::new(
    "reliability.slo.events",
    "{event}",
    "Events that were good or bad for an objective; sums over replicas are exact.",
);
const EXCLUDED: Descriptor = Descriptor::new(
    "reliability.slo.excluded",
    "{event}",
    "Events that say nothing about a promise.",
);
const TARGET: Descriptor =
    Descriptor::new("reliability.slo.target", "1", "The share that must be good.");
const REMAINING: Descriptor = Descriptor::new(
    "reliability.slo.budget.remaining",
    "1",
    "The share of the error budget that is left; negative when too much was bad.",
);
const BURN: Descriptor = Descriptor::new(
    "reliability.slo.burn_rate",
    "1",
    "How fast the error budget burns in a window; at 1 it lasts as long as the promise says.",
);
const FIRING: Descriptor =
    Descriptor::new("reliability.slo.alert.firing", "1", "1 while an alert fires, 0 otherwise.");
const STANCE: Descriptor = Descriptor::new(
    "reliability.slo.stance",
    "1",
    "What follows from the budget: 0 release, 1 freeze, 2 roll back.",
);

struct Promises;

impl Observe for Promises {
    fn observe(&self, into: &mut Collection) {
        registry::all().iter().for_each(|slo| tell(slo, into));
    }
}

inventory::submit! { Declared::new(&Promises) }

fn tell(slo: &Slo, into: &mut Collection) {
    let named = || vec![Attribute::new(NAME, slo.definition().name.clone())];
    let sums = slo.sums();
    let status = slo.status();
    for (status, counts) in status.objectives.iter().zip(sums.objectives) {
        let of = |more: Vec<Attribute>| {
            let mut attributes = named();
            let name = status.objective.name.clone();
            attributes.push(Attribute::new(OBJECTIVE, name));
            attributes.extend(more);
            attributes
        };
        let outcome = |outcome: &'static str| of(vec![Attribute::new(OUTCOME, outcome)]);
        into.counter(&EVENTS, outcome("good"), counts.good);
        // Of throughput there are calls; whether a slice of them is bad, one process does not know.
        if !matches!(status.objective.indicator, Indicator::Throughput { .. }) {
            into.counter(&EVENTS, outcome("bad"), counts.bad);
        }
        gauges(status, &of, into);
    }
    into.counter(&EXCLUDED, named(), sums.excluded);
    let stance = match status.stance() {
        Stance::Release => 0.0,
        Stance::Freeze => 1.0,
        Stance::RollBack => 2.0,
    };
    into.gauge(&STANCE, named(), stance);
}

fn gauges(
    status: &ObjectiveStatus,
    of: &dyn Fn(Vec<Attribute>) -> Vec<Attribute>,
    into: &mut Collection,
) {
    let target = status.objective.target;
    into.gauge(&TARGET, of(Vec::new()), f64::from(target.as_parts_per_billion()) / 1e9);
    if let Some(remaining) = status.budget.remaining() {
        into.gauge(&REMAINING, of(Vec::new()), remaining);
    }
    for alert in &status.alerts {
        let window = |key: &'static str, length| {
            Attribute::new(key, alloc::format!("{}", super::promise::window::Length(length)))
        };
        let urgency = Attribute::new("reliability.slo.severity", alert.alert.urgency.as_str());
        let long = window("reliability.slo.window", alert.alert.long);
        let firing = f64::from(u8::from(alert.verdict == Verdict::Firing));
        into.gauge(&FIRING, of(vec![urgency, long.clone()]), firing);
        for (reading, length) in [(alert.long, alert.alert.long), (alert.short, alert.alert.short)]
        {
            if let Some(burn) = reading.burn(target) {
                into.gauge(&BURN, of(vec![window("reliability.slo.window", length)]), burn);
            }
        }
    }
}
