//! Runs the example as a user does, only smaller: once as it is, and once so that it must fail.
#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use reliability_examples::said::Said;

fn run(arguments: &[&str]) -> Said {
    let said = Said::by("place_order", arguments);
    assert!(said.errors.is_empty(), "{said}");
    said
}

#[test]
fn every_order_is_complete_or_undone_however_often_the_worker_is_killed() {
    let said = run(&["--orders", "60", "--kills", "3", "--seed", "7"]);
    said.is_content("every order is complete or undone; no card was charged twice");
    assert_eq!(said.number("orders"), 60);
    assert_eq!(said.number("completed") + said.number("undone"), 60, "{said}");
    assert_eq!(said.number("worker killed"), 3, "{said}");
    // It was not easy.
    for line in ["completed", "undone", "repeated", "answers lost", "done too late"] {
        assert!(said.number(line) > 0, "no {line}:\n{said}");
    }
}

#[test]
fn what_is_repeated_without_its_key_is_done_twice_and_the_proof_sees_it() {
    let said = run(&["--orders", "40", "--kills", "1", "--seed", "7", "--forget-keys"]);
    assert!(!said.good, "{said}");
    assert_eq!(said.number("repeated"), 0, "each request seemed to be the first:\n{said}");
    assert!(said.has(" violations; the first one: "), "{said}");
    assert!(!said.has("every order is complete"), "{said}");
}

#[test]
fn a_flag_that_does_not_exist_is_refused_with_those_that_do() {
    let said = Said::by("place_order", &["--order"]);
    assert!(!said.good, "{said}");
    let refused = "`--order` means nothing here";
    assert!(said.errors.contains(refused) && said.errors.contains("--orders N"), "{said}");
}
