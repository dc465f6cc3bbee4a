//! `slo!`: a promise, checked where it is written.

mod alert;
mod latency;
mod percent;
mod render;
mod throughput;
mod window;

use proc_macro2::{Span, TokenStream};
use syn::{Expr, LitStr};

use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    options::Choice,
    settings::{self, Known, Setting},
};
use alert::Alert;
use latency::Latency;
use percent::Percent;
use throughput::Throughput;
use window::Window;

/// Expands `slo! { tokens }`.
#[must_use]
pub fn expand(tokens: TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::new();
    let promise = Promise::read(&mut diagnostics, tokens);
    let rendered = render::render(&promise);
    match diagnostics.finish() {
        Ok(()) => rendered,
        // A value of the type, so that nothing else fails.
        Err(errors) => {
            let instead = render::instead(&promise.krate);
            quote::quote!({ #errors #instead })
        }
    }
}

/// What was written in `slo! { .. }`.
#[derive(Debug, Default)]
struct Promise {
    name: Option<LitStr>,
    description: Option<LitStr>,
    window: Option<Window>,
    availability: Option<Percent>,
    error_rate: Option<Percent>,
    correctness: Option<Percent>,
    latencies: Vec<Latency>,
    throughput: Option<Throughput>,
    /// `None` for the standard ones.
    alerts: Option<Vec<Alert>>,
    min_events: Option<u32>,
    freeze_below: Option<u32>,
    roll_back_below: Option<u32>,
    hysteresis: Option<u32>,
    krate: CratePath,
}

const KNOWN: Known = &[
    ("name", "name: \"checkout\""),
    ("description", "description: \"what it is about\""),
    ("window", "window: \"30d\""),
    ("availability", "availability: 99.95"),
    ("error_rate", "error_rate: 0.1"),
    ("latency", "latency: \"99% < 500ms\""),
    ("throughput", "throughput: \"99% >= 100/m\""),
    ("correctness", "correctness: 99.99"),
    ("alerts", "alerts: [page(burn = 14.4, long = \"1h\", short = \"5m\")]"),
    ("min_events", "min_events: 60"),
    ("freeze_below", "freeze_below: 10"),
    ("roll_back_below", "roll_back_below: 5"),
    ("hysteresis", "hysteresis: 2"),
    ("crate", "crate: ::path::to::reliability"),
];

/// As many as a definition has places for.
const OBJECTIVES: usize = 7;

impl Promise {
    fn read(diagnostics: &mut Diagnostics, tokens: TokenStream) -> Self {
        let mut this = Self::default();
        let Some(choices) = diagnostics.keep(Choice::parse_fields(tokens)) else {
            return this;
        };
        let has = |name: &str| choices.iter().any(|choice| choice.name == name);
        let (has_name, has_objective) = (has("name"), OBJECTIVE_FIELDS.iter().any(|it| has(it)));
        settings::walk(diagnostics, "`slo!`", KNOWN, choices, |diagnostics, setting| {
            this.take(diagnostics, &setting);
        });
        let mut missing = |message: &str| {
            diagnostics.push(syn::Error::new(Span::call_site(), message));
        };
        if !has_name {
            missing(
                "a promise needs a name, by which metrics and alerts call it: write \
                 `name: \"checkout\"`",
            );
        }
        if !has_objective {
            missing(
                "nothing is promised: write `availability: 99.95`, `latency: \"99% < 500ms\"`, or both",
            );
        }
        this.check_together(diagnostics);
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        match setting.name {
            "name" => self.name = diagnostics.keep(setting.text()),
            "description" => self.description = diagnostics.keep(setting.text()),
            "window" => self.window = diagnostics.keep(setting.expr().and_then(Window::read)),
            "availability" => self.availability = diagnostics.keep(target(setting)),
            "correctness" => self.correctness = diagnostics.keep(target(setting)),
            "error_rate" => {
                let share = setting.expr().and_then(|value| Percent::of_errors(&value));
                self.error_rate = diagnostics.keep(share);
            }
            "latency" => {
                let list = diagnostics.keep(setting.expr()).map(each).unwrap_or_default();
                self.latencies =
                    list.iter().filter_map(|one| diagnostics.keep(Latency::read(one))).collect();
            }
            "throughput" => {
                let read = setting.expr().and_then(|value| Throughput::read(&value));
                self.throughput = diagnostics.keep(read);
            }
            "alerts" => {
                let value = diagnostics.keep(setting.expr());
                self.alerts = value.map(|value| alert::read_all(diagnostics, value));
            }
            "min_events" => self.min_events = diagnostics.keep(setting.count(0..=u32::MAX)),
            "freeze_below" => self.freeze_below = diagnostics.keep(setting.count(1..=100)),
            "roll_back_below" => self.roll_back_below = diagnostics.keep(setting.count(0..=99)),
            "hysteresis" => self.hysteresis = diagnostics.keep(setting.count(0..=50)),
            _ => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path).unwrap_or_default();
            }
        }
    }

    /// What is right by itself and wrong beside another.
    fn check_together(&self, diagnostics: &mut Diagnostics) {
        let targets = self.targets();
        if targets.len() > OBJECTIVES {
            let message =
                format!("at most {OBJECTIVES} things can be promised together; part them");
            diagnostics.push(syn::Error::new(Span::call_site(), message));
        }
        for (at, latency) in self.latencies.iter().enumerate() {
            if self.latencies[..at].iter().any(|other| other.name() == latency.name()) {
                let message = "there are two thresholds for this share of calls; keep one";
                diagnostics.push(syn::Error::new(latency.span, message));
            }
        }
        let window = self.window.as_ref().map_or(window::STANDARD, Window::length);
        for alert in self.alerts.iter().flatten() {
            alert.check(diagnostics, window, &targets);
        }
        let standard = (10, 5);
        let freeze = self.freeze_below.unwrap_or(standard.0);
        let roll_back = self.roll_back_below.unwrap_or(standard.1);
        if roll_back >= freeze && (self.freeze_below, self.roll_back_below) != (None, None) {
            let message = format!(
                "the roll-back, below {roll_back} %, would come before the freeze, below \
                 {freeze} %: write `roll_back_below` smaller than `freeze_below`"
            );
            diagnostics.push(syn::Error::new(Span::call_site(), message));
        }
    }

    /// All that must be reached.
    fn targets(&self) -> Vec<Percent> {
        let errors = self.error_rate.map(Percent::rest);
        let single = [self.availability, errors, self.correctness];
        let throughput = self.throughput.as_ref().map(|it| it.target);
        let latencies = self.latencies.iter().map(|it| it.target);
        single.into_iter().flatten().chain(throughput).chain(latencies).collect()
    }
}

const OBJECTIVE_FIELDS: [&str; 5] =
    ["availability", "error_rate", "latency", "throughput", "correctness"];

fn target(setting: &Setting) -> syn::Result<Percent> {
    setting.expr().and_then(|value| Percent::of_target(&value))
}

/// The elements of a list, or the one that stands without brackets.
fn each(value: Expr) -> Vec<Expr> {
    match value {
        Expr::Array(array) => array.elems.into_iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests;
