//! The rules of the house that a program can check.
//!
//! Each rule is a function from texts to complaints, tried on a text that breaks it, and then run
//! over the tree. A complaint says which file, what is wrong, and what to do.

mod events;
mod examples;
mod layers;
mod macros;
mod metrics;
mod readme;
mod shown;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files with one of these extensions under a folder, as paths from the root, sorted.
pub(crate) fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if extensions.contains(&extension.as_str()) {
                let path = path.strip_prefix(root()).expect("a path under the root");
                found.push(path.to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "no {extensions:?} files under `{folder}`");
    found.sort();
    found
}

/// Fails with all complaints, one a line.
#[track_caller]
pub(crate) fn refuse(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The keys of one table of a manifest, and what stands behind `=`.
fn entries<'a>(manifest: &'a str, table: &str) -> Vec<(&'a str, &'a str)> {
    let mut inside = false;
    let mut entries = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == table;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
            entries.push((key.trim(), value.trim().trim_matches('"')));
        }
    }
    entries
}

/// The values of one key in all tables of that name.
fn values(manifest: &str, table: &str, key: &str) -> Vec<String> {
    let entries = entries(manifest, table).into_iter();
    let wanted = entries.filter(|(found, _)| *found == key);
    wanted.map(|(_, value)| value.to_owned()).collect()
}

#[test]
fn entries_of_repeated_tables_are_all_found() {
    let manifest = "[a]\nx = 1\n[[b]]\nname = \"one\"\n[[b]]\nname = \"two\"\n";
    assert_eq!(entries(manifest, "[[b]]"), [("name", "one"), ("name", "two")]);
    assert_eq!(values(manifest, "[[b]]", "name"), ["one", "two"]);
    assert_eq!(entries(manifest, "[a]"), [("x", "1")]);
}

#[test]
fn rust_version_is_the_one_that_ci_builds_with() {
    if std::env::var_os("CI").is_none() {
        // At home any newer compiler will do.
        return;
    }
    let rustc = std::process::Command::new("rustc").arg("--version").output();
    let rustc = String::from_utf8(rustc.expect("rustc runs").stdout).expect("a version in UTF-8");
    let manifest = read("Cargo.toml");
    let declared = values(&manifest, "[workspace.package]", "rust-version").remove(0);
    assert!(
        rustc.starts_with(&format!("rustc {declared}.")),
        "Cargo.toml declares rust-version {declared}, and this is {rustc}"
    );
}
