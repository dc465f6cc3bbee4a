//! Runs the example as a user does: with a server of its own, and with one that is there.
#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::path::PathBuf;
use std::process::{Command, Output};

use reliability_tests::postgres::Postgres;

/// `cargo test` builds the examples of this package before its tests, with the same features.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().parent().unwrap().join("examples/read_model");
    let advice = "build it: `cargo test -p reliability-examples`";
    assert!(example.exists(), "{} is missing; {advice}", example.display());
    example
}

fn run(url: Option<&str>) -> Output {
    let mut example = Command::new(example());
    example.env_remove("DATABASE_URL");
    if let Some(url) = url {
        example.env("DATABASE_URL", url);
    }
    example.output().unwrap()
}

/// What it says when it is content.
#[track_caller]
fn said(output: &Output) -> String {
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{said}\n{errors}");
    said
}

#[test]
fn the_table_says_what_the_events_say_and_is_made_anew() {
    let said = said(&run(None));
    for line in [
        "8 records are from a program that counted in euros",
        "parked             0 events",
        "rebuilding 100 %",
        "the table says of all 12 accounts what their events say",
    ] {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    let number = |line: &str| -> u64 {
        let rest = said.lines().find_map(|it| it.strip_prefix(line)).unwrap();
        rest.trim().split([' ', ',']).next().unwrap().parse().unwrap()
    };
    // It was not for nothing.
    assert!(number("commands repeated") > 20 && number("commands refused") > 10, "{said}");
    assert!(number("taken in") == number("rebuilt"), "{said}");
    // It goes there in steps.
    assert!(said.lines().filter(|it| it.starts_with("rebuilding")).count() > 2, "{said}");
}

#[test]
fn a_database_that_is_there_is_used_as_often_as_one_likes_and_the_rest_of_it_left_alone() {
    let server = Postgres::start();
    server.sql("CREATE TABLE balance (mine int); INSERT INTO balance VALUES (7)");
    for _ in 0..2 {
        said(&run(Some(&server.url())));
    }
    assert_eq!(server.sql("SELECT mine FROM balance"), ["7"]);
    assert_eq!(server.sql("SELECT count(*) FROM read_model_example.balance"), ["11"]);
}

#[test]
fn a_database_that_is_not_there_is_said_so() {
    let output = run(Some("postgres://nobody@127.0.0.1:1/nothing"));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Connection refused"), "{said}");
}
