use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::sampler::Threshold;
use super::{ATTRIBUTES_MAX, RULES_MAX, Rule, Rules};
use crate::document::{self, Fault, Key, Mistakes, Node, Source, did_you_mean};
use crate::telemetry::Value;
use crate::time::text::parse_duration;

const FILE: &[&str] = &["rules", "otherwise", "sampled_by_caller"];
const RULE: &[&str] =
    &["name", "span", "root", "error", "slower_than", "attributes", "keep", "local"];

impl Rules {
    /// Reads rules that an operator has written, in YAML or JSON.
    ///
    /// ```yaml
    /// rules:
    ///   - name: errors
    ///     error: true
    ///   - name: slow
    ///     slower_than: 1s
    ///   - name: acme              # half of what this customer's payments do
    ///     span: "pay*"
    ///     attributes: { tenant: acme, coupon: }
    ///     keep: 50%
    ///     local: keep             # also where the caller does not
    /// otherwise: 1%               # without it, what the sampler keeps
    /// sampled_by_caller: judge    # or `keep`, which is what holds without it
    /// ```
    ///
    /// | key of a rule | as | without it |
    /// |---|---|---|
    /// | `name` | [`Rule::named`] | has to be there |
    /// | `span` | [`Rule::when_span`] | any |
    /// | `root: true` | [`Rule::when_root`] | any span |
    /// | `error: true` | [`Rule::when_error`] | whether it failed or not |
    /// | `slower_than` | [`Rule::when_slower_than`] | however long |
    /// | `attributes` | [`Rule::when_attribute`]; without a value [`Rule::when_attribute_is_there`] | none |
    /// | `keep` | [`Rule::keep`] | `100%` |
    /// | `local: keep` | [`Rule::keep_locally`] | as the caller says |
    ///
    /// # Errors
    ///
    /// [`Mistakes`] with everything that is wrong, each with its line and what may stand there.
    /// Nothing of such a text is put into force.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::Rules;
    ///
    /// let mistakes = Rules::from_yaml("rules:\n  - name: slow\n    slower_then: 1s\n").unwrap_err();
    /// let message = mistakes.list()[0].message();
    /// assert_eq!(message, "a rule has no `slower_then`; did you mean `slower_than`?");
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, Mistakes> {
        Self::read("YAML", text)
    }

    /// The same, of a text that has that name.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, Mistakes> {
        let source = Source::new(name, text);
        let mut reader = Reader { source: &source, found: Vec::new() };
        match document::read_yaml(source.text()) {
            Ok(root) => {
                let rules = reader.rules(&root);
                match reader.found {
                    found if found.is_empty() => Ok(rules),
                    found => Err(Mistakes::new(&source, found)),
                }
            }
            Err(found) => Err(Mistakes::new(&source, found)),
        }
    }
}

struct Reader<'s> {
    source: &'s Source,
    found: Vec<Fault>,
}

impl Reader<'_> {
    fn refuse(&mut self, span: &core::ops::Range<usize>, message: impl Into<String>) {
        self.found.push(Fault::new(span.clone(), message));
    }

    fn wrong<T>(&mut self, node: &Node, what: &str, expected: &str) -> Option<T> {
        let got = match &node.value {
            document::Value::Table(_) | document::Value::List(_) | document::Value::Other(_) => {
                node.value.kind().into()
            }
            _ => format!("`{}`", self.source.written(&node.span)),
        };
        self.refuse(&node.span, format!("`{what}` must be {expected}, but is {got}"));
        None
    }

    /// The keys of a table, those left out that there are not.
    fn table<'n>(&mut self, node: &'n Node, owner: &str, known: &[&str]) -> Vec<&'n (Key, Node)> {
        let document::Value::Table(table) = &node.value else {
            self.refuse(
                &node.span,
                format!("{owner} must be a table, but is {}", node.value.kind()),
            );
            return Vec::new();
        };
        let mut entries = Vec::new();
        for entry in table {
            if known.contains(&entry.0.name.as_str()) {
                entries.push(entry);
                continue;
            }
            let advice = did_you_mean(&entry.0.name, known.iter().copied())
                .unwrap_or_else(|| format!("it has {}", known.join(", ")));
            let message = format!("{owner} has no `{}`; {advice}", entry.0.name);
            self.refuse(&entry.0.span, message);
        }
        entries
    }

    fn rules(&mut self, root: &Node) -> Rules {
        let mut rules = Rules::new();
        for (key, node) in self.table(root, "a file of rules", FILE) {
            match key.name.as_str() {
                "otherwise" => rules.otherwise = self.share(node, "otherwise"),
                "sampled_by_caller" => match text(node) {
                    Some("judge") => rules.judges_kept = true,
                    Some("keep") => rules.judges_kept = false,
                    _ => {
                        let _: Option<()> =
                            self.wrong(node, "sampled_by_caller", "`keep` or `judge`");
                    }
                },
                _ => rules.rules = self.list(node),
            }
        }
        rules
    }

    fn list(&mut self, node: &Node) -> Vec<Rule> {
        let document::Value::List(list) = &node.value else {
            return self.wrong(node, "rules", "a list").unwrap_or_default();
        };
        if list.len() > RULES_MAX {
            self.refuse(&node.span, format!("there may be {RULES_MAX} rules at most"));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for node in list.iter().take(RULES_MAX) {
            let Some(rule) = self.rule(node) else { continue };
            if rules.iter().any(|other| other.name == rule.name) {
                let message = format!("a rule `{}` is there already; name each of them", rule.name);
                self.refuse(&node.span, message);
            }
            rules.push(rule);
        }
        rules
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        let entries = self.table(node, "a rule", RULE);
        let mut rule = Rule::named("");
        for (key, node) in &entries {
            match key.name.as_str() {
                "name" => match text(node).filter(|name| !name.is_empty()) {
                    Some(name) => rule.name = String::from(name).into(),
                    None => return self.wrong(node, "name", "a text"),
                },
                "span" => match text(node).filter(|name| !name.is_empty()) {
                    Some(name) => rule = rule.when_span(String::from(name)),
                    None => {
                        return self.wrong(
                            node,
                            "span",
                            "the name of a span, or its beginning and `*`",
                        );
                    }
                },
                "root" => rule.only_root = self.flag(node, "root"),
                "error" => rule.error = self.flag(node, "error"),
                "slower_than" => rule.slower_than = self.duration(node),
                "attributes" => self.attributes(node, &mut rule),
                "keep" => rule.keep = self.share(node, "keep").unwrap_or(1.0),
                _ => match text(node) {
                    Some("keep") => rule.locally = true,
                    Some("follow") => rule.locally = false,
                    _ => return self.wrong(node, "local", "`keep` or `follow`"),
                },
            }
        }
        if rule.name.is_empty() && matches!(node.value, document::Value::Table(_)) {
            self.refuse(
                &node.span,
                "a rule needs a name, which a kept trace tells: `name: errors`",
            );
            return None;
        }
        Some(rule)
    }

    fn flag(&mut self, node: &Node, what: &str) -> bool {
        match node.value {
            document::Value::Flag(flag) => flag,
            _ => self.wrong(node, what, "`true` or `false`").unwrap_or(false),
        }
    }

    fn duration(&mut self, node: &Node) -> Option<Duration> {
        let expected = "longer than nothing, such as `1s` or `250ms`";
        match text(node).map(parse_duration) {
            Some(Ok(duration)) if !duration.is_zero() => Some(duration),
            Some(Err(advice)) => self.wrong(node, "slower_than", &format!("{expected} ({advice})")),
            _ => self.wrong(node, "slower_than", expected),
        }
    }

    fn share(&mut self, node: &Node, what: &str) -> Option<f64> {
        let number = match &node.value {
            document::Value::Whole(number) => Some(*number as f64),
            document::Value::Number(number) => Some(*number),
            document::Value::Text(text) => text
                .strip_suffix('%')
                .and_then(|number| number.trim().parse::<f64>().ok())
                .map(|percent| percent / 100.0),
            _ => None,
        };
        match number.filter(|share| Threshold::keeping(*share).is_some()) {
            Some(share) => Some(share),
            None => self.wrong(node, what, "a share from 0 to 1, or from `0%` to `100%`"),
        }
    }

    fn attributes(&mut self, node: &Node, rule: &mut Rule) {
        let document::Value::Table(table) = &node.value else {
            let _: Option<()> = self.wrong(node, "attributes", "a table of keys and values");
            return;
        };
        if table.len() > ATTRIBUTES_MAX {
            self.refuse(&node.span, format!("there may be {ATTRIBUTES_MAX} attributes at most"));
        }
        for (key, node) in table.iter().take(ATTRIBUTES_MAX) {
            let value = match &node.value {
                document::Value::Other("nothing") => None,
                document::Value::Flag(flag) => Some(Value::Boolean(*flag)),
                document::Value::Whole(number) => match i64::try_from(*number) {
                    Ok(number) => Some(Value::Integer(number)),
                    Err(_) => Some(Value::Text(format!("{number}").into())),
                },
                document::Value::Number(number) => Some(Value::Float(*number)),
                document::Value::Text(text) => Some(Value::Text(text.clone().into())),
                _ => {
                    let _: Option<()> =
                        self.wrong(node, &key.name, "a text, a number, a flag, or nothing for any");
                    continue;
                }
            };
            rule.attributes.push((key.name.clone().into(), value));
        }
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        document::Value::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_the_code_can() {
        let text = "\
rules:
  - name: errors
    error: true
  - { name: slow, slower_than: 1500ms, root: true, keep: 0.25 }
  - name: acme
    span: pay*
    attributes: { tenant: acme, size: 3, vip: true, coupon: }
    keep: 50%
    local: keep
otherwise: 1%
sampled_by_caller: judge
";
        let expected = Rules::new()
            .rule(Rule::named("errors").when_error())
            .rule(
                Rule::named("slow")
                    .when_slower_than(Duration::from_millis(1500))
                    .when_root()
                    .keep(0.25),
            )
            .rule(
                Rule::named("acme")
                    .when_span("pay*")
                    .when_attribute("tenant", "acme")
                    .when_attribute("size", 3)
                    .when_attribute("vip", true)
                    .when_attribute_is_there("coupon")
                    .keep(0.5)
                    .keep_locally(),
            )
            .otherwise(0.01)
            .judge_kept();
        assert_eq!(Rules::from_yaml(text), Ok(expected.clone()));
        assert_eq!(expected.check(), Ok(()));
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_what_to_write() {
        let text = "\
rules:
  - nme: a
  - { name: b, slower_than: 1 parsec }
  - { name: c, keep: 150% }
  - { name: c, error: yes, root: 1 }
  - { name: d, local: maybe, span: [] }
  - { name: e, attributes: { a: [] } }
  - { name: f, slower_than: 0s }
  - text
otherwise: -1
sampled: judge
";
        let mistakes = Rules::from_yaml(text).err();
        let told: Vec<(usize, String)> = mistakes
            .iter()
            .flat_map(Mistakes::list)
            .map(|mistake| (mistake.line(), mistake.message().into()))
            .collect();
        let expected = [
            (2, "a rule has no `nme`; did you mean `name`?"),
            (2, "a rule needs a name, which a kept trace tells: `name: errors`"),
            (3, "`slower_than` must be longer than nothing"),
            (4, "`keep` must be a share from 0 to 1, or from `0%` to `100%`, but is `150%`"),
            (5, "a rule `c` is there already; name each of them"),
            (5, "`error` must be `true` or `false`, but is `yes`"),
            (5, "`root` must be `true` or `false`, but is `1`"),
            (6, "`local` must be `keep` or `follow`, but is `maybe`"),
            (7, "`a` must be a text, a number, a flag, or nothing for any, but is a list"),
            (8, "`slower_than` must be longer than nothing, such as `1s` or `250ms`, but is `0s`"),
            (9, "a rule must be a table, but is text"),
            (10, "`otherwise` must be a share from 0 to 1, or from `0%` to `100%`, but is `-1`"),
            (11, "a file of rules has no `sampled`; it has rules, otherwise, sampled_by_caller"),
        ];
        for (line, begin) in expected {
            let found = told.iter().any(|(at, message)| *at == line && message.starts_with(begin));
            assert!(found, "{line}: {begin}\n{told:#?}");
        }
        assert_eq!(told.len(), expected.len(), "{told:#?}");
    }

    #[test]
    fn nothing_is_no_rules_and_too_many_are_refused() {
        assert_eq!(Rules::from_yaml("{}"), Ok(Rules::new()));
        let many: String = core::iter::once("rules:\n".into())
            .chain((0..65).map(|i| format!("- name: r{i}\n")))
            .collect();
        let mistakes = Rules::from_yaml(&many).err();
        let told = mistakes.iter().flat_map(Mistakes::list).next().map(|m| m.message().to_owned());
        assert_eq!(told.as_deref(), Some("there may be 64 rules at most"));
    }
}
