//! Who is called, and what that person reads.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::objective::{Promise, Seen};
use super::record::{self, Over, Range, Seconds};
use super::rule::Line;
use crate::sre::promise::window::Length;

impl Promise<'_> {
    pub(super) fn alert_rule(&self, seen: &Seen, runbook: Option<&str>) -> Vec<Line> {
        let Seen { asked, alert } = seen;
        let mut lines = Vec::new();
        if asked != alert {
            let windows = format!("{} and {}", Range(alert.long), Range(alert.short));
            let scrape = Range(self.scrape);
            lines.push(Line::Comment(format!(
                "{asked}: over {windows} instead, with a scrape every {scrape} less cannot be seen"
            )));
        }
        let (long, short) = (Over::Last(alert.long), Over::Last(alert.short));
        let mut expr = format!("{} > {}", self.recorded(&long.burn()), alert.burn);
        expr += &format!("\n  and {} > {}", self.recorded(&short.burn()), alert.burn);
        let least = self.definition.min_events;
        if least > 0 {
            expr += &format!("\n  and {} >= {least}", self.recorded(&long.events()));
        }
        lines.push(Line::Rule {
            kind: "alert",
            name: record::ALERT.into(),
            expr,
            labels: Vec::from([
                ("severity".into(), asked.urgency.as_str().into()),
                // As the process says it, so that both can be laid side by side.
                ("window".into(), Length(asked.long).to_string()),
            ]),
            annotations: self.annotations(seen, runbook),
        });
        lines
    }

    fn annotations(
        &self,
        Seen { alert, .. }: &Seen,
        runbook: Option<&str>,
    ) -> Vec<(&'static str, String)> {
        let (definition, objective) = (self.definition, self.objective);
        let summary = format!(
            "{}: the budget of {} burns {{{{ printf \"%.1f\" $value }}}} times as fast as it may",
            Plain(&definition.name),
            Plain(&objective.to_string()),
        );
        let mut description = String::new();
        if !definition.description.is_empty() {
            description = format!("{} ", Plain(&definition.description));
        }
        description += &format!(
            "Faster than {} over {} and still over {}.",
            alert.burn,
            Range(alert.long),
            Range(alert.short)
        );
        let short = Over::Last(alert.short).error();
        description += &self.asked(
            &format!("{short}{{MATCHERS}}"),
            &format!(
                " {{{{ . | first | value | humanizePercentage }}}} were bad in the last {}.",
                Range(alert.short)
            ),
        );
        let left = record::BUDGET_REMAINING;
        description += &self.asked(
            &format!("{left}{{MATCHERS}}"),
            &format!(
                " {{{{ . | first | value | humanizePercentage }}}} of the budget over {} is left.",
                definition.window
            ),
        );
        let burn = Over::Last(alert.long).burn();
        let whole = Seconds(definition.window.nominal());
        description += &self.asked(
            &format!("({left}{{MATCHERS}} > 0) * {whole} / {burn}{{MATCHERS}}"),
            " If it burns on like that, it is gone in {{ . | first | value | humanizeDuration }}.",
        );
        let mut annotations = Vec::from([("summary", summary), ("description", description)]);
        if let Some(runbook) = runbook {
            annotations.push(("runbook_url", Plain(runbook).to_string()));
        }
        annotations
    }

    /// What a query says when somebody reads the alert, if it says anything.
    ///
    /// The values of labels come from the alert: no text of a user stands in the query.
    fn asked(&self, query: &str, then: &str) -> String {
        let labels = self.series.by.split(", ");
        let matchers: Vec<String> = labels
            .clone()
            .enumerate()
            .map(|(at, label)| format!("{label}=%[{}]q", at + 1))
            .collect();
        let query = query.replace("MATCHERS", &matchers.join(", "));
        let values: String = labels.map(|label| format!(" $labels.{label}")).collect();
        format!("{{{{ with printf `{query}`{values} | query }}}}{then}{{{{ end }}}}")
    }
}

/// A text that is no template.
pub(super) struct Plain<'a>(pub(super) &'a str);

impl core::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0.replace("{{", "{{ \"{{\" }}"))
    }
}
