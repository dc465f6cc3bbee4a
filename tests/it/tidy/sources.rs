//! What no file of the project may hold.

use super::{files, read, refuse, root};

/// The house rule is about 400; this is where a file has to be cut.
const LINES_MAX: usize = 600;

/// Texts that tell where or how the project was written, instead of what it is. Written in two
/// halves, so that this file does not hold them itself.
const FOREIGN: [(&str, &str); 6] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/tmp", "/wt"),
    ("this ses", "sion"),
    ("working agree", "ment"),
];

/// What only one module may name, because all others go through it.
const OWNED: [(&str, &str, &str); 4] = [
    ("core::sync::atomic", "reliability/src/sync/", "crate::sync::atomic"),
    ("std::sync::atomic", "reliability/src/sync/", "crate::sync::atomic"),
    ("Instant::now()", "reliability/src/time/", "a `Clock`, or `now` as an argument"),
    ("SystemTime::now()", "reliability/src/time/", "a `Clock`, or `now` as an argument"),
];

fn foreign(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        for (head, tail) in FOREIGN {
            let phrase = format!("{head}{tail}");
            if lower.contains(&phrase) {
                found.push(format!("{}: says `{phrase}`", number + 1));
            }
        }
        if line.contains("https://") {
            // A number that the reader can follow to where it is explained.
            continue;
        }
        for noun in ["issue", "session", "task", "ticket"] {
            let numbered = lower.split(noun).skip(1).any(|rest| {
                rest.trim_start_matches([' ', '#']).starts_with(|c: char| c.is_ascii_digit())
                    && rest.starts_with([' ', '#'])
            });
            if numbered {
                found.push(format!("{}: names {noun} by number", number + 1));
            }
        }
    }
    found
}

fn not_owned(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (name, owner, instead) in OWNED {
            if line.contains(name) && !file.starts_with(owner) {
                found.push(format!("{file}:{}: names `{name}`; write {instead}", number + 1));
            }
        }
    }
    found
}

#[test]
fn files_fit_in_a_head() {
    let long = files(".", &["rs"]).into_iter().filter_map(|path| {
        let lines = read(&path).lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines; cut it", path.display()))
    });
    refuse(&long.collect::<Vec<_>>());
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let mut complaints = Vec::new();
    for path in files(".", &["rs", "md", "toml", "stderr", "svg"]) {
        let found = foreign(&read(&path));
        complaints.extend(found.iter().map(|found| format!("{}:{found}", path.display())));
    }
    for script in ["tests/run", ".ci/run"] {
        complaints.extend(foreign(&read(script)).iter().map(|found| format!("{script}:{found}")));
    }
    refuse(&complaints);
}

#[test]
fn atomics_and_clocks_have_one_owner() {
    let mut complaints = Vec::new();
    for path in files("reliability/src", &["rs"]) {
        complaints.extend(not_owned(&path.to_string_lossy(), &read(&path)));
    }
    refuse(&complaints);
}

/// The names between backticks in the table of models, and below it.
fn modelled(architecture: &str) -> Vec<&str> {
    let section =
        architecture.split("\n## ").find(|section| section.starts_with("What loom checks"));
    section.unwrap_or_default().split('`').skip(1).step_by(2).collect()
}

#[test]
fn whoever_uses_atomics_is_in_the_table_of_models() {
    let architecture = read("ARCHITECTURE.md");
    let modelled = modelled(&architecture);
    let mut complaints = Vec::new();
    for path in files("reliability/src", &["rs"]) {
        let path = path.to_string_lossy();
        let text = read(&*path);
        let name = path.trim_start_matches("reliability/src/").trim_end_matches(".rs");
        let name = name.trim_start_matches("resilience/");
        let is_test = name.split('/').any(|part| part.ends_with("tests"));
        let uses =
            text.contains("use crate::sync::atomic::") || text.contains("use super::atomic::");
        if uses && !is_test && !modelled.contains(&name) {
            complaints.push(format!("{path}: write `{name}` into \"What loom checks\""));
        }
    }
    for line in
        architecture.lines().filter(|line| line.starts_with('|') && line.contains("loom_tests"))
    {
        let models = line.rsplit('`').nth(1).unwrap_or_default();
        let found = ["", "resilience/"].iter().any(|folder| {
            let path = root().join(format!("reliability/src/{folder}{models}.rs"));
            std::fs::read_to_string(path).is_ok_and(|text| text.contains("fn loom_"))
        });
        if !found {
            complaints.push(format!("ARCHITECTURE.md: `{models}` has no models"));
        }
    }
    refuse(&complaints);
}

#[test]
fn foreign_texts_are_seen() {
    assert_eq!(foreign(&format!("see {}{}x.rs", "/wo", "rk/")).len(), 1);
    assert_eq!(foreign(&format!("as in issue {}", 2)).len(), 1);
    assert_eq!(foreign(&format!("fixes Issue #{}", 12)).len(), 1);
    assert!(foreign("see issue #1 <https://github.com/rust-lang/rust/issues/1>").is_empty());
    assert!(foreign("a session of 30 minutes; framework/; tasks 2").is_empty());
}

#[test]
fn names_in_the_table_are_read() {
    let text = "# A\n`x`\n## What loom checks\n| `sync/a`, `b` | - |\n`c`\n## Next\n`d`\n";
    assert_eq!(modelled(text), ["sync/a", "b", "c"]);
}

#[test]
fn a_second_owner_is_seen() {
    let line = "use core::sync::atomic::AtomicU64;";
    assert_eq!(not_owned("reliability/src/state/cell.rs", line).len(), 1);
    assert!(not_owned("reliability/src/sync/atomic.rs", line).is_empty());
    assert!(not_owned("reliability/src/state/cell.rs", "/// Not core::sync::atomic.").is_empty());
}
