use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::super::reader::{Place, Reader, Spot, Table};
use super::metadata::{self, Metadata, OURS};
use crate::document::Value;
use crate::sre::Indicator;
use crate::time::text::parse_duration;

/// What an SLI says about what is counted.
#[derive(Debug, Clone)]
pub(super) struct Sli {
    pub(super) name: Option<(String, Spot)>,
    /// `None` where it could not be read, which is told already.
    metric: Option<Metric>,
    spot: Spot,
}

#[derive(Debug, Clone)]
enum Metric {
    /// Good or bad events of all.
    Ratio(Indicator),
    /// Measurements that are compared with the value of an objective.
    Threshold { kind: Option<Threshold>, unit: Option<&'static str>, slice: Option<Duration> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Threshold {
    Latency,
    Throughput,
}

/// The annotations of an SLI that say what OpenSLO has no word for.
const OWN: &[&str] = &["indicator", "unit", "slice"];

const UNITS: [(&str, &str); 6] =
    [("ns", "ns"), ("us", "us"), ("ms", "ms"), ("s", "s"), ("m", "m"), ("h", "h")];

const RATIOS: [(&str, Indicator); 3] = [
    ("availability", Indicator::Availability),
    ("error-rate", Indicator::ErrorRate),
    ("correctness", Indicator::Correctness),
];

const THRESHOLDS: [(&str, Threshold); 2] =
    [("latency", Threshold::Latency), ("throughput", Threshold::Throughput)];

const RATIO_OR_THRESHOLD: &str =
    "`ratioMetric` for good or bad events of all, or `thresholdMetric` for what is measured";

/// Reads an SLI: a document, or the `indicator` of an SLO or objective.
pub(super) fn read(reader: &mut Reader<'_>, object: &Table<'_>) -> (Option<(String, Spot)>, Sli) {
    let metadata = metadata::read(reader, object, OWN);
    let metric = reader
        .required(object, "spec", RATIO_OR_THRESHOLD)
        .and_then(|place| metric(reader, &place, &metadata));
    let spot = object.place().spot();
    (metadata.name.clone(), Sli { name: metadata.name, metric, spot })
}

impl Sli {
    pub(super) fn spot(&self) -> &Spot {
        &self.spot
    }
}

fn metric(reader: &mut Reader<'_>, spec: &Place<'_>, metadata: &Metadata<'_>) -> Option<Metric> {
    let table = reader.table(spec, &["description", "ratioMetric", "thresholdMetric"])?;
    if let Some(place) = table.value("description")
        && reader.text(&place).is_some()
    {
        reader.remark(&place, "is for people who read the file");
    }
    match (table.value("ratioMetric"), table.value("thresholdMetric")) {
        (Some(ratio), None) => {
            for name in ["unit", "slice"] {
                if let Some(place) = metadata.own(name) {
                    let message = format!("`{OURS}{name}` is for a `thresholdMetric`; remove it");
                    reader.refuse(&place.node.span, message);
                }
            }
            self::ratio(reader, &ratio, metadata)
        }
        (None, Some(threshold)) => {
            source(reader, &threshold);
            let kind = metadata.own("indicator");
            let unit = metadata.own("unit");
            let slice = metadata.own("slice");
            Some(Metric::Threshold {
                kind: match kind {
                    Some(place) => Some(reader.word(place, &THRESHOLDS, "")?),
                    None => None,
                },
                unit: match unit {
                    Some(place) => Some(reader.word(place, &UNITS, "")?),
                    None => None,
                },
                slice: match slice {
                    Some(place) => Some(reader.duration(place, "60s")?),
                    None => None,
                },
            })
        }
        (Some(_), Some(threshold)) => {
            let message =
                format!("`{}` is there beside `ratioMetric`; keep one of them", threshold.path);
            reader.refuse(&threshold.node.span, message);
            None
        }
        (None, None) => {
            let message = format!("`{}` needs a metric: {RATIO_OR_THRESHOLD}", spec.path);
            reader.refuse(&spec.node.span, message);
            None
        }
    }
}

fn ratio(reader: &mut Reader<'_>, place: &Place<'_>, metadata: &Metadata<'_>) -> Option<Metric> {
    let table = reader.table(place, &["counter", "good", "bad", "total", "raw", "rawType"])?;
    if let Some(place) = table.value("counter") {
        reader.flag(&place);
    }
    let raw = table.value("raw").or_else(|| table.value("rawType"));
    if let Some(raw) = raw {
        let message = format!(
            "`{}` is a ratio without the counts it is of, and a budget is weighted by events; write \
             `total`, and `good` or `bad`",
            raw.path
        );
        reader.refuse(&raw.node.span, message);
        return None;
    }
    let total = reader.required(&table, "total", "`total`, and `good` or `bad`");
    total.iter().for_each(|place| source(reader, place));
    let kind = match (table.value("good"), table.value("bad")) {
        (Some(good), None) => {
            source(reader, &good);
            Indicator::Availability
        }
        (None, Some(bad)) => {
            source(reader, &bad);
            Indicator::ErrorRate
        }
        (Some(_), Some(bad)) => {
            let message = format!("`{}` is there beside `good`; keep one of them", bad.path);
            reader.refuse(&bad.node.span, message);
            return None;
        }
        (None, None) => {
            let message = format!("`{}` needs `good` or `bad`, beside `total`", place.path);
            reader.refuse(&place.node.span, message);
            return None;
        }
    };
    total?;
    match metadata.own("indicator") {
        Some(place) => reader.word(place, &RATIOS, " for a `ratioMetric`").map(Metric::Ratio),
        None => Some(Metric::Ratio(kind)),
    }
}

/// A query for a metrics store: it may be any, and here nobody asks it.
fn source(reader: &mut Reader<'_>, metric: &Place<'_>) {
    let Some(table) = reader.table(metric, &["metricSource"]) else { return };
    let such_as = "what another program asks, or `metricSource: { type: reliability }`";
    let Some(source) = reader.required(&table, "metricSource", such_as) else { return };
    let Some(table) = reader.table(&source, &["metricSourceRef", "type", "spec"]) else { return };
    let reference = table.value("metricSourceRef").and_then(|place| reader.text(&place));
    let kind = table.value("type").and_then(|place| reader.text(&place));
    if let Some(spec) = table.value("spec") {
        reader.any_table(&spec);
    }
    if reference.is_some() || kind != Some(super::write::SOURCE) {
        reader.remark(&source, "is for other programs; here the process counts its own calls");
    }
}

/// What an objective counts, by its SLI and the value it compares with.
pub(super) fn of_objective(
    reader: &mut Reader<'_>,
    sli: &Sli,
    objective: &Table<'_>,
) -> Option<(Indicator, Spot)> {
    let (op, value) = (objective.value("op"), objective.value("value"));
    let metric = sli.metric.as_ref()?;
    let Metric::Threshold { kind, unit, slice } = metric else {
        let Metric::Ratio(indicator) = metric else { return None };
        for place in op.iter().chain(&value) {
            let message = format!(
                "`{}` says nothing of a `ratioMetric`; remove it, or measure with a `thresholdMetric`",
                place.path
            );
            reader.refuse(&place.node.span, message);
        }
        return Some((*indicator, sli.spot.clone()));
    };
    let op = reader.required(objective, "op", "`op: lt`");
    let value = reader.required(objective, "value", "`value: 0.5`");
    let op = op.and_then(|place| Some((reader.word(&place, &OPERATORS, "")?, place)));
    let ((direction, inclusive), op) = op?;
    if kind.is_some_and(|kind| kind != direction) {
        let message = format!(
            "`{}` must be `lt` or `lte` for a latency and `gt` or `gte` for a throughput",
            op.path
        );
        reader.refuse(&op.node.span, message);
        return None;
    }
    let value = value?;
    let indicator = match direction {
        Threshold::Latency => latency(reader, &value, *unit, inclusive)?,
        Threshold::Throughput => throughput(reader, &value, *slice, inclusive)?,
    };
    Some((indicator, value.spot()))
}

/// What is good: below the value, or above it; and whether the value itself is.
const OPERATORS: [(&str, (Threshold, bool)); 4] = [
    ("lt", (Threshold::Latency, false)),
    ("lte", (Threshold::Latency, true)),
    ("gt", (Threshold::Throughput, false)),
    ("gte", (Threshold::Throughput, true)),
];

fn latency(
    reader: &mut Reader<'_>,
    value: &Place<'_>,
    unit: Option<&str>,
    inclusive: bool,
) -> Option<Indicator> {
    let Some(unit) = unit else {
        let message = format!(
            "`{}` has no unit, and OpenSLO has no place for one; annotate the indicator with \
             `{OURS}unit: ms`, or `s`",
            value.path
        );
        reader.refuse(&value.node.span, message);
        return None;
    };
    let number = match value.node.value {
        Value::Whole(_) | Value::Number(_) => {
            let written = reader.written(&value.node.span);
            let plain = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            plain.then(|| parse_duration(&format!("{written}{unit}")).ok()).flatten()
        }
        _ => None,
    };
    let Some(threshold) = number else {
        return reader.wrong(value, "a number that is exact to a nanosecond, such as 0.5");
    };
    // Latencies are whole nanoseconds: at most so many is less than one more.
    let threshold = if inclusive { threshold + Duration::from_nanos(1) } else { threshold };
    Some(Indicator::Latency { threshold })
}

fn throughput(
    reader: &mut Reader<'_>,
    value: &Place<'_>,
    slice: Option<Duration>,
    inclusive: bool,
) -> Option<Indicator> {
    let Some(slice) = slice else {
        let message = format!(
            "`{}` is so many calls in how long a slice of time? annotate the indicator with \
             `{OURS}slice: 60s`",
            value.path
        );
        reader.refuse(&value.node.span, message);
        return None;
    };
    let at_least = reader.whole(value)?;
    let at_least = if inclusive { at_least } else { at_least.saturating_add(1) };
    Some(Indicator::Throughput { at_least, slice })
}
