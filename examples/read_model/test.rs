//! Runs the example as a user does: with a server of its own, and with one that is there.
#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use reliability_examples::said::{Said, example};
use reliability_tests::postgres::Postgres;

const CONTENT: &str = "the table says of all 12 accounts what their events say";

fn run(url: Option<&str>) -> Said {
    let mut example = example("read_model");
    example.env_remove("DATABASE_URL");
    if let Some(url) = url {
        example.env("DATABASE_URL", url);
    }
    Said::of(&mut example)
}

#[test]
fn the_table_says_what_the_events_say_and_is_made_anew() {
    let said = run(None);
    said.is_content(CONTENT);
    assert!(said.has("8 records are from a program that counted in euros"), "{said}");
    assert!(said.has("rebuilding 100 %"), "{said}");
    assert_eq!(said.number("parked"), 0, "{said}");
    // It was not for nothing.
    let (repeated, refused) = (said.number("commands repeated"), said.number("commands refused"));
    assert!(repeated > 20 && refused > 10, "{said}");
    assert_eq!(said.number("taken in"), said.number("rebuilt"), "{said}");
    // It goes there in steps.
    let steps = said.text.lines().filter(|it| it.starts_with("rebuilding")).count();
    assert!(steps > 2, "{said}");
}

#[test]
fn a_database_that_is_there_is_used_as_often_as_one_likes_and_the_rest_of_it_left_alone() {
    let server = Postgres::start();
    server.sql("CREATE TABLE balance (mine int); INSERT INTO balance VALUES (7)");
    for _ in 0..2 {
        run(Some(&server.url())).is_content(CONTENT);
    }
    assert_eq!(server.sql("SELECT mine FROM balance"), ["7"]);
    assert_eq!(server.sql("SELECT count(*) FROM read_model_example.balance"), ["11"]);
}

#[test]
fn a_database_that_is_not_there_is_said_so() {
    let said = run(Some("postgres://nobody@127.0.0.1:1/nothing"));
    assert!(!said.good && said.errors.contains("Connection refused"), "{said}");
}
