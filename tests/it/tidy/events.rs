//! Whoever listens to events of `tracing` finds all of them in one table.

use std::collections::BTreeSet;

use super::{files, read, refuse};

const TABLE: &str = "reliability/src/telemetry/mod.rs";

/// The names that start the rows of the table.
fn listed(table: &str) -> BTreeSet<&str> {
    let rows = table.lines().filter_map(|line| line.strip_prefix("//! | `"));
    rows.filter_map(|row| row.split('`').next())
        .filter(|it| it.starts_with("reliability."))
        .collect()
}

/// The code of a file, without comments and unit tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().map(str::trim_start).enumerate();
    let lines = lines.take_while(|(_, line)| !line.starts_with("mod tests"));
    lines.filter(|(_, line)| !line.starts_with("//"))
}

/// What a line gives an event as its name: `name: ".."`, or `WARN "..", "..":` where a macro does so.
fn emitted(line: &str) -> Option<&str> {
    let levels = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].iter();
    let by_macro = levels.filter_map(|level| line.strip_prefix(level)?.strip_prefix(" \"")).next();
    let name = line.strip_prefix("name: \"").or(by_macro)?.split('"').next()?;
    // What has another name of its own behind it is an attribute, which tells things apart.
    name.starts_with("reliability.").then_some(name).filter(|name| !name.ends_with(".name"))
}

/// An event that nobody can subscribe to by name.
fn nameless(line: &str) -> bool {
    let levels = ["error", "warn", "info", "debug", "trace"];
    levels.iter().any(|level| line.contains(&format!("tracing::{level}!(")))
}

fn complaints(table: &str, sources: &[(String, String)]) -> Vec<String> {
    let listed = listed(table);
    let (mut found, mut told) = (Vec::new(), BTreeSet::new());
    for (file, text) in sources {
        for (at, line) in code(text) {
            let place = format!("{file}:{}", at + 1);
            if nameless(line) {
                found.push(format!("{place}: give the event a name: `tracing::event!(name: ..)`"));
            }
            if let Some(name) = emitted(line) {
                told.insert(name);
                if !listed.contains(name) {
                    found.push(format!("{place}: `{name}` has no row in {TABLE}"));
                }
            }
        }
    }
    let gone = listed.difference(&told);
    found.extend(gone.map(|name| format!("{TABLE}: nothing emits `{name}`")));
    found
}

#[test]
fn every_event_has_a_name_and_a_row() {
    let sources = files("reliability/src", &["rs"]).into_iter();
    let sources = sources.map(|file| (file.display().to_string(), read(&file)));
    refuse(&complaints(&read(TABLE), &sources.collect::<Vec<_>>()));
}

#[test]
fn events_without_a_name_or_a_row_are_seen() {
    let table = "//! | `reliability.a.b` | warn | |\n//! | `reliability.gone` | info | |\n";
    let source = "tracing::event!(\n    name: \"reliability.a.b\",\n);\ntracing::warn!(\"x\");\n\
                  DEBUG \"reliability.c\", \"told by a macro\":\n// tracing::info!(\"no code\");\n\
                  name: \"reliability.policy.name\",\n";
    let found = complaints(table, &[("f.rs".into(), source.into())]);
    let expected = [
        "f.rs:4: give the event a name: `tracing::event!(name: ..)`",
        "f.rs:5: `reliability.c` has no row in reliability/src/telemetry/mod.rs",
        "reliability/src/telemetry/mod.rs: nothing emits `reliability.gone`",
    ];
    assert_eq!(found, expected);
}
