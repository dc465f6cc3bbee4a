//! `apiVersion: reliability/v1`: what a definition is, in its own words.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::draft::{
    Draft, DraftAlert, DraftObjective, DraftPolicy, POINTS, UNITS, URGENCIES, name_of,
};
use super::reader::{Place, Reader, Table};
use crate::document::Value;
use crate::sre::{Burn, Indicator, Target, UtcOffset, Window};

pub(super) const API: &str = "reliability/v1";
pub(super) const KIND: &str = "ServiceLevelObjective";

const SPEC: &[&str] = &[
    "description",
    "sli",
    "target",
    "atMost",
    "objectives",
    "timeWindow",
    "alerting",
    "errorBudgetPolicy",
];
const OBJECTIVE: &[&str] = &["name", "sli", "target", "atMost"];
const ALERT: &[&str] = &["severity", "burnRate", "longWindow", "shortWindow"];
const POLICY: &[&str] = &["freezeBelow", "rollBackBelow", "hysteresis", "minEvents"];

/// The indicators that are said in a word; the others have a threshold.
const WORDS: [(&str, Indicator); 3] = [
    ("availability", Indicator::Availability),
    ("error-rate", Indicator::ErrorRate),
    ("correctness", Indicator::Correctness),
];
const LATENCY: &str = "`{ type: latency, threshold: 500ms }`";
const THROUGHPUT: &str = "`{ type: throughput, atLeast: 100, slice: 60s }`";

/// Reads one document of that kind.
pub(super) fn read<'n>(reader: &mut Reader<'_>, document: &Table<'n>) -> Option<Draft> {
    if let Some(kind) = reader.required(document, "kind", &alloc::format!("`kind: {KIND}`")) {
        reader.word(&kind, &[(KIND, ())], "");
    }
    let name = reader.required(document, "metadata", "`metadata: { name: checkout }`");
    let name = name.and_then(|place| reader.table(&place, &["name"]));
    let name = name.and_then(|table| reader.required(&table, "name", "`name: checkout`"));
    let name = name.and_then(|place| Some((reader.text(&place)?, place.spot())));
    let spec = reader.required(document, "spec", "what is promised")?;
    let spec = reader.table(&spec, SPEC)?;

    let named = name.is_some();
    let (name, spot) = name.unwrap_or(("unnamed", document.place().spot()));
    let mut draft = Draft::new(name.into(), spot);
    if let Some(text) = spec.value("description").and_then(|place| reader.text(&place)) {
        draft.description = text.into();
    }
    objectives(reader, &spec, &mut draft);
    if let Some(place) = reader.required(&spec, "timeWindow", "`timeWindow: 30d`") {
        draft.window = window(reader, &place).map(|window| (window, place.spot()));
    }
    if let Some(place) = spec.value("alerting") {
        alerting(reader, &place, &mut draft);
    }
    if let Some(place) = spec.value("errorBudgetPolicy") {
        draft.policy = policy(reader, &place);
    }
    named.then_some(draft)
}

/// One objective beside the window, or a list of them.
fn objectives(reader: &mut Reader<'_>, spec: &Table<'_>, draft: &mut Draft) {
    let Some(list) = spec.value("objectives") else {
        draft.objectives.push(objective(reader, spec));
        return;
    };
    for beside in ["sli", "target", "atMost"] {
        if let Some(place) = spec.value(beside) {
            let message = alloc::format!(
                "`{}` is there beside `objectives`; put it into the list, or leave the list out",
                place.path
            );
            reader.refuse(&place.node.span, message);
        }
    }
    draft.objectives_at = Some(list.spot());
    for place in reader.list(&list, "objectives").unwrap_or_default() {
        let Some(table) = reader.table(&place, OBJECTIVE) else {
            draft.objectives_at = None;
            continue;
        };
        draft.objectives.push(objective(reader, &table));
    }
}

fn objective(reader: &mut Reader<'_>, table: &Table<'_>) -> DraftObjective {
    let sli = reader.required(table, "sli", "`sli: availability`");
    let indicator = sli.and_then(|place| Some((indicator(reader, &place)?, place.spot())));
    let kind = indicator.as_ref().map(|(indicator, _)| *indicator);
    let named = table.value("name");
    let name = named.as_ref().and_then(|place| reader.text(place));
    let spot = match named {
        Some(place) => Some(place.spot()).filter(|_| name.is_some()),
        None => indicator.as_ref().map(|(_, spot)| spot.clone()),
    };
    DraftObjective {
        name: match (name, kind) {
            (Some(name), _) => Cow::Owned(name.into()),
            (None, Some(kind)) => Cow::Borrowed(name_of(kind)),
            (None, None) => Cow::Borrowed(""),
        },
        name_at: spot,
        target: target(reader, table, kind),
        indicator,
    }
}

/// How much must be good. Of error rates people say how much may be bad.
fn target(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    kind: Option<Indicator>,
) -> Option<(Target, super::reader::Spot)> {
    let (target, at_most) = (table.value("target"), table.value("atMost"));
    if kind == Some(Indicator::ErrorRate) {
        if let Some(place) = target {
            let message = alloc::format!(
                "`{}` is no key of an error rate; write how much may fail, as in `atMost: 0.1%`",
                place.path
            );
            reader.refuse(&place.node.span, message);
            return None;
        }
        let place = reader.required(table, "atMost", "`atMost: 0.1%`")?;
        let at_most = percent(reader, &place)?;
        let target = Target::parts_per_billion(at_most.budget_parts_per_billion());
        return Some((target, place.spot()));
    }
    if let Some(place) = at_most {
        if kind.is_some() {
            let message = alloc::format!(
                "`{}` is for error rates; write how much must be good, as in `target: 99.9%`",
                place.path
            );
            reader.refuse(&place.node.span, message);
        }
        return None;
    }
    if kind.is_none() && target.is_none() {
        return None;
    }
    let place = reader.required(table, "target", "`target: 99.9%`")?;
    percent(reader, &place).map(|target| (target, place.spot()))
}

/// `99.95%`, or `99.95`. A number of at most 1 might as well be meant as a share.
fn percent(reader: &mut Reader<'_>, place: &Place<'_>) -> Option<Target> {
    let target = match &place.node.value {
        Value::Text(text) if text.ends_with('%') => Target::parse(text),
        Value::Whole(number) if *number > 1 => exact(reader, place),
        Value::Number(number) if *number > 1.0 => exact(reader, place),
        _ => None,
    };
    if target.is_some() {
        return target;
    }
    reader.wrong(
        place,
        "per cent with their sign and at most seven digits behind the point, such as `99.95%`",
    )
}

fn exact(reader: &Reader<'_>, place: &Place<'_>) -> Option<Target> {
    Target::parse(reader.written(&place.node.span))
}

fn indicator(reader: &mut Reader<'_>, place: &Place<'_>) -> Option<Indicator> {
    let with_threshold = alloc::format!("; or {LATENCY}, or {THROUGHPUT}");
    let Value::Table(_) = place.node.value else {
        return reader.word(place, &WORDS, &with_threshold);
    };
    let table = reader.table(place, &["type", "threshold", "atLeast", "slice"])?;
    let kind = reader.required(&table, "type", "`type: latency`")?;
    let foreign = |reader: &mut Reader<'_>, names: &[&str], whose: &str| {
        for place in names.iter().filter_map(|name| table.value(name)) {
            let message = alloc::format!("`{}` is a key of {whose} only; remove it", place.path);
            reader.refuse(&place.node.span, message);
        }
    };
    match &kind.node.value {
        Value::Text(text) if text == "latency" => {
            foreign(reader, &["atLeast", "slice"], "a throughput");
            let threshold = reader.required(&table, "threshold", "`threshold: 500ms`")?;
            Some(Indicator::Latency { threshold: reader.duration(&threshold, "500ms")? })
        }
        Value::Text(text) if text == "throughput" => {
            foreign(reader, &["threshold"], "a latency");
            let at_least = reader.required(&table, "atLeast", "`atLeast: 100`");
            let at_least = at_least.and_then(|place| reader.whole(&place));
            let slice = reader.required(&table, "slice", "`slice: 60s`");
            let slice = slice.and_then(|place| reader.duration(&place, "60s"));
            Some(Indicator::Throughput { at_least: at_least?, slice: slice? })
        }
        _ => {
            foreign(reader, &["threshold"], "a latency");
            foreign(reader, &["atLeast", "slice"], "a throughput");
            reader.word(&kind, &WORDS, ", `latency` or `throughput`")
        }
    }
}

fn window(reader: &mut Reader<'_>, place: &Place<'_>) -> Option<Window> {
    let Value::Table(_) = place.node.value else {
        let such_as = "30d`, or a calendar window as in `{ calendar: month }";
        return reader.duration(place, such_as).map(Window::rolling);
    };
    let table = reader.table(place, &["calendar", "utcOffset"])?;
    let unit = reader.required(&table, "calendar", "`calendar: month`");
    let unit = unit.and_then(|place| reader.word(&place, &UNITS, ""));
    let offset = match table.value("utcOffset") {
        Some(place) => offset(reader, &place)?,
        None => UtcOffset::UTC,
    };
    Some(Window::calendar(unit?).at(offset))
}

/// `"+02:00"`.
fn offset(reader: &mut Reader<'_>, place: &Place<'_>) -> Option<UtcOffset> {
    let read = |text: &str| {
        let (sign, digits) = match text.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':')?;
        let two = |text: &str| {
            let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            two.then(|| text.parse::<i16>().ok()).flatten()
        };
        let minutes = two(minutes).filter(|minutes| *minutes < 60)?;
        UtcOffset::try_minutes(sign * (two(hours)? * 60 + minutes))
    };
    let offset = match &place.node.value {
        Value::Text(text) => read(text),
        _ => None,
    };
    if offset.is_some() {
        return offset;
    }
    reader.wrong(place, "hours and minutes ahead of UTC, at most 18:00, such as `\"+02:00\"`")
}

fn alerting(reader: &mut Reader<'_>, place: &Place<'_>, draft: &mut Draft) {
    let Some(table) = reader.table(place, &["minEvents", "alerts"]) else { return };
    if let Some(events) = table.value("minEvents").and_then(|place| reader.whole(&place)) {
        draft.min_events = events;
    }
    let Some(place) = table.value("alerts") else { return };
    let Value::List(_) = place.node.value else {
        reader.word(&place, &[("standard", ())], ", or a list of alerts");
        return;
    };
    draft.alerts_at = Some(place.spot());
    let list = reader.list(&place, "alerts").unwrap_or_default();
    let alerts: Vec<_> = list.iter().filter_map(|place| alert(reader, place)).collect();
    draft.alerts = Some(alerts);
}

fn alert(reader: &mut Reader<'_>, place: &Place<'_>) -> Option<DraftAlert> {
    let table = reader.table(place, ALERT)?;
    let urgency = reader.required(&table, "severity", "`severity: page`");
    let urgency = urgency.and_then(|place| reader.word(&place, &URGENCIES, ""));
    let long = reader.required(&table, "longWindow", "`longWindow: 1h`");
    let long = long.and_then(|place| Some((reader.duration(&place, "1h")?, place.spot())));
    let short = table.value("shortWindow");
    let short_is_told = short.is_some();
    let short = short.and_then(|place| Some((reader.duration(&place, "5m")?, place.spot())));
    let burn = reader.required(&table, "burnRate", "`burnRate: 14.4`");
    let burn = burn.and_then(|place| {
        Some((Burn::millionths(reader.decimal(&place, 6, "14.4")?), place.spot()))
    });
    // What the short one would have been is not known, and the long one is not too short for it.
    let long = long.filter(|_| short.is_some() || !short_is_told);
    Some(DraftAlert { urgency: urgency?, long, short, burn })
}

fn policy(reader: &mut Reader<'_>, place: &Place<'_>) -> DraftPolicy {
    let mut policy = DraftPolicy::default();
    let Some(table) = reader.table(place, POLICY) else { return policy };
    let mut percent = |reader: &mut Reader<'_>, name| {
        let place = table.value(name)?;
        let percent = reader.whole_percent(&place);
        policy.told |= percent.is_none();
        Some((percent?, place.spot()))
    };
    let freeze_below = percent(reader, "freezeBelow");
    let roll_back_below = percent(reader, "rollBackBelow");
    (policy.freeze_below, policy.roll_back_below) = (freeze_below, roll_back_below);
    policy.hysteresis =
        table.value("hysteresis").and_then(|place| match u8::try_from(reader.whole(&place)?) {
            Ok(points) => Some((points, place.spot())),
            Err(_) => reader.wrong(&place, POINTS),
        });
    policy.min_events = table.value("minEvents").and_then(|place| reader.whole(&place));
    policy
}

/// `+02:00`, as it is read again.
pub(super) fn signed_offset(offset: UtcOffset) -> String {
    let minutes = offset.as_minutes();
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    alloc::format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
