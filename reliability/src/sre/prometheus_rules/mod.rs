//! Promises as rules for Prometheus.

mod alert;
mod budget;
mod objective;
pub(super) mod record;
mod rule;
mod selection;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

pub(super) use objective::Promise;
use rule::{Comment, Group, Line};
pub(super) use selection::Selection;

use super::slo::registry;
use super::{Definition, GrafanaDashboard, InvalidDefinition, Slo};
use crate::json::Text;

/// Budgets change slowly, and a month takes long to add up.
const BUDGET_INTERVAL: Duration = Duration::from_secs(120);
const SCRAPE_MIN: Duration = Duration::from_secs(1);
/// What was not scraped for five minutes is gone for Prometheus.
const SCRAPE_MAX: Duration = Duration::from_secs(120);

/// Recording rules and alerts for Prometheus: the same promises, for all replicas together.
///
/// A process knows its own budget. What several replicas promise together, and what is left of it
/// when all of them are gone, whoever scrapes them knows. [`Display`](fmt::Display) writes the file.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, PrometheusRules, Target, Window};
///
/// let checkout = Definition::new("checkout", Window::days(30))
///     .objective(Objective::availability(Target::percent("99.9")));
///
/// let rules = PrometheusRules::of_definitions([checkout])?
///     .by("k8s.namespace.name")
///     .runbooks("https://runbooks.example/slo")
///     .to_string();
/// assert!(rules.contains("
///       - alert: SloBudgetBurns
///         expr: |
///           slo:burn_rate:ratio_increase1h{reliability_slo_name=\"checkout\", \
///            reliability_slo_objective=\"availability\"} > 14.4
/// "));
/// assert!(rules.contains("runbook_url: \"https://runbooks.example/slo/checkout\""));
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
///
/// # What they say
///
/// The same as [`Status`](super::Status) says in the process, by the same maths:
///
/// - Counters of all replicas are added up before anything is divided. One that begins at zero again
///   was restarted.
/// - Where nothing happened there is no ratio and no burn rate, rather than one that is not a number.
/// - What was before the first scrape counts as clean, with as much traffic as the rest.
/// - With fewer events than [`min_events`](Definition::min_events) in its long window no alert fires.
/// - Standard alerts that can never fire are left out, and a comment says so.
///
/// Prometheus does not see when between two scrapes something happened, nor what a replica counted
/// before its first scrape or after its last one. So an alert may begin or end a scrape later than in
/// the process, and a window that holds fewer than four scrapes is as long as four.
#[derive(Debug, Clone)]
pub struct PrometheusRules {
    pub(super) selection: Selection,
    scrape: Duration,
    runbooks: Option<String>,
}

/// The rules of all promises of the process, called or not.
///
/// # Examples
///
/// A program that prints them when it is asked to:
///
/// ```
/// use reliability::sre;
///
/// if std::env::args().any(|argument| argument == "--rules") {
///     println!("{}", sre::prometheus_rules());
/// }
/// ```
pub fn prometheus_rules() -> PrometheusRules {
    PrometheusRules::of(registry::all())
}

impl PrometheusRules {
    /// The rules of these promises.
    ///
    /// Of several with one name, the first is in; a comment names the others.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::sre::{self, PrometheusRules};
    ///
    /// // Of all promises of this process, for a server that asks every 15 seconds.
    /// let rules = PrometheusRules::of(sre::all()).scrape_interval(Duration::from_secs(15));
    /// println!("{rules}");
    /// ```
    pub fn of(slos: impl IntoIterator<Item = Slo>) -> Self {
        let definitions = slos.into_iter().map(|slo| slo.definition().clone());
        let selection = Selection::of(definitions);
        Self { selection, scrape: Duration::from_secs(30), runbooks: None }
    }

    /// The rules of promises that somebody else keeps.
    ///
    /// # Errors
    ///
    /// [`InvalidDefinition`] about the first that makes no sense.
    pub fn of_definitions(
        definitions: impl IntoIterator<Item = Definition>,
    ) -> Result<Self, InvalidDefinition> {
        let definitions: Vec<_> = definitions.into_iter().collect();
        definitions.iter().try_for_each(Definition::check)?;
        let selection = Selection::of(definitions);
        Ok(Self { selection, scrape: Duration::from_secs(30), runbooks: None })
    }

    /// How often Prometheus scrapes the process, and evaluates the rules: one second to two minutes.
    /// Default: 30 s.
    #[must_use]
    pub fn scrape_interval(mut self, interval: Duration) -> Self {
        self.scrape = interval.clamp(SCRAPE_MIN, SCRAPE_MAX);
        self
    }

    /// A promise for each value of that label: of what has another value, nothing is added.
    ///
    /// Takes an attribute of OpenTelemetry as well, which is the label `service_name` for
    /// `service.name`.
    #[must_use]
    pub fn by(mut self, label: &str) -> Self {
        self.selection.keep(label, None);
        self
    }

    /// Only what has that value of the label counts: one environment of several, for example.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre;
    ///
    /// let rules = sre::prometheus_rules().only("env", "production").by("cluster");
    /// # let _ = rules.to_string();
    /// ```
    #[must_use]
    pub fn only(mut self, label: &str, value: &str) -> Self {
        self.selection.keep(label, Some(value));
        self
    }

    /// Where it is written what to do: each alert has the address, `/`, and the name of its promise as
    /// `runbook_url`.
    #[must_use]
    pub fn runbooks(mut self, address: &str) -> Self {
        self.runbooks = Some(address.trim_end_matches('/').to_string());
        self
    }

    /// A dashboard for Grafana that shows what these rules record.
    pub fn dashboard(&self) -> GrafanaDashboard {
        GrafanaDashboard::new(self.clone())
    }

    /// The objectives of a promise, with matchers for the labels that are kept apart.
    pub(super) fn promises_for<'a>(
        &self,
        definition: &'a Definition,
        matcher: impl Fn(&str, Option<&str>) -> Option<String>,
    ) -> Vec<Promise<'a>> {
        let of = |objective| {
            let series = self.selection.series(definition, objective, &matcher);
            Promise::new(definition, objective, series, self.scrape)
        };
        definition.objectives().iter().map(of).collect()
    }

    fn groups(&self, definition: &Definition) -> Vec<Group> {
        let matcher = |label: &str, only: Option<&str>| Some(format!("{label}={}", Text(only?)));
        let promises = self.promises_for(definition, matcher);
        let (mut slices, mut rules, mut budgets) = (Vec::new(), Vec::new(), Vec::new());
        let runbook = self.runbooks.as_ref().map(|at| format!("{at}/{}", InPath(&definition.name)));
        for promise in &promises {
            let heading = Line::Comment(promise.objective.to_string());
            rules.push(heading.clone());
            if let Some(why) = promise.unseen() {
                rules.push(Line::Comment(why));
                continue;
            }
            if let (Some(slice), Some(rule)) = (promise.slice(), promise.slice_rule()) {
                let name = Text(&definition.name).to_string();
                let name = format!("slo slices: {name}, {}", Text(&promise.objective.name));
                slices.push(Group {
                    name,
                    interval: slice,
                    lines: promise.labelled(Vec::from([rule])),
                });
            }
            rules.extend(promise.labelled(promise.rules(runbook.as_deref())));
            budgets.push(heading);
            budgets.extend(promise.labelled(promise.budget_rules()));
        }
        if let (Some(start), false) = (budget::window_start(definition), budgets.is_empty()) {
            budgets.insert(0, start);
        }
        let mut groups = slices;
        let has_rules = |lines: &[Line]| lines.iter().any(|line| !matches!(line, Line::Comment(_)));
        for (name, interval, lines) in [
            (format!("slo: {}", definition.name), self.scrape, rules),
            (format!("slo budget: {}", definition.name), self.scrape.max(BUDGET_INTERVAL), budgets),
        ] {
            if has_rules(&lines) || lines.len() > 1 {
                groups.push(Group { name, interval, lines });
            }
        }
        groups
    }
}

impl fmt::Display for PrometheusRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { definitions, left_out, .. } = &self.selection;
        writeln!(f, "# Generated from promises: change those, and generate it again.")?;
        for definition in left_out {
            let text = format!("left out, because its name is taken: {definition}");
            writeln!(f, "{}", Comment(&text))?;
        }
        if definitions.is_empty() {
            return writeln!(f, "groups: []");
        }
        writeln!(f, "groups:")?;
        for definition in definitions {
            writeln!(f, "  {}", Comment(&definition.to_string()))?;
            self.groups(definition).iter().try_for_each(|group| group.fmt(f))?;
        }
        Ok(())
    }
}

/// A name as one segment of an address.
struct InPath<'a>(&'a str);

impl fmt::Display for InPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                write!(f, "{}", char::from(byte))
            }
            byte => write!(f, "%{byte:02X}"),
        })
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
