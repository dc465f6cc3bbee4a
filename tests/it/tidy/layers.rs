//! Imports point downwards: what one crate per layer would enforce, with one crate.

use std::collections::BTreeSet;
use std::path::Path;

use super::{files, read, refuse};

/// Topmost first; within a row arrows are allowed as long as they form no circle.
const ROWS: [&[&str]; 6] = [
    &["__private", "bin", "guide", "prelude", "testing"],
    &["sre"],
    &["distributed"],
    &["resilience", "journal"],
    &["telemetry"],
    &["document", "error", "fnv", "json", "state", "time", "sync"],
];

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// `from` names something in `to`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Arrow {
    from: String,
    to: String,
    file: String,
}

/// The modules that a file names, given its path below `src`.
fn arrows(file: &str, text: &str) -> BTreeSet<Arrow> {
    let mut module: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    if module.last() == Some(&"mod") {
        module.pop();
    }
    let from = module[0];
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let to_root = "super::".repeat(module.len());
    let mut named = BTreeSet::new();
    for root in ["crate::", "reliability::", to_root.as_str()] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            // `super::super::` also ends in `super::`: only the whole chain leads to the root.
            if root == to_root
                && (code[..at].ends_with("super::")
                    || code[at + root.len()..].starts_with("super::"))
            {
                continue;
            }
            named.extend(first_segments(&code[at + root.len()..]));
        }
    }
    named
        .into_iter()
        .filter(|to| to != from && row(to).is_some())
        .map(|to| Arrow { from: from.to_owned(), to, file: file.to_owned() })
        .collect()
}

/// The first segment of a path, or of each path in a group.
fn first_segments(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![ident(path)];
    };
    let mut depth = 0;
    let mut segments = Vec::new();
    let mut fresh = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                segments.push(ident(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    segments
}

fn ident(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn complaints(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let mut complaints = Vec::new();
    for arrow in arrows {
        let Arrow { from, to, file } = arrow;
        if row(from) > row(to) {
            complaints.push(format!(
                "{file}: `{from}` uses `{to}`, which is above it; let `{from}` own a trait that `{to}` implements"
            ));
        }
        if row(from) == row(to) && from < to && leads_to(arrows, to, from) {
            complaints.push(format!("`{from}` and `{to}`, in one row, use each other"));
        }
    }
    complaints.dedup();
    complaints
}

/// Whether one comes from `from` to `to` along arrows within one row.
fn leads_to(arrows: &BTreeSet<Arrow>, from: &str, to: &str) -> bool {
    let mut reached = BTreeSet::from([from]);
    loop {
        let before = reached.len();
        for arrow in arrows.iter().filter(|arrow| row(&arrow.from) == row(&arrow.to)) {
            if reached.contains(arrow.from.as_str()) {
                reached.insert(&arrow.to);
            }
        }
        if reached.contains(to) {
            return true;
        }
        if reached.len() == before {
            return false;
        }
    }
}

#[test]
fn no_arrow_points_up_and_none_in_a_circle() {
    let source = Path::new("reliability/src");
    let mut all = BTreeSet::new();
    let mut complained = Vec::new();
    for path in files("reliability/src", &["rs"]) {
        let file = path.strip_prefix(source).expect("a path below src");
        let file = file.to_str().expect("a name in UTF-8");
        if file == "lib.rs" {
            continue;
        }
        let module = file.split(['/', '.']).next().unwrap_or_default();
        if row(module).is_none() {
            complained.push(format!("{file}: `{module}` has no row in tests/it/tidy/layers.rs"));
            continue;
        }
        all.extend(arrows(file, &read(&path)));
    }
    assert!(!all.is_empty(), "no module uses another one: the reading is broken");
    complained.extend(complaints(&all));
    refuse(&complained);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(file: &str, text: &str) -> Vec<String> {
        arrows(file, text).into_iter().map(|arrow| arrow.to).collect()
    }

    #[test]
    fn all_ways_to_name_a_module_are_read() {
        let file = "telemetry/latency.rs";
        assert_eq!(named(file, "use crate::error::Class;"), ["error"]);
        assert_eq!(
            named(
                file,
                "pub(crate) use crate::{\n    error::{Class, Fault},\n    sync::Counter,\n};"
            ),
            ["error", "sync"]
        );
        assert_eq!(named(file, "let x = crate::time::Instant::ZERO;"), ["time"]);
        assert_eq!(named(file, "use reliability::state::Machine;"), ["state"]);
        assert_eq!(named(file, "use super::super::resilience::Policy;"), ["resilience"]);
        assert_eq!(named("telemetry/mod.rs", "use super::sync::Counter;"), ["sync"]);
    }

    #[test]
    fn what_only_looks_like_a_module_is_not_one() {
        let file = "telemetry/latency.rs";
        let none: [&str; 0] = [];
        assert_eq!(named(file, "//! [`Policy`](crate::resilience::Policy)"), none);
        assert_eq!(named(file, "use super::sync::Counter;"), none);
        assert_eq!(named(file, "use crate::telemetry::Signals;"), none);
        assert_eq!(named(file, "use reliability_macros::error;"), none);
        assert_eq!(named(file, "use crate::StateMachine;"), none);
    }

    #[test]
    fn an_arrow_up_is_refused() {
        let up = complaints(&arrows("sync/counter.rs", "use crate::telemetry::Signals;"));
        assert_eq!(up.len(), 1, "{up:?}");
        let down = complaints(&arrows("telemetry/mod.rs", "use crate::sync::Counter;"));
        assert!(down.is_empty(), "{down:?}");
    }

    #[test]
    fn a_circle_in_a_row_is_refused() {
        let mut all = arrows("error/name.rs", "use crate::time::Instant;");
        all.extend(arrows("time/clock.rs", "use crate::sync::Counter;"));
        assert!(complaints(&all).is_empty());
        all.extend(arrows("sync/counter.rs", "use crate::error::Name;"));
        assert!(!complaints(&all).is_empty());
    }
}
