use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::json::Text;
use crate::sre::{Definition, Objective, observe};
use crate::telemetry::prometheus::name;

/// Of which promises, and which of their series belong together.
#[derive(Debug, Clone)]
pub(in crate::sre) struct Selection {
    /// Each name once.
    pub(in crate::sre) definitions: Vec<Definition>,
    /// What came under a name that was taken.
    pub(in crate::sre) left_out: Vec<Definition>,
    /// Labels beside those of the promise that are kept apart, and the value of those of which only
    /// one counts.
    pub(in crate::sre) kept: Vec<(String, Option<String>)>,
}

/// The series of one objective.
#[derive(Debug, Clone)]
pub(in crate::sre) struct Series {
    /// What is kept when replicas are added up: `by (..)`.
    pub(in crate::sre) by: String,
    matchers: String,
}

impl Selection {
    pub(in crate::sre) fn of(all: impl IntoIterator<Item = Definition>) -> Self {
        let (mut definitions, mut left_out) = (Vec::<Definition>::new(), Vec::new());
        for definition in all {
            match definitions.iter().find(|taken| taken.name == definition.name) {
                None => definitions.push(definition),
                Some(taken) if *taken == definition => {}
                Some(_) => left_out.push(definition),
            }
        }
        // Promises are listed as the linker has put them together: a text that is the same each time
        // is what a review wants to see.
        definitions.sort_by(|a, b| a.name.cmp(&b.name));
        Self { definitions, left_out, kept: Vec::new() }
    }

    /// Keeps what differs in that label apart; with a value, nothing else counts.
    pub(in crate::sre) fn keep(&mut self, key: &str, only: Option<&str>) {
        let label = name::label(key).into_owned();
        // What is good of all can only be told where both are added up.
        let of_promise = [observe::NAME, observe::OBJECTIVE, observe::OUTCOME].map(name::label);
        self.kept.retain(|(kept, _)| *kept != label);
        if !of_promise.contains(&Cow::Borrowed(&*label)) {
            self.kept.push((label, only.map(ToString::to_string)));
        }
    }

    /// The series of an objective; `more` are matchers for the labels that are kept apart.
    pub(in crate::sre) fn series(
        &self,
        definition: &Definition,
        objective: &Objective,
        more: impl Fn(&str, Option<&str>) -> Option<String>,
    ) -> Series {
        let mut labels = Vec::from([observe::NAME, observe::OBJECTIVE].map(name::label));
        let mut matchers = Vec::from([
            format!("{}={}", labels[0], Text(&definition.name)),
            format!("{}={}", labels[1], Text(&objective.name)),
        ]);
        for (label, only) in &self.kept {
            labels.push(label.into());
            matchers.extend(more(label, only.as_deref()));
        }
        Series { by: labels.join(", "), matchers: matchers.join(", ") }
    }
}

impl Series {
    /// What the process exports.
    pub(in crate::sre) fn counter(&self, outcome: Option<&str>) -> String {
        let (metric, matchers) = (name::counter(&observe::EVENTS), &self.matchers);
        match outcome {
            None => format!("{metric}{{{matchers}}}"),
            Some(outcome) => {
                let label = name::label(observe::OUTCOME);
                format!("{metric}{{{matchers}, {label}=\"{outcome}\"}}")
            }
        }
    }

    /// What a rule has recorded.
    pub(in crate::sre) fn recorded(&self, record: &str) -> String {
        format!("{record}{{{}}}", self.matchers)
    }
}
