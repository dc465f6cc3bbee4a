//! What the documents promise exists.

use std::collections::BTreeSet;

use super::{entries, files, read, refuse, root, values};

const DOCUMENTS: [&str; 3] = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"];

/// A fenced block: its language, its text, and the line before the fence.
#[derive(Debug, PartialEq)]
struct Block<'a> {
    language: &'a str,
    text: String,
    before: &'a str,
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            let text = inside.flat_map(|line| [line, "\n"]).collect();
            blocks.push(Block { language, text, before });
        } else if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

/// The names in backticks that start the rows of tables under a heading.
fn first_column(document: &str, heading: &str) -> BTreeSet<String> {
    let section = document.lines().skip_while(|line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    let names = section.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    names.map(str::to_owned).collect()
}

/// What the workspace has that a command can name.
struct Workspace {
    packages: BTreeSet<String>,
    examples: BTreeSet<String>,
}

impl Workspace {
    fn read() -> Self {
        let manifests =
            files(".", &["toml"]).into_iter().filter(|path| path.ends_with("Cargo.toml"));
        Self {
            packages: manifests.flat_map(|path| values(&read(path), "[package]", "name")).collect(),
            examples: values(&read("examples/Cargo.toml"), "[[example]]", "name")
                .into_iter()
                .collect(),
        }
    }

    /// What is wrong with a command that a document gives.
    fn complaint(&self, command: &str) -> Option<String> {
        let words: Vec<_> = without_settings(command).split_whitespace().collect();
        let after = |flag: &str| {
            let at = words.iter().position(|word| *word == flag)?;
            words.get(at + 1).copied()
        };
        let known = match words.first().copied() {
            Some("cargo") => {
                after("-p").is_none_or(|name| self.packages.contains(name))
                    && after("--example").is_none_or(|name| self.examples.contains(name))
                    && after("--test").is_none_or(|name| {
                        root().join(format!("tests/{name}/main.rs")).exists() || name == "ui"
                    })
            }
            Some(program) => is_executable(program),
            None => true,
        };
        (!known).then(|| format!("`{command}` names something that does not exist"))
    }
}

/// A command without the `NAME="value"` settings before it.
fn without_settings(command: &str) -> &str {
    match command.split_once("=\"").and_then(|(name, rest)| Some((name, rest.split_once('"')?.1))) {
        Some((name, rest)) if !name.contains(' ') => without_settings(rest.trim_start()),
        _ => command,
    }
}

#[cfg(unix)]
fn is_executable(program: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(root().join(program)).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(program: &str) -> bool {
    root().join(program).exists()
}

#[test]
fn the_commands_in_the_documents_exist() {
    let workspace = Workspace::read();
    let mut complaints = Vec::new();
    let mut commands = 0;
    for document in DOCUMENTS {
        let text = read(document);
        for block in blocks(&text).iter().filter(|block| block.language == "sh") {
            let lines =
                block.text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
            for command in lines.filter(|line| !line.is_empty()) {
                commands += 1;
                complaints.extend(
                    workspace
                        .complaint(command)
                        .map(|complaint| format!("{document}: {complaint}")),
                );
            }
        }
    }
    assert!(commands > 0, "no commands: the reading is broken");
    refuse(&complaints);
}

#[test]
fn compile_errors_in_the_readme_are_verbatim() {
    let readme = read("README.md");
    let mut complaints = Vec::new();
    let mut errors = 0;
    for block in blocks(&readme).iter().filter(|block| block.text.starts_with("error")) {
        errors += 1;
        let named = block.before.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
        match named {
            None => complaints.push(
                "README.md: an error without `<!-- its file in ui-tests -->` above".to_owned(),
            ),
            Some(file) if read(file).trim() != block.text.trim() => {
                complaints.push(format!(
                    "README.md: the error is not that of {file}, which now says:\n{}",
                    read(file)
                ));
            }
            Some(_) => {}
        }
    }
    assert!(errors > 0, "no errors: the reading is broken");
    refuse(&complaints);
}

#[test]
fn the_readme_lists_every_module_and_no_other() {
    let modules: BTreeSet<_> = read("reliability/src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|module| !["__private", "prelude", "guide"].contains(module))
        .map(str::to_owned)
        .collect();
    assert_eq!(first_column(&read("README.md"), "## Modules"), modules);
}

#[test]
fn the_readme_lists_every_feature_and_no_other() {
    let manifest = read("reliability/Cargo.toml");
    let features: BTreeSet<_> = entries(&manifest, "[features]")
        .into_iter()
        .map(|(feature, _)| feature.to_owned())
        .filter(|feature| feature != "default")
        .collect();
    assert_eq!(first_column(&read("README.md"), "## Features"), features);
}

#[test]
fn blocks_and_tables_are_read() {
    let document = "## Modules\n| name |\n|---|\n| `a` | x |\n| `b` | `c` |\n## Next\n| `d` | |\n\
                    <!-- x -->\n\n```text\nerror: no\n```\n";
    let expected = Block { language: "text", text: "error: no\n".to_owned(), before: "<!-- x -->" };
    assert_eq!(blocks(document), [expected]);
    assert_eq!(
        first_column(document, "## Modules"),
        BTreeSet::from(["a".to_owned(), "b".to_owned()])
    );
}

#[test]
fn a_command_that_does_not_exist_is_seen() {
    let workspace = Workspace {
        packages: BTreeSet::from(["reliability".to_owned()]),
        examples: BTreeSet::from(["storefront".to_owned()]),
    };
    let good = [
        "cargo run --example storefront",
        "tests/run",
        "cargo test -p reliability",
        "A=\"b c\" B=\"d\" cargo build",
    ];
    for command in good {
        assert_eq!(workspace.complaint(command), None);
    }
    for command in [
        "A=\"b\" cargo run --example shop",
        "tests/walk",
        "cargo test -p reliable",
        "tests/Cargo.toml",
    ] {
        assert!(workspace.complaint(command).is_some(), "{command}");
    }
}
