//! The rules of one objective.
//!
//! ```text
//!  counters of all replicas ─▶ events, error ratio of each window ─┐
//!          └─▶ seen since ────────────────────────────────────────▶ burn rate ─▶ alerts, budget
//! ```

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::alert::Plain;
use super::record::{self, Over, Range, Seconds, Share};
use super::rule::{Line, record};
use super::selection::Series;
use crate::sre::arithmetic::engine::{ALERT_GRAINS, PERIOD_GRAINS};
use crate::sre::{Alert, Alerting, Definition, Indicator, LeftOut, Objective, Window, observe};
use crate::telemetry::prometheus::name;

/// With fewer samples than that in a window, one that comes late is seen in the result.
const SCRAPES_MIN: u32 = 4;
/// What windows of a calendar are put together from.
pub(super) const PART: Duration = Duration::from_secs(300);

/// One objective, and how it is seen by Prometheus.
#[derive(Debug, Clone)]
pub(in crate::sre) struct Promise<'a> {
    pub(in crate::sre) definition: &'a Definition,
    pub(in crate::sre) objective: &'a Objective,
    pub(in crate::sre) series: Series,
    pub(super) scrape: Duration,
    alerting: Alerting,
}

/// An alert as it was asked for, and with windows that Prometheus can see.
#[derive(Debug, Clone, Copy)]
pub(in crate::sre) struct Seen {
    pub(in crate::sre) asked: Alert,
    pub(in crate::sre) alert: Alert,
}

impl<'a> Promise<'a> {
    pub(super) fn new(
        definition: &'a Definition,
        objective: &'a Objective,
        series: Series,
        scrape: Duration,
    ) -> Self {
        let alerting = definition.alerting(objective);
        Self { definition, objective, series, scrape, alerting }
    }

    /// Its alerts. A window that holds too few scrapes is as long as it takes.
    pub(in crate::sre) fn alerts(&self) -> impl Iterator<Item = Seen> {
        let least = self.scrape * SCRAPES_MIN;
        self.alerting.alerts.iter().map(move |asked| {
            let (long, short) = (asked.long.max(least), asked.short.max(least));
            Seen { asked: *asked, alert: Alert { long, short, ..*asked } }
        })
    }

    pub(super) fn left_out(&self) -> &[LeftOut] {
        &self.alerting.left_out
    }

    /// The windows of its alerts, the shortest first.
    pub(in crate::sre) fn windows(&self) -> BTreeSet<Duration> {
        self.alerts().flat_map(|seen| [seen.alert.short, seen.alert.long]).collect()
    }

    /// Why there are no rules for it.
    pub(in crate::sre) fn unseen(&self) -> Option<String> {
        match self.objective.indicator {
            Indicator::Throughput { slice, .. } if slice < self.scrape * 2 => Some(format!(
                "left out: in a slice of {} there are not two scrapes, which come every {}",
                Range(slice),
                Range(self.scrape)
            )),
            _ => None,
        }
    }

    /// How long its slices are, if it is about them.
    pub(in crate::sre) fn slice(&self) -> Option<Duration> {
        match self.objective.indicator {
            Indicator::Throughput { slice, .. } => Some(slice),
            _ => None,
        }
    }

    /// What is known about slices, at the end of each.
    pub(super) fn slice_rule(&self) -> Option<Line> {
        let Indicator::Throughput { at_least, slice } = self.objective.indicator else {
            return None;
        };
        let (by, good) = (&self.series.by, self.series.counter(Some("good")));
        // Prometheus' increases are no whole numbers.
        let least = at_least.saturating_sub(1);
        Some(record(
            record::SLICE_BAD,
            format!("sum by ({by}) (increase({good}[{}])) < bool {least}.5", Range(slice)),
        ))
    }

    /// Recording rules and alerts of its windows.
    pub(super) fn rules(&self, runbook: Option<&str>) -> Vec<Line> {
        let mut windows = self.windows();
        if matches!(self.definition.window, Window::Calendar { .. }) {
            windows.insert(PART);
        }
        let mut lines = Vec::from([record(record::SEEN_SINCE, self.seen_since())]);
        for window in windows {
            lines.extend(self.window_rules(window));
        }
        for seen in self.alerts() {
            lines.extend(self.alert_rule(&seen, runbook));
        }
        let left_out = self.left_out().iter();
        lines.extend(left_out.map(|left_out| Line::Comment(left_out.to_string())));
        lines
    }

    /// The rules of the last so long.
    pub(super) fn window_rules(&self, window: Duration) -> [Line; 3] {
        let over = Over::Last(window);
        let (by, range) = (&self.series.by, Range(window));
        let increase = |outcome| {
            let counter = self.series.counter(outcome);
            format!("sum by ({by}) (increase({counter}[{range}]))")
        };
        let slices = self.series.recorded(record::SLICE_BAD);
        let (events, error) = if self.slice().is_some() {
            (
                format!("count_over_time({slices}[{range}])"),
                format!("avg_over_time({slices}[{range}])"),
            )
        } else {
            // Where nothing happened there is no ratio, and not one that is not a number.
            let all = self.series.recorded(&over.events());
            (increase(None), format!("{}\n  / ({all} > 0)", increase(Some("bad"))))
        };
        let known =
            format!("(time() - {}) / {}", self.recorded(record::SEEN_SINCE), Seconds(window));
        let burn = format!(
            "{}\n  * clamp_max({known}, 1)\n  / {}",
            self.recorded(&over.error()),
            self.budget()
        );
        [record(over.events(), events), record(over.error(), error), record(over.burn(), burn)]
    }

    /// The rules with the labels of their series, which they have anyway: promtool takes two rules for
    /// one that differ in what they ask only.
    pub(super) fn labelled(&self, mut lines: Vec<Line>) -> Vec<Line> {
        for line in &mut lines {
            let Line::Rule { kind, labels, .. } = line else { continue };
            let value = |text: &str| match *kind {
                "alert" => Plain(text).to_string(),
                _ => text.to_string(),
            };
            let own = [
                (name::label(observe::NAME).into_owned(), value(&self.definition.name)),
                (name::label(observe::OBJECTIVE).into_owned(), value(&self.objective.name)),
            ];
            labels.splice(..0, own);
        }
        lines
    }

    pub(in crate::sre) fn recorded(&self, name: &str) -> String {
        self.series.recorded(name)
    }

    pub(super) fn budget(&self) -> Share {
        Share(self.objective.target.budget_parts_per_billion())
    }

    /// When the first of the replicas was seen, as far back as the window of the promise goes, and as
    /// exactly as each window needs it.
    fn seen_since(&self) -> String {
        let grain = |window: Duration, grains: u64| {
            let seconds = window.as_secs().div_ceil(grains).max(self.scrape.as_secs()).max(1);
            (Duration::from_secs(seconds), window)
        };
        let mut grains: Vec<_> =
            self.windows().into_iter().map(|window| grain(window, ALERT_GRAINS)).collect();
        grains.push(grain(self.longest(), PERIOD_GRAINS));
        // Of those that look as closely, the one that looks back longest is enough.
        let levels: BTreeMap<_, _> = grains.into_iter().collect();
        let (by, counter) = (&self.series.by, self.series.counter(None));
        let level = |(grain, window): (&Duration, &Duration)| {
            let (grain, window) = (Range(*grain), Range(*window));
            let first =
                format!("min_over_time((time() * group by ({by}) ({counter}))[{window}:{grain}])");
            // What differs in a label is not the same to `or`.
            format!("  label_replace({first}, \"within\", \"{window}\", \"\", \"\")")
        };
        let levels: Vec<String> = levels.iter().map(level).collect();
        format!("min by ({by}) (\n{}\n)", levels.join("\n  or\n"))
    }

    /// The longest that the window of the promise can be.
    pub(super) fn longest(&self) -> Duration {
        const DAY: u64 = 86_400;
        match self.definition.window {
            Window::Rolling(length) => length,
            Window::Calendar { .. } => match self.definition.window.nominal().as_secs() / DAY {
                days @ 0..=7 => Duration::from_secs(days * DAY),
                30 => Duration::from_secs(31 * DAY),
                _ => Duration::from_secs(92 * DAY),
            },
        }
    }
}
