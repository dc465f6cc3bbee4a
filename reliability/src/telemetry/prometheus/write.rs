use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;
use std::time::UNIX_EPOCH;

use super::{Format, name};
use crate::telemetry::metrics::{Data, Exemplar, HistogramPoint, Metric, Point};
use crate::telemetry::{Attribute, Resource};

/// Metrics as Prometheus reads them, with what is known of the process as `target_info`.
///
/// Two metrics whose names differ only in what Prometheus does not tell apart, as `a.b` and `a_b`,
/// cannot both be told: the second one is left out, and a comment says so.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::prometheus::{self, Format};
/// use reliability::telemetry::metrics::{Collection, Descriptor};
/// use reliability::telemetry::{Attribute, Resource};
///
/// const SOLD: Descriptor = Descriptor::new("shop.sold", "g", "Tea that was sold.");
/// let mut collection = Collection::new();
/// collection.counter(&SOLD, vec![Attribute::new("tea.kind", "Assam \"gold\"")], 250);
///
/// let text = prometheus::render(&collection.finish(), &Resource::empty(), Format::Text);
/// assert!(text.contains("# TYPE shop_sold_grams_total counter\n"));
/// assert!(text.ends_with("\nshop_sold_grams_total{tea_kind=\"Assam \\\"gold\\\"\"} 250\n"));
/// ```
pub fn render(metrics: &[Metric], resource: &Resource, format: Format) -> String {
    let mut text = Text { out: String::new(), format };
    text.target_info(resource);
    let mut told = BTreeSet::from([String::from("target")]);
    for metric in metrics {
        let (family, unit) = name::family(metric);
        if told.insert(family.clone()) {
            text.metric(metric, &family, unit.as_deref());
        } else if format == Format::Text {
            // OpenMetrics has no comments.
            let _ = writeln!(text.out, "# {} is left out: there is another {family}", metric.name);
        }
    }
    if format == Format::OpenMetrics {
        text.out.push_str("# EOF\n");
    }
    text.out
}

struct Text {
    out: String,
    format: Format,
}

impl Text {
    fn target_info(&mut self, resource: &Resource) {
        if resource.attributes().is_empty() {
            return;
        }
        let (name, kind) = match self.format {
            Format::Text => ("target_info", "gauge"),
            Format::OpenMetrics => ("target", "info"),
        };
        self.head(name, kind, None, "What is known of the process.");
        self.sample("target_info", &Labels::of(resource.attributes()), "1", None);
    }

    fn metric(&mut self, metric: &Metric, family: &str, unit: Option<&str>) {
        let about = &metric.description;
        match &metric.data {
            Data::Counter(points) => {
                let sample = alloc::format!("{family}_total");
                let name = if self.format == Format::Text { &*sample } else { family };
                self.head(name, "counter", unit, about);
                for Point { attributes, value, exemplar, .. } in points {
                    let labels = Labels::of(attributes);
                    self.sample(&sample, &labels, &value.to_string(), exemplar.as_ref());
                }
            }
            Data::UpDownCounter(points) => {
                self.head(family, "gauge", unit, about);
                for point in points {
                    let labels = Labels::of(&point.attributes);
                    self.sample(family, &labels, &point.value.to_string(), None);
                }
            }
            Data::Gauge(points) => {
                self.head(family, "gauge", unit, about);
                for point in points {
                    self.sample(family, &Labels::of(&point.attributes), &number(point.value), None);
                }
            }
            Data::Histogram(points) => {
                self.head(family, "histogram", unit, about);
                points.iter().for_each(|point| self.histogram(family, point));
            }
        }
    }

    fn histogram(&mut self, family: &str, point: &HistogramPoint) {
        let HistogramPoint { attributes, bounds, counts, sum, exemplars, .. } = point;
        let mut labels = Labels::of(attributes);
        // What is called like the label of the bounds must make room for it.
        if let Some(value) = labels.0.remove("le") {
            labels.0.insert(Cow::Borrowed("exported_le"), value);
        }
        let bucket_of =
            |exemplar: &&Exemplar| bounds.partition_point(|bound| exemplar.value > *bound);
        let (name, mut below) = (alloc::format!("{family}_bucket"), 0_u64);
        for (bucket, count) in counts.iter().enumerate() {
            below = below.saturating_add(*count);
            let bound = bounds.get(bucket).map_or(f64::INFINITY, |bound| *bound);
            labels.0.insert(Cow::Borrowed("le"), self.bound(bound));
            let exemplar = exemplars.iter().find(|exemplar| bucket_of(exemplar) == bucket);
            self.sample(&name, &labels, &below.to_string(), exemplar);
        }
        labels.0.remove("le");
        self.sample(&alloc::format!("{family}_sum"), &labels, &number(*sum), None);
        self.sample(&alloc::format!("{family}_count"), &labels, &below.to_string(), None);
    }

    /// OpenMetrics wants bounds that are whole numbers to end in `.0`.
    fn bound(&self, bound: f64) -> String {
        match self.format {
            Format::OpenMetrics if bound.is_finite() => alloc::format!("{bound:?}"),
            _ => number(bound),
        }
    }

    fn head(&mut self, name: &str, kind: &str, unit: Option<&str>, about: &str) {
        let _ = write!(self.out, "# HELP {name} ");
        escape(about, self.format == Format::OpenMetrics, &mut self.out);
        let _ = write!(self.out, "\n# TYPE {name} {kind}\n");
        if let Some(unit) = unit.filter(|_| self.format == Format::OpenMetrics) {
            let _ = writeln!(self.out, "# UNIT {name} {unit}");
        }
    }

    fn sample(&mut self, name: &str, labels: &Labels<'_>, value: &str, of: Option<&Exemplar>) {
        self.out.push_str(name);
        labels.write(&mut self.out);
        self.out.push(' ');
        self.out.push_str(value);
        if let Some(exemplar) = of.filter(|_| self.format == Format::OpenMetrics) {
            let Exemplar { value, at, trace_id, span_id } = exemplar;
            let ids = alloc::format!("{{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}}");
            let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            let _ = write!(self.out, " # {ids} {} {at:.3}", number(*value));
        }
        self.out.push('\n');
    }
}

/// The labels of a sample, by name.
struct Labels<'a>(BTreeMap<Cow<'a, str>, String>);

impl<'a> Labels<'a> {
    /// Of keys that become one label, values are put together in the order of the keys.
    fn of(attributes: &'a [Attribute]) -> Self {
        let mut in_order: Vec<_> = attributes.iter().collect();
        in_order.sort_by(|a, b| a.key.cmp(&b.key));
        let mut labels = BTreeMap::<Cow<'a, str>, String>::new();
        for attribute in in_order {
            let value = attribute.value.to_string();
            labels
                .entry(name::label(&attribute.key))
                .and_modify(|all| {
                    all.push(';');
                    all.push_str(&value);
                })
                .or_insert(value);
        }
        Self(labels)
    }

    fn write(&self, out: &mut String) {
        for (index, (name, value)) in self.0.iter().enumerate() {
            out.push(if index == 0 { '{' } else { ',' });
            out.push_str(name);
            out.push_str("=\"");
            escape(value, true, out);
            out.push('"');
        }
        if !self.0.is_empty() {
            out.push('}');
        }
    }
}

fn escape(text: &str, quotes: bool, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            letter => out.push(letter),
        }
    }
}

/// As Go reads it.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".into() } else { "-Inf".into() }
    } else {
        // The shortest digits that are this number; the other way of writing it has hundreds of them.
        let digits = alloc::format!("{value:?}");
        digits.strip_suffix(".0").map_or_else(|| digits.clone(), Into::into)
    }
}
