use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::draft::{Draft, DraftAlert, DraftObjective, DraftPolicy, POINTS, name_of};
use super::super::reader::{Place, Reader, Spot, Table};
use super::indicator::{self, Sli};
use super::metadata::{self, Metadata};
use super::{INLINE, Objects, alert, inline_kind, window};
use crate::document::Value;
use crate::sre::Target;
use crate::sre::promise::decimal;

const SPEC: &[&str] = &[
    "description",
    "service",
    "indicator",
    "indicatorRef",
    "timeWindow",
    "budgetingMethod",
    "objectives",
    "alertPolicies",
];
const OBJECTIVE: &[&str] = &[
    "displayName",
    "op",
    "value",
    "target",
    "targetPercent",
    "timeSliceTarget",
    "timeSliceWindow",
    "indicator",
    "indicatorRef",
    "compositeWeight",
];
/// The annotations of an SLO that say what OpenSLO has no word for.
pub(super) const OWN: &[&str] = &[
    "alert-min-events",
    "freeze-below",
    "roll-back-below",
    "policy-hysteresis",
    "policy-min-events",
];

/// Reads one SLO, and what it refers to.
pub(super) fn read<'n>(
    reader: &mut Reader<'_>,
    document: &Table<'n>,
    objects: &mut Objects<'n>,
) -> Option<Draft> {
    let metadata = metadata::read(reader, document, OWN);
    let spec = reader.required(document, "spec", "what is promised")?;
    let spec = reader.table(&spec, SPEC)?;
    let named = metadata.name.is_some();
    let (name, spot) =
        metadata.name.clone().unwrap_or_else(|| ("unnamed".into(), document.place().spot()));
    let mut draft = Draft::new(name, spot);
    own(reader, &metadata, &mut draft);
    if let Some(text) = spec.value("description").and_then(|place| reader.text(&place)) {
        draft.description = text.into();
    }
    if let Some(place) = spec.value("service")
        && let Some(service) = reader.text(&place)
        && service != draft.name
    {
        reader.remark(
            &place,
            "is for other programs; a promise belongs to the process that makes it",
        );
    }
    let by_events = method(reader, &spec);
    draft.window = window::read(reader, &spec);
    objectives(reader, &spec, objects, &mut draft, by_events);
    if let Some(place) = spec.value("alertPolicies") {
        draft.alerts = alerts(reader, &place, objects);
        draft.alerts_at = Some(place.spot());
    }
    named.then_some(draft)
}

fn own(reader: &mut Reader<'_>, metadata: &Metadata<'_>, draft: &mut Draft) {
    let mut policy = DraftPolicy::default();
    let mut percent = |reader: &mut Reader<'_>, name| {
        let place = metadata.own(name)?;
        let percent = reader.whole_percent(place);
        policy.told |= percent.is_none();
        Some((percent?, place.spot()))
    };
    let freeze_below = percent(reader, "freeze-below");
    let roll_back_below = percent(reader, "roll-back-below");
    (policy.freeze_below, policy.roll_back_below) = (freeze_below, roll_back_below);
    // Annotations are texts, also those that are numbers.
    let mut whole = |name| {
        let place = metadata.own(name)?;
        let text = reader.text(place)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>().ok().filter(|_| digits) {
            Some(number) => Some((number, place.spot())),
            None => reader.wrong(place, "a whole number in quotes, such as `\"60\"`"),
        }
    };
    policy.min_events = whole("policy-min-events").map(|(events, _)| events);
    if let Some((events, _)) = whole("alert-min-events") {
        draft.min_events = events;
    }
    let points = whole("policy-hysteresis");
    policy.hysteresis = points.and_then(|(points, spot)| match u8::try_from(points) {
        Ok(points) => Some((points, spot)),
        Err(_) => reader.wrong(metadata.own("policy-hysteresis")?, POINTS),
    });
    draft.policy = policy;
}

/// Events are what is counted here, and a budget is a number of them; whether that is what it says.
fn method(reader: &mut Reader<'_>, spec: &Table<'_>) -> bool {
    let such_as = "`budgetingMethod: Occurrences`";
    let Some(place) = reader.required(spec, "budgetingMethod", such_as) else { return true };
    let slices = match &place.node.value {
        Value::Text(text) if text == "Occurrences" => return true,
        Value::Text(text) => text == "Timeslices" || text == "RatioTimeslices",
        _ => false,
    };
    let reason = if slices {
        ", because budgets here are weighted by events: an hour at night is not as much as one by day \
         (slices of time are those of a throughput: a `thresholdMetric` with `op: gte`)"
    } else {
        ""
    };
    let _: Option<()> = reader.wrong(&place, &format!("`Occurrences`{reason}"));
    !slices
}

fn objectives(
    reader: &mut Reader<'_>,
    spec: &Table<'_>,
    objects: &mut Objects<'_>,
    draft: &mut Draft,
    by_events: bool,
) {
    let common = sli(reader, spec, objects);
    let list = reader.required(spec, "objectives", "`objectives: [{ target: 0.999 }]`");
    let Some(list) = list else { return };
    draft.objectives_at = Some(list.spot());
    let Some(places) = reader.list(&list, "objectives") else {
        draft.objectives_at = None;
        return;
    };
    for place in places {
        let Some(table) = reader.table(&place, OBJECTIVE) else {
            draft.objectives_at = None;
            continue;
        };
        if by_events {
            refuse_slices(reader, &table);
        }
        draft.objectives.push(objective(reader, &table, &common, objects));
    }
}

/// What stands at an `indicator` or `indicatorRef`.
enum Indicated {
    Nothing,
    Broken,
    Sli(Sli),
}

fn sli(reader: &mut Reader<'_>, table: &Table<'_>, objects: &mut Objects<'_>) -> Indicated {
    match (table.value("indicator"), table.value("indicatorRef")) {
        (None, None) => Indicated::Nothing,
        (None, Some(reference)) => match objects.slis.refer(reader, &reference) {
            Some(sli) => Indicated::Sli(sli.clone()),
            None => Indicated::Broken,
        },
        (Some(place), None) => {
            let Some(table) = reader.table(&place, INLINE) else { return Indicated::Broken };
            inline_kind(reader, &table, "SLI");
            Indicated::Sli(indicator::read(reader, &table).1)
        }
        (Some(_), Some(reference)) => {
            let message =
                format!("`{}` is there beside `indicator`; keep one of them", reference.path);
            reader.refuse(&reference.node.span, message);
            Indicated::Broken
        }
    }
}

fn objective(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    common: &Indicated,
    objects: &mut Objects<'_>,
) -> DraftObjective {
    let path = &table.place().path;
    let own = sli(reader, table, objects);
    let indicated = match (&own, common) {
        (Indicated::Nothing, Indicated::Nothing) => {
            let message = format!(
                "`{path}` needs an `indicator` or an `indicatorRef`, here or in the `spec` of the SLO"
            );
            reader.refuse(&table.place().node.span, message);
            None
        }
        (Indicated::Nothing, Indicated::Sli(sli)) | (Indicated::Sli(sli), Indicated::Nothing) => {
            Some(sli)
        }
        (Indicated::Broken, _) | (_, Indicated::Broken) => None,
        (Indicated::Sli(sli), Indicated::Sli(_)) => {
            let message =
                format!("`{path}` has an indicator beside that of the `spec`; keep one of them");
            reader.refuse(&sli.spot().span, message);
            None
        }
    };
    let indicator = indicated.and_then(|sli| indicator::of_objective(reader, sli, table));
    weight(reader, table);
    let (name, name_at) = name(reader, table, indicated, indicator.as_ref());
    DraftObjective { name, name_at, target: target(reader, table), indicator }
}

/// What it is called for people, else what its indicator is called.
fn name(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    sli: Option<&Sli>,
    indicator: Option<&(crate::sre::Indicator, Spot)>,
) -> (Cow<'static, str>, Option<Spot>) {
    if let Some(place) = table.value("displayName") {
        let name = reader.text(&place);
        return (Cow::Owned(name.unwrap_or_default().into()), name.map(|_| place.spot()));
    }
    match (sli.and_then(|sli| sli.name.clone()), indicator) {
        (Some((name, _)), _) => (Cow::Owned(name), Some(table.place().spot())),
        (None, Some((indicator, _))) => (Cow::Borrowed(name_of(*indicator)), None),
        (None, None) => (Cow::Owned(String::new()), None),
    }
}

/// What belongs to other ways to budget.
fn refuse_slices(reader: &mut Reader<'_>, table: &Table<'_>) {
    for place in ["timeSliceTarget", "timeSliceWindow"].iter().filter_map(|key| table.value(key)) {
        let message = format!(
            "`{}` belongs to budgets of time slices, and here events are counted; remove it",
            place.path
        );
        reader.refuse(&place.node.span, message);
    }
}

fn weight(reader: &mut Reader<'_>, table: &Table<'_>) {
    if let Some(place) = table.value("compositeWeight") {
        let one = matches!(place.node.value, Value::Whole(1))
            || matches!(place.node.value, Value::Number(number) if number == 1.0);
        if !one {
            let message = format!(
                "`{}` must be 1: each objective has a budget of its own, and the strictest decides",
                place.path
            );
            reader.refuse(&place.node.span, message);
        }
    }
}

/// A share, or the same in per cent.
fn target(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<(Target, Spot)> {
    let (place, parts) = match (table.value("target"), table.value("targetPercent")) {
        (Some(_), Some(percent)) => {
            let message = format!("`{}` is there beside `target`; keep one of them", percent.path);
            reader.refuse(&percent.node.span, message);
            return None;
        }
        (None, Some(percent)) => {
            let parts = exact(reader, &percent, 7);
            (percent, parts)
        }
        (Some(share), None) => {
            let parts = exact(reader, &share, 9);
            (share, parts)
        }
        (None, None) => {
            reader.required(table, "target", "`target: 0.999`, or `targetPercent: 99.9`");
            return None;
        }
    };
    match parts {
        Some(parts) => Some((Target::parts_per_billion(parts), place.spot())),
        None if place.path.ends_with("targetPercent") => reader.wrong(
            &place,
            "per cent above 0 and below 100 with at most 7 digits behind the point, such as 99.95",
        ),
        None => reader.wrong(
            &place,
            "a share above 0 and below 1 with at most 9 digits behind the point, such as 0.9995",
        ),
    }
}

/// Parts per billion, as long as they are no more than all.
fn exact(reader: &Reader<'_>, place: &Place<'_>, places: u32) -> Option<u32> {
    match place.node.value {
        Value::Whole(_) | Value::Number(_) => {
            let parts = decimal::parse(reader.written(&place.node.span), places)?;
            u32::try_from(parts).ok().filter(|parts| *parts <= 1_000_000_000)
        }
        _ => None,
    }
}

fn alerts(
    reader: &mut Reader<'_>,
    place: &Place<'_>,
    objects: &mut Objects<'_>,
) -> Option<Vec<DraftAlert>> {
    let list = reader.list(place, "alert policies")?;
    let mut alerts = Vec::new();
    for place in list {
        let keys = &["alertPolicyRef", "apiVersion", "kind", "metadata", "spec"];
        let Some(table) = reader.table(&place, keys) else { continue };
        let alert = match alert::reference(reader, &table, "alertPolicyRef") {
            Some(name) => {
                let Objects { policies, conditions, .. } = objects;
                policies
                    .refer(reader, &name)
                    .and_then(|policy| alert::of_policy(reader, policy, conditions))
            }
            None => {
                inline_kind(reader, &table, "AlertPolicy");
                let (_, policy) = alert::policy(reader, &table);
                alert::of_policy(reader, &policy, &mut objects.conditions)
            }
        };
        alerts.extend(alert);
    }
    Some(alerts)
}
