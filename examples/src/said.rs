//! For the tests of examples: what one says when it runs as a user runs it.
#![allow(clippy::unwrap_used, reason = "for tests alone")]

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// What an example has said.
#[derive(Debug)]
pub struct Said {
    /// Whether it was content.
    pub good: bool,
    /// On the standard output.
    pub text: String,
    /// On the standard error.
    pub errors: String,
}

/// The program of an example. `cargo test` builds those of a package before its tests, with the same
/// features.
pub fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let example: PathBuf = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    let advice = "build it: `cargo test -p reliability-examples`";
    assert!(example.exists(), "{} is missing; {advice}", example.display());
    Command::new(example)
}

impl Said {
    /// Runs it with those arguments.
    pub fn by(name: &str, arguments: &[&str]) -> Self {
        Self::of(example(name).args(arguments))
    }

    /// Runs that command.
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = String::from_utf8(stdout).unwrap();
        Self { good: status.success(), text, errors: String::from_utf8(stderr).unwrap() }
    }

    /// It was content, has not complained, and has said so in those words.
    #[track_caller]
    pub fn is_content(&self, with: &str) {
        assert!(self.good && self.errors.is_empty() && self.has(with), "no `{with}` in\n{self}");
    }

    /// Whether those words are in it.
    pub fn has(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// The number in the line of the table that begins so.
    #[track_caller]
    pub fn number(&self, line: &str) -> u32 {
        let rest = self.text.lines().find_map(|it| it.trim_start().strip_prefix(line));
        let rest = rest.unwrap_or_else(|| panic!("no `{line}` in\n{self}"));
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| panic!("no number behind `{line}` in\n{self}"))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.text, self.errors)
    }
}
