//! By how much numbers are beyond those that were collected earlier.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Durations;
use crate::telemetry::Attribute;
use crate::telemetry::metrics::{Data, HistogramPoint, Metric, Point};

/// The same metrics at two moments.
#[derive(Clone, Copy)]
pub(super) struct Delta<'a> {
    pub(super) earlier: &'a [Metric],
    pub(super) later: &'a [Metric],
}

impl<'a> Delta<'a> {
    /// By how much each series of a counter has grown. One that has fallen back was started again, so
    /// what it says now is what has come since; and so it is with one that was not there.
    pub(super) fn counters(self, name: &str) -> Vec<(&'a [Attribute], u64)> {
        let earlier = match data(self.earlier, name) {
            Some(Data::Counter(points)) => points.as_slice(),
            _ => &[],
        };
        let Some(Data::Counter(later)) = data(self.later, name) else { return Vec::new() };
        let growth = |(at, point): (usize, &'a Point<u64>)| {
            let before = same(earlier, at, |it| it.attributes == point.attributes);
            let before = before.map_or(0, |it| it.value);
            let grown = point.value.checked_sub(before).unwrap_or(point.value);
            (point.attributes.as_slice(), grown)
        };
        later.iter().enumerate().map(growth).collect()
    }

    /// The same for histograms: one bucket that has fallen back says that all were started again.
    pub(super) fn histograms(self, name: &str) -> Vec<(&'a [Attribute], Durations)> {
        let earlier = match data(self.earlier, name) {
            Some(Data::Histogram(points)) => points.as_slice(),
            _ => &[],
        };
        let Some(Data::Histogram(later)) = data(self.later, name) else { return Vec::new() };
        let growth = |(at, point): (usize, &'a HistogramPoint)| {
            let before = same(earlier, at, |it| it.attributes == point.attributes);
            let before = before.filter(|it| it.bounds == point.bounds);
            let grown = before.and_then(|before| {
                let pairs = point.counts.iter().zip(&before.counts);
                pairs.map(|(now, before)| now.checked_sub(*before)).collect::<Option<Vec<_>>>()
            });
            let counts = grown.unwrap_or_else(|| point.counts.clone());
            (point.attributes.as_slice(), Durations::new(point.bounds.to_vec(), counts))
        };
        later.iter().enumerate().map(growth).collect()
    }

    /// What is so now.
    pub(super) fn now(self, name: &str) -> Vec<(&'a [Attribute], f64)> {
        let numbers: Vec<(&[Attribute], f64)> = match data(self.later, name) {
            Some(Data::Gauge(points)) => {
                points.iter().map(|it| (&*it.attributes, it.value)).collect()
            }
            Some(Data::UpDownCounter(points)) => {
                points.iter().map(|it| (&*it.attributes, it.value as f64)).collect()
            }
            _ => Vec::new(),
        };
        numbers.into_iter().filter(|(_, value)| value.is_finite()).collect()
    }
}

fn data<'a>(metrics: &'a [Metric], name: &str) -> Option<&'a Data> {
    metrics.iter().find(|metric| metric.name == name).map(|metric| &metric.data)
}

/// Most series are where they were.
fn same<T>(points: &[T], at: usize, is: impl Fn(&T) -> bool) -> Option<&T> {
    points.get(at).filter(|it| is(it)).or_else(|| points.iter().find(|it| is(it)))
}

/// What an attribute says, in words.
pub(super) fn text(attributes: &[Attribute], key: &str) -> Option<String> {
    attributes.iter().find(|it| it.key == key).map(|it| match it.value.as_str() {
        Some(text) => text.to_owned(),
        None => it.value.to_string(),
    })
}
