use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::Layout;
use crate::json::{Text, Value};
use crate::sre::prometheus_rules::Promise;
use crate::sre::prometheus_rules::record::{ALERT, BUDGET_REMAINING, Over, Range};
use crate::sre::{Alert, Definition, observe};
use crate::telemetry::prometheus::name;

const GREEN: &str = "green";
const ORANGE: &str = "orange";
const RED: &str = "red";

/// The source that was chosen at the top.
pub(super) fn datasource() -> Value {
    Value::object([("type", "prometheus".into()), ("uid", "${datasource}".into())])
}

/// What is left of each budget, the least first.
pub(super) fn overview(promises: &[Promise<'_>], layout: &mut Layout) {
    if promises.is_empty() {
        return;
    }
    let left = |promise: &Promise<'_>| promise.recorded(BUDGET_REMAINING);
    let all = promises.iter().map(left).collect::<Vec<_>>().join("\n  or ");
    let legend =
        [observe::NAME, observe::OBJECTIVE].map(|key| format!("{{{{{}}}}}", name::label(key)));
    let expr = format!("sort({all})");
    let mut panel = Panel::new("bargauge", "What is left of each budget");
    panel.unit("percentunit").range(0.0, 1.0).steps(budget_steps(promises[0].definition));
    panel.query(Query { expr, legend: legend.join(": "), instant: true });
    panel.options.push(("orientation", "horizontal".into()));
    let height = u32::try_from(promises.len()).unwrap_or(u32::MAX).clamp(3, 20) + 2;
    layout.add(24, height, panel.json());
}

/// One objective.
pub(super) fn promise(promise: &Promise<'_>, layout: &mut Layout) {
    let Promise { definition, objective, .. } = promise;
    layout.heading(&format!("{}: {objective}", definition.name));
    layout.add(4, 7, budget_now(promise));
    layout.add(4, 7, lasts(promise));
    layout.add(4, 7, counts(promise));
    layout.add(12, 7, budget_then(promise));
    layout.add(8, 8, burn(promise));
    layout.add(8, 8, errors(promise));
    layout.add(8, 8, events(promise));
    if promise.alerts().next().is_some() {
        layout.add(24, 5, alerts(promise));
    }
}

fn budget_now(promise: &Promise<'_>) -> Value {
    let mut panel = Panel::new("stat", "Budget left");
    panel.about(&format!(
        "Of the budget over {}. Below 0: the promise is broken.",
        promise.definition.window
    ));
    panel.unit("percentunit").steps(budget_steps(promise.definition));
    panel.query(Query::now(promise.recorded(BUDGET_REMAINING)));
    panel.json()
}

fn lasts(promise: &Promise<'_>) -> Value {
    let over = promise.alerts().next().map(|seen| Over::Last(seen.alert.long));
    let over = over.unwrap_or(Over::window(promise.definition.window));
    let seconds = promise.definition.window.nominal().as_secs();
    let (left, burn) = (promise.recorded(BUDGET_REMAINING), promise.recorded(&over.burn()));
    let mut panel = Panel::new("stat", "Lasts");
    panel.about(&format!("How long the budget lasts if it burns on as in the last {over}."));
    panel.unit("s");
    panel.query(Query::now(format!("({left} > 0) * {seconds} / ({burn} > 0)")));
    panel.json()
}

fn counts(promise: &Promise<'_>) -> Value {
    let over = Over::window(promise.definition.window);
    let (events, error) = (promise.recorded(&over.events()), promise.recorded(&over.error()));
    let mut panel = Panel::new("stat", if promise.slice().is_some() { "Slices" } else { "Events" });
    panel.about(&format!("Over {}.", promise.definition.window));
    panel.unit("short");
    panel.query(Query { expr: events.clone(), legend: "all".into(), instant: true });
    panel.query(Query { expr: format!("{error} * {events}"), legend: "bad".into(), instant: true });
    panel.json()
}

fn budget_then(promise: &Promise<'_>) -> Value {
    let mut panel = Panel::new("timeseries", "Budget left");
    panel.unit("percentunit").steps(budget_steps(promise.definition)).lines();
    panel.query(Query::then(promise.recorded(BUDGET_REMAINING), promise, "left"));
    panel.json()
}

fn burn(promise: &Promise<'_>) -> Value {
    let mut panel = Panel::new("timeseries", "Burn rate");
    panel.about("How fast the budget burns; at 1 it lasts as long as its window. An alert fires when both of its windows are above its line.");
    panel.unit("none");
    let alerts: Vec<Alert> = promise.alerts().map(|seen| seen.alert).collect();
    let lines: BTreeSet<_> = alerts.iter().map(|alert| alert.burn).collect();
    let line = |burn: &crate::sre::Burn| (Some(burn.as_millionths() as f64 / 1e6), RED);
    panel.steps([(None, GREEN)].into_iter().chain(lines.iter().map(line)).collect()).lines();
    for window in windows(promise) {
        panel.query(Query::then(promise.recorded(&window.burn()), promise, &window.to_string()));
    }
    panel.json()
}

fn errors(promise: &Promise<'_>) -> Value {
    let budget = f64::from(promise.objective.target.budget_parts_per_billion()) / 1e9;
    let mut panel = Panel::new("timeseries", "Share that was bad");
    panel.about("The line is what may be bad.");
    panel.unit("percentunit").steps(Vec::from([(None, GREEN), (Some(budget), RED)])).lines();
    for window in windows(promise) {
        panel.query(Query::then(promise.recorded(&window.error()), promise, &window.to_string()));
    }
    panel.json()
}

fn events(promise: &Promise<'_>) -> Value {
    let mut panel = Panel::new("timeseries", "Events per second");
    panel.unit("ops");
    let range = Range(promise.windows().first().copied().unwrap_or(Duration::from_secs(300)));
    let outcomes: &[&str] = if promise.slice().is_some() { &["good"] } else { &["good", "bad"] };
    for outcome in outcomes {
        let (by, counter) = (&promise.series.by, promise.series.counter(Some(outcome)));
        let expr = format!("sum by ({by}) (rate({counter}[{range}]))");
        panel.query(Query::then(expr, promise, outcome));
    }
    panel.json()
}

fn alerts(promise: &Promise<'_>) -> Value {
    let alerts = promise.recorded("ALERTS");
    let alerts = alerts.trim_end_matches('}');
    let expr = format!(
        "max by (severity, window) ({alerts}, alertname={}, alertstate=\"firing\"}})",
        Text(ALERT)
    );
    let mut panel = Panel::new("state-timeline", "Alerts");
    panel.about("While something burns too fast, for whom that is.");
    panel.steps(Vec::from([(None, GREEN), (Some(1.0), RED)]));
    panel.query(Query { expr, legend: "{{severity}} {{window}}".into(), instant: false });
    panel.options.push(("showValue", "never".into()));
    panel.json()
}

fn windows(promise: &Promise<'_>) -> Vec<Over> {
    let windows: Vec<_> = promise.windows().into_iter().map(Over::Last).collect();
    if windows.is_empty() { Vec::from([Over::window(promise.definition.window)]) } else { windows }
}

/// Colours by what follows from a budget.
fn budget_steps(definition: &Definition) -> Vec<(Option<f64>, &'static str)> {
    let share = |percent: i16| Some(f64::from(percent) / 100.0);
    let policy = &definition.policy;
    Vec::from([
        (None, RED),
        (share(policy.roll_back_below_percent), ORANGE),
        (share(policy.freeze_below_percent), GREEN),
    ])
}

struct Query {
    expr: String,
    legend: String,
    instant: bool,
}

impl Query {
    fn now(expr: String) -> Self {
        Self { expr, legend: String::new(), instant: true }
    }

    /// Over time, called `what` and by what is kept apart.
    fn then(expr: String, promise: &Promise<'_>, what: &str) -> Self {
        let apart = promise.series.by.split(", ").skip(2);
        let apart: String = apart.map(|label| format!(" {{{{{label}}}}}")).collect();
        Self { expr, legend: format!("{what}{apart}"), instant: false }
    }
}

struct Panel {
    kind: &'static str,
    title: String,
    about: String,
    unit: &'static str,
    range: Option<(f64, f64)>,
    steps: Vec<(Option<f64>, &'static str)>,
    lines: bool,
    options: Vec<(&'static str, Value)>,
    queries: Vec<Query>,
}

impl Panel {
    fn new(kind: &'static str, title: &str) -> Self {
        Self {
            kind,
            title: title.into(),
            about: String::new(),
            unit: "none",
            range: None,
            steps: Vec::from([(None, GREEN)]),
            lines: false,
            options: Vec::new(),
            queries: Vec::new(),
        }
    }

    fn about(&mut self, about: &str) {
        self.about = about.into();
    }

    fn unit(&mut self, unit: &'static str) -> &mut Self {
        self.unit = unit;
        self
    }

    fn range(&mut self, min: f64, max: f64) -> &mut Self {
        self.range = Some((min, max));
        self
    }

    fn steps(&mut self, steps: Vec<(Option<f64>, &'static str)>) -> &mut Self {
        self.steps = steps;
        self
    }

    /// The steps are lines in the chart.
    fn lines(&mut self) {
        self.lines = true;
    }

    fn query(&mut self, query: Query) {
        self.queries.push(query);
    }

    fn json(self) -> Value {
        let steps = self.steps.iter().map(|(from, color)| {
            let from = from.map_or(Value::Null, Value::from);
            Value::object([("color", (*color).into()), ("value", from)])
        });
        let thresholds = [("mode", "absolute".into()), ("steps", Value::list(steps))];
        let color = if self.lines { "palette-classic" } else { "thresholds" };
        let mut defaults = Vec::from([
            ("unit", self.unit.into()),
            ("noValue", "no data".into()),
            ("color", Value::object([("mode", color.into())])),
            ("thresholds", Value::object(thresholds)),
        ]);
        if let Some((min, max)) = self.range {
            defaults.extend([("min", min.into()), ("max", max.into())]);
        }
        if self.lines {
            let style = Value::object([("mode", "dashed".into())]);
            let custom = [("thresholdsStyle", style), ("spanNulls", false.into())];
            defaults.push(("custom", Value::object(custom)));
        }
        let queries = self.queries.into_iter().enumerate().map(|(at, query)| {
            Value::object([
                ("refId", u32::try_from(at).map_or(Value::Null, ref_id)),
                ("datasource", datasource()),
                ("expr", query.expr.into()),
                ("legendFormat", query.legend.into()),
                ("instant", query.instant.into()),
                ("range", (!query.instant).into()),
            ])
        });
        Value::object([
            ("type", self.kind.into()),
            ("title", self.title.into()),
            ("description", self.about.into()),
            ("datasource", datasource()),
            (
                "fieldConfig",
                Value::object([
                    ("defaults", Value::Object(defaults)),
                    ("overrides", Value::list([])),
                ]),
            ),
            ("options", Value::Object(self.options)),
            ("targets", Value::list(queries)),
        ])
    }
}

/// `A`, `B`, and after `Z` numbers.
fn ref_id(at: u32) -> Value {
    match char::from_u32(u32::from('A') + at).filter(char::is_ascii_uppercase) {
        Some(letter) => letter.to_string().into(),
        None => format!("Q{at}").into(),
    }
}
