//! Promises as a dashboard.

mod layout;
mod panels;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::prometheus_rules::record::BUDGET_REMAINING;
use super::prometheus_rules::{PrometheusRules, Promise, prometheus_rules};
use crate::fnv::Fnv;
use crate::json::{Text, Value};
use layout::Layout;

/// A dashboard for Grafana, as the JSON that it imports.
///
/// Which source of data it reads, and what [`by`](PrometheusRules::by) keeps apart, is chosen at the
/// top of the page. It shows what the rules record, so Prometheus must have those.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, PrometheusRules, Target, Window};
///
/// let checkout = Definition::new("checkout", Window::days(30))
///     .objective(Objective::availability(Target::percent("99.9")));
///
/// let rules = PrometheusRules::of_definitions([checkout])?.by("namespace");
/// let dashboard = rules.dashboard().title("The shop");
/// assert_eq!(dashboard.uid(), "the-shop-d73d1d3c849f5588");
/// assert!(dashboard.to_string().contains("\"title\": \"checkout: availability 99.9%\""));
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
#[derive(Debug, Clone)]
pub struct GrafanaDashboard {
    rules: PrometheusRules,
    title: String,
}

/// The dashboard of all promises of the process, called or not, for the rules that
/// [`prometheus_rules`] gives.
///
/// # Examples
///
/// ```
/// use reliability::sre;
///
/// if std::env::args().any(|argument| argument == "--dashboard") {
///     println!("{}", sre::grafana_dashboard().title("The shop"));
/// }
/// ```
pub fn grafana_dashboard() -> GrafanaDashboard {
    prometheus_rules().dashboard()
}

impl GrafanaDashboard {
    pub(super) fn new(rules: PrometheusRules) -> Self {
        Self { rules, title: "Service level objectives".into() }
    }

    /// What it is called; give those of different services different titles, since the
    /// [`uid`](GrafanaDashboard::uid) comes from it.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// What Grafana knows it by: the same as long as the title is, so that an import replaces what was
    /// there. At most 40 of `a-z`, `0-9` and `-`.
    pub fn uid(&self) -> String {
        let mut name = String::new();
        for letter in self.title.chars().map(|letter| letter.to_ascii_lowercase()) {
            if letter.is_ascii_alphanumeric() {
                name.push(letter);
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        name.truncate(23);
        format!("{}-{:016x}", name.trim_matches('-'), Fnv::of(self.title.as_bytes()))
            .trim_matches('-')
            .into()
    }

    fn json(&self) -> Value {
        let mut layout = Layout::new();
        let selection = &self.rules.selection;
        let seen = |definition| -> Vec<Promise<'_>> {
            let promises = self.rules.promises_for(definition, |label, only| {
                Some(match only {
                    Some(value) => format!("{label}={}", Text(value)),
                    None => format!("{label}=~\"${label}\""),
                })
            });
            promises.into_iter().filter(|promise| promise.unseen().is_none()).collect()
        };
        let promises: Vec<_> = selection.definitions.iter().flat_map(seen).collect();
        panels::overview(&promises, &mut layout);
        promises.iter().for_each(|promise| panels::promise(promise, &mut layout));
        let apart = selection.kept.iter().filter(|(_, only)| only.is_none());
        let mut variables = Vec::from([datasource_variable()]);
        variables.extend(apart.map(|(label, _)| variable(label)));
        Value::object([
            ("uid", self.uid().into()),
            ("title", self.title.as_str().into()),
            ("tags", Value::list(["slo".into()])),
            ("editable", true.into()),
            ("graphTooltip", 1_u32.into()),
            ("refresh", "1m".into()),
            ("schemaVersion", 39_u32.into()),
            ("time", Value::object([("from", "now-24h".into()), ("to", "now".into())])),
            ("timezone", "browser".into()),
            ("templating", Value::object([("list", Value::List(variables))])),
            ("annotations", Value::object([("list", Value::list([]))])),
            ("links", Value::list([])),
            ("panels", Value::List(layout.panels)),
        ])
    }
}

/// Which Prometheus is asked.
fn datasource_variable() -> Value {
    Value::object([
        ("name", "datasource".into()),
        ("label", "Prometheus".into()),
        ("type", "datasource".into()),
        ("query", "prometheus".into()),
        ("refresh", 1_u32.into()),
        ("includeAll", false.into()),
        ("multi", false.into()),
        ("current", Value::object([])),
        ("options", Value::list([])),
    ])
}

/// What is kept apart by a label.
fn variable(label: &str) -> Value {
    let query = format!("label_values({BUDGET_REMAINING}, {label})");
    let all = Value::object([("text", "All".into()), ("value", "$__all".into())]);
    Value::object([
        ("name", label.into()),
        ("label", label.into()),
        ("type", "query".into()),
        ("datasource", panels::datasource()),
        ("definition", query.as_str().into()),
        ("query", Value::object([("query", query.into()), ("refId", label.into())])),
        ("refresh", 2_u32.into()),
        ("sort", 1_u32.into()),
        ("includeAll", true.into()),
        ("allValue", ".*".into()),
        ("multi", true.into()),
        ("current", all),
        ("options", Value::list([])),
    ])
}

impl fmt::Display for GrafanaDashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.json())
    }
}
