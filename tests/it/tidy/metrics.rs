//! What transactions and journals tell in numbers is looked at by a test.

use super::{files, read, refuse};

/// Where those metrics are declared.
const SOURCES: [&str; 2] = ["reliability/src/distributed/transaction", "reliability/src/journal"];
/// What a test calls that looks at one.
const LOOKS: [&str; 4] = ["grows(", "sum(", "told(", "count("];

/// The metrics that a source declares.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.split("::builder(").skip(1).filter_map(|rest| {
        let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        name.starts_with("reliability.").then_some(name)
    })
}

fn complaints(sources: &[String], tests: &[String]) -> Vec<String> {
    let looks = |test: &&String| LOOKS.iter().any(|call| test.contains(call));
    let tests: Vec<&String> = tests.iter().filter(looks).collect();
    let names = sources.iter().flat_map(|source| declared(source));
    let unseen = names.filter(|name| {
        let quoted = format!("\"{name}\"");
        !tests.iter().any(|test| test.contains(&quoted))
    });
    unseen.map(|name| format!("`{name}`: let a test say what it counts")).collect()
}

#[test]
fn every_metric_of_transactions_and_journals_is_looked_at() {
    let texts = |folder: &str| files(folder, &["rs"]).into_iter().map(read);
    let sources: Vec<String> = SOURCES.iter().flat_map(|folder| texts(folder)).collect();
    assert!(sources.iter().flat_map(|source| declared(source)).count() > 30, "they are elsewhere");
    refuse(&complaints(&sources, &texts("tests/it").collect::<Vec<_>>()));
}

#[test]
fn a_metric_that_no_test_looks_at_is_seen() {
    let source =
        "Counter::builder(\"reliability.a.seen\") Histogram::builder(\n  \"reliability.a.b\")";
    let test = |text: &str| vec![text.to_owned()];
    let seen = "grows(&[(\"reliability.a.seen\", None, 1.0)])";
    let found = complaints(&test(source), &test(seen));
    assert_eq!(found, ["`reliability.a.b`: let a test say what it counts"]);
    // Its name alone is no test of it.
    assert_eq!(complaints(&test(source), &test("\"reliability.a.seen\"")).len(), 2);
}
