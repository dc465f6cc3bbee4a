//! Points with the same attributes become one.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::cmp::Ordering;
use std::time::SystemTime;

use super::collection::Conflict;
use super::{Data, Exemplar, HistogramPoint, Metric, Point};
use crate::telemetry::{Attribute, Value};

/// Puts the points of a metric in order, and makes one of those that are about the same.
pub(super) fn merge(metric: &mut Metric, conflicts: &mut Vec<Conflict>) {
    match &mut metric.data {
        Data::Counter(points) => merge_points(points, |sum, more: u64| sum.saturating_add(more)),
        Data::UpDownCounter(points) => {
            merge_points(points, |sum, more: i64| sum.saturating_add(more));
        }
        Data::Gauge(points) => merge_points(points, |_, last: f64| last),
        Data::Histogram(points) => {
            points.iter_mut().for_each(|point| in_order(&mut point.attributes));
            points.sort_by(|a, b| compare(&a.attributes, &b.attributes));
            merge_histograms(&metric.name, points, conflicts);
        }
    }
}

fn merge_points<T: Copy>(points: &mut Vec<Point<T>>, both: impl Fn(T, T) -> T) {
    points.iter_mut().for_each(|point| in_order(&mut point.attributes));
    // Stable, so that the last one told stays the last.
    points.sort_by(|a, b| compare(&a.attributes, &b.attributes));
    points.dedup_by(|next, kept| {
        let same = compare(&kept.attributes, &next.attributes).is_eq();
        if same {
            kept.value = both(kept.value, next.value);
            kept.since = earlier(kept.since, next.since);
            kept.exemplar = later(kept.exemplar, next.exemplar);
        }
        same
    });
}

fn merge_histograms(name: &str, points: &mut Vec<HistogramPoint>, conflicts: &mut Vec<Conflict>) {
    points.dedup_by(|next, kept| {
        if compare(&kept.attributes, &next.attributes).is_ne() {
            return false;
        }
        if kept.bounds != next.bounds || kept.counts.len() != next.counts.len() {
            conflicts.push(Conflict {
                name: name.to_owned(),
                kept: alloc::format!("bounds {:?}", kept.bounds),
                left_out: alloc::format!("bounds {:?}", next.bounds),
            });
            return true;
        }
        for (sum, more) in kept.counts.iter_mut().zip(&next.counts) {
            *sum = sum.saturating_add(*more);
        }
        kept.sum += next.sum;
        kept.since = earlier(kept.since, next.since);
        kept.exemplars.append(&mut next.exemplars);
        true
    });
    points.iter_mut().for_each(one_exemplar_per_bucket);
}

/// The newest one.
fn one_exemplar_per_bucket(point: &mut HistogramPoint) {
    let bounds = &point.bounds;
    let bucket = |exemplar: &Exemplar| bounds.partition_point(|bound| exemplar.value > *bound);
    point.exemplars.sort_by_key(|exemplar| (bucket(exemplar), core::cmp::Reverse(exemplar.at)));
    point.exemplars.dedup_by_key(|exemplar| bucket(exemplar));
}

/// `None` is since the start of the process, which is before everything.
fn earlier(a: Option<SystemTime>, b: Option<SystemTime>) -> Option<SystemTime> {
    Some(a?.min(b?))
}

fn later(a: Option<Exemplar>, b: Option<Exemplar>) -> Option<Exemplar> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.at >= a.at { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// By key; of several with one key the last one stays, as OpenTelemetry has it.
fn in_order(attributes: &mut Vec<Attribute>) {
    if attributes.is_sorted_by(|a, b| a.key < b.key) {
        return;
    }
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    attributes.dedup_by(|next, kept| {
        let same = next.key == kept.key;
        if same {
            core::mem::swap(next, kept);
        }
        same
    });
}

fn compare(a: &[Attribute], b: &[Attribute]) -> Ordering {
    let pairs = a
        .iter()
        .zip(b)
        .map(|(a, b)| a.key.cmp(&b.key).then_with(|| compare_values(&a.value, &b.value)));
    pairs.into_iter().find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
}

/// Any order will do, as long as values are equal only if they are the same.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Boolean(_) => 0,
        Value::Integer(_) => 1,
        Value::Float(_) => 2,
        Value::Text(_) => 3,
    }
}
