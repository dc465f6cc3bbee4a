//! Pictures of a saga: as it is declared, and as one run of it stands.

use alloc::string::String;
use core::fmt::Write as _;

use super::definition::{Kind, Waits};
use super::plan::{Plan, PlannedStep};
use super::{NestedRun, Progress, StepProgress, StepState};

impl Plan {
    /// The saga as a flow chart in Mermaid's language; with a progress, each step has the colour of
    /// its state.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::saga::{Definition, Kind, Step};
    ///
    /// const CALL: Definition = Definition::new("call", 1, &[
    ///     Step::new("Rung", Kind::Compensable).undo(),
    ///     Step::new("Answered", Kind::Pivot).after(&[0]),
    /// ]);
    /// let picture = CALL.plan().mermaid(None);
    /// assert!(picture.contains("s0[\"Rung\"]") && picture.contains("s0 --> s1"));
    /// assert!(picture.contains("s0 -. undo .-> rolled_back"));
    /// ```
    pub fn mermaid(&self, progress: Option<&Progress>) -> String {
        let mut text = String::from("flowchart LR\n    started([started])\n");
        // Writing to a string does not fail.
        for (place, step) in self.steps().iter().enumerate() {
            let (open, close) = match (step.kind(), step.nested(), step.waits) {
                (Kind::Pivot, ..) => ("{{", "}}"),
                (_, Some(_), _) => ("[[", "]]"),
                (_, None, Waits::Call) => ("[", "]"),
                (_, None, Waits::Signal | Waits::Time(_)) => ("(", ")"),
            };
            let nested = step.nested().map(|saga| alloc::format!("<br/>saga {saga}"));
            let nested = nested.unwrap_or_default();
            let _ = writeln!(text, "    s{place}{open}\"{}{nested}\"{close}", step.name());
        }
        text.push_str("    completed([completed])\n");
        self.edges(|from, to| {
            let _ = writeln!(text, "    {from} --> {to}");
        });
        if self.steps().iter().any(PlannedStep::has_undo) {
            text.push_str("    rolled_back([rolled back])\n");
        }
        for (place, step) in self.steps().iter().enumerate() {
            if step.has_undo() {
                let _ = writeln!(text, "    s{place} -. undo .-> rolled_back");
            }
        }
        if let Some(progress) = progress {
            for (place, step) in progress.steps.iter().enumerate() {
                let _ = writeln!(text, "    class s{place} {}", step.state.as_str());
                if step.is_on_a_stuck_saga() {
                    let _ = writeln!(text, "    style s{place} stroke:#c00,stroke-width:4px");
                }
            }
            for state in StepState::ALL {
                let (name, fill) = (state.as_str(), state.fill());
                let _ = writeln!(text, "    classDef {name} fill:{fill},stroke:#333,color:#111");
            }
        }
        text
    }

    /// The saga as a graph in the language of Graphviz; with a progress, each step has the colour of
    /// its state.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::saga::{Definition, Kind, Step};
    ///
    /// const CALL: Definition = Definition::new("call", 1, &[Step::new("Rung", Kind::Pivot)]);
    /// assert!(CALL.plan().dot(None).contains("s0 [label=\"Rung\", shape=hexagon];"));
    /// ```
    pub fn dot(&self, progress: Option<&Progress>) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "digraph {} {{\n    rankdir=LR;", quoted(self.name()));
        text.push_str("    node [style=\"rounded,filled\", fillcolor=white];\n");
        text.push_str("    started [shape=plain];\n    completed [shape=plain];\n");
        for (place, step) in self.steps().iter().enumerate() {
            let shape = match (step.kind(), step.waits) {
                (Kind::Pivot, _) => "hexagon",
                (_, Waits::Call) => "box",
                (_, Waits::Signal | Waits::Time(_)) => "oval",
            };
            let (name, of) = (step.name(), step.nested());
            let label = of.map_or_else(|| name.into(), |of| alloc::format!("{name}\nsaga {of}"));
            let label = quoted(&label).replace('\n', "\\n");
            let _ = write!(text, "    s{place} [label={label}, shape={shape}");
            if of.is_some() {
                text.push_str(", peripheries=2");
            }
            if let Some(step) = progress.and_then(|progress| progress.steps.get(place)) {
                let _ = write!(text, ", fillcolor=\"{}\"", step.state.fill());
                if step.is_on_a_stuck_saga() {
                    text.push_str(", color=\"#cc0000\", penwidth=3");
                }
            }
            text.push_str("];\n");
        }
        self.edges(|from, to| {
            let _ = writeln!(text, "    {from} -> {to};");
        });
        text.push_str("}\n");
        text
    }

    fn edges(&self, mut edge: impl FnMut(&str, &str)) {
        let name = |place: usize| alloc::format!("s{place}");
        for (place, step) in self.steps().iter().enumerate() {
            match step.after() {
                [] => edge("started", &name(place)),
                after => after.iter().for_each(|&before| edge(&name(before), &name(place))),
            }
        }
        let ends = |place: &usize| !self.steps().iter().any(|step| step.after().contains(place));
        for place in (0..self.steps().len()).filter(ends) {
            edge(&name(place), "completed");
        }
    }
}

impl StepProgress {
    /// Whether it waits for a saga that somebody has to look at.
    fn is_on_a_stuck_saga(&self) -> bool {
        let stuck = |nested: &NestedRun| nested.status.as_deref() == Some("stuck");
        let open = matches!(self.state, StepState::Open | StepState::Undoing);
        open && self.nested.as_ref().is_some_and(stuck)
    }
}

impl StepState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Open, Self::Done, Self::Undoing, Self::Undone];

    const fn fill(self) -> &'static str {
        match self {
            Self::Waiting => "#f4f4f4",
            Self::Open => "#ffe9a8",
            Self::Done => "#bfe5bf",
            Self::Undoing => "#ffc9a8",
            Self::Undone => "#d5d5e8",
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}
