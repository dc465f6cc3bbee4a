//! Runs the example as a user does, only smaller: once as it is, and once so that it must fail.
#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::path::PathBuf;
use std::process::Command;

/// `cargo test` builds the examples of this package before its tests, with the same features.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().parent().unwrap().join("examples/place_order");
    let advice = "build it: `cargo test -p reliability-examples`";
    assert!(example.exists(), "{} is missing; {advice}", example.display());
    example
}

/// Whether it was content, and what it said.
fn run(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(example()).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{said}\n{errors}");
    (output.status.success(), said)
}

/// The number in a line of the table.
fn number(said: &str, line: &str) -> u32 {
    let rest = said.lines().find_map(|it| it.trim_start().strip_prefix(line));
    let rest = rest.unwrap_or_else(|| panic!("no `{line}` in\n{said}"));
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number behind `{line}` in\n{said}"))
}

#[test]
fn every_order_is_complete_or_undone_however_often_the_worker_is_killed() {
    let (good, said) = run(&["--orders", "60", "--kills", "3", "--seed", "7"]);
    assert!(good, "{said}");
    assert!(
        said.contains("every order is complete or undone; no card was charged twice"),
        "{said}"
    );
    assert_eq!(number(&said, "orders"), 60);
    assert_eq!(number(&said, "completed") + number(&said, "undone"), 60, "{said}");
    assert_eq!(number(&said, "worker killed"), 3, "{said}");
    // It was not easy.
    for line in ["completed", "undone", "repeated", "answers lost", "done too late"] {
        assert!(number(&said, line) > 0, "no {line}:\n{said}");
    }
}

#[test]
fn what_is_repeated_without_its_key_is_done_twice_and_the_proof_sees_it() {
    let (good, said) = run(&["--orders", "40", "--kills", "1", "--seed", "7", "--forget-keys"]);
    assert!(!good, "{said}");
    assert_eq!(number(&said, "repeated"), 0, "each request seemed to be the first:\n{said}");
    assert!(said.contains(" violations; the first one: "), "{said}");
    assert!(!said.contains("every order is complete"), "{said}");
}

#[test]
fn a_flag_that_does_not_exist_is_refused_with_those_that_do() {
    let output = Command::new(example()).arg("--order").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`--order` means nothing here") && said.contains("--orders N"), "{said}");
}
