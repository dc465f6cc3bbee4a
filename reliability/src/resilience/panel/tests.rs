use core::time::Duration;

use super::*;
use crate::error::Rejected;
use crate::resilience::breaker::State;
use crate::resilience::{Breaker, Policy};
use crate::telemetry::dashboard::{Cell, Content, Number, Row};
use crate::time::ManualClock;

fn rows(view: &View) -> Vec<Row> {
    let rows = view.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(table.rows.clone()),
        _ => None,
    });
    rows.flatten().collect()
}

fn row_of(id: &str) -> Row {
    let found = rows(&POLICIES.view()).into_iter().find(|row| row.id == id);
    found.unwrap_or_else(|| panic!("{id} is not shown"))
}

#[tokio::test]
async fn an_open_breaker_is_bad_and_can_be_reset_from_here() {
    let breaker = Breaker::builder("p1").build().expect("is valid");
    let policy = Policy::builder("panel-open").breaker(breaker.clone()).build().expect("is valid");
    policy.call(|| async { Ok::<_, Rejected>(()) }).await.expect("is let through");
    assert_eq!(
        row_of("panel-open").cells[0],
        Cell::new("closed".to_owned()).standing(Standing::Ok)
    );

    assert!(POLICIES.act("panel-open", "breaker_open").is_ok());
    assert_eq!(breaker.state(), State::ForcedOpen);
    let row = row_of("panel-open");
    assert_eq!(row.cells[0], Cell::new("forced open".to_owned()).standing(Standing::Warn));
    assert!(row.facts.contains(&("ended well".into(), Number::Count(1).into())), "{row:?}");
    assert!(row.actions.iter().any(|action| action.id == "breaker_reset"));

    assert!(POLICIES.act("panel-open", "breaker_reset").is_ok());
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let _policy = Policy::builder("panel-bare").timeout(Duration::from_secs(1)).build();
    let told = |row, action| POLICIES.act(row, action).map_err(|error| error.to_string());
    assert!(told("panel-bare", "breaker_open").is_err_and(|it| it.contains("has this layer")));
    assert!(told("panel-bare", "explode").is_err_and(|it| it.contains("one of breaker_open")));
    assert!(told("panel-none", "breaker_open").is_err_and(|it| it.contains("`panel-none`")));
    assert!(row_of("panel-bare").actions.is_empty());
}

#[test]
fn rates_are_of_the_last_ten_seconds() {
    let manual = ManualClock::new();
    let mut history = History::on(manual.clock());
    let mut now = PolicySnapshot::default();
    assert_eq!(history.add("p", &now), Rates::default());
    for second in 0..300 {
        manual.advance(Duration::from_secs(1));
        now.ok += 8;
        // From the 291st second on a fifth of the calls fails.
        if second >= 290 {
            now.failed = alloc::vec![("transient", now.failed.first().map_or(0, |it| it.1) + 2)];
        }
        let rates = history.add("p", &now);
        let wanted = if second >= 290 { Some(f64::from(second - 289)) } else { None };
        let calls = 8.0 + wanted.unwrap_or(0.0) * 0.2;
        assert!((rates.calls - calls).abs() < 1e-9, "{second}: {}", rates.calls);
        assert!(rates.calls_before.len() <= 120);
    }
    let rates = history.add("p", &now);
    assert!(rates.failing.is_some_and(|share| (share - 0.2).abs() < 1e-9), "{rates:?}");
    history.keep(&[]);
    assert_eq!(history.add("p", &now).calls, 0.0);
}

#[test]
fn policies_of_one_name_are_told_apart() {
    let ids: Vec<String> = ids(["a", "b", "a", "a"].into_iter()).collect();
    assert_eq!(ids, ["a", "b", "a#2", "a#3"]);
}

#[test]
fn failing_calls_raise_the_standing() {
    let of = |failing| {
        let rates = Rates { failing, ended: (FEW, 0), ..Rates::default() };
        standing(&PolicySnapshot::default(), &rates)
    };
    assert_eq!(of(None), Standing::None);
    assert_eq!(of(Some(0.05)), Standing::Ok);
    assert_eq!(of(Some(0.1)), Standing::Warn);
    assert_eq!(of(Some(0.5)), Standing::Bad);
}

#[test]
fn a_few_calls_that_fail_are_told_one_by_one_and_are_not_bad() {
    let few = Rates { failing: Some(1.0), ended: (1, 1), ..Rates::default() };
    assert_eq!(standing(&PolicySnapshot::default(), &few), Standing::Warn);
    assert_eq!(share_of(few.failing, few.ended), Content::from("1 of 1".to_owned()));
    assert_eq!(share_of(Some(0.5), (FEW, 5)), Number::Share(0.5).into());
    assert_eq!(share_of(None, (0, 0)), Content::Nothing);
}

#[test]
fn names_are_told_up_to_three() {
    assert_eq!(listed(["a", "b", "c"].into_iter()), "a, b, c");
    assert_eq!(listed(["a", "b", "c", "d", "e"].into_iter()), "a, b, c and 2 more");
}

#[test]
fn who_stands_out_is_told_with_the_reason() {
    let one = |id: &str, state, calls: u64, failed: u64| {
        let mut now = PolicySnapshot::default();
        let breaker = crate::telemetry::BreakerSnapshot { state, ..Default::default() };
        now.breaker = Some(breaker);
        let share = failed as f64 / calls as f64;
        let rates = Rates { failing: Some(share), ended: (calls, failed), ..Rates::default() };
        let standing = standing(&now, &rates);
        Shown { id: id.into(), now, rates, standing }
    };
    assert_eq!(summary(&[]), "none yet");
    assert_eq!(summary(&[one("a", "closed", 100, 1)]), "it is as it should be");
    let all = [
        one("price", "open", 100, 73),
        one("stock", "closed", 100, 0),
        one("mail", "half_open", 2, 1),
        one("tax", "closed", 100, 20),
    ];
    assert_eq!(
        summary(&all),
        "price (breaker open, 73\u{a0}% fail); \
         worth a look: mail (breaker half open, 1 of 2 failed), tax (20\u{a0}% fail)"
    );
    assert_eq!(summary(&all[2..3]), "worth a look: mail (breaker half open, 1 of 2 failed)");
}

#[test]
fn chaos_is_told_above_all_rows() {
    let tiles = tiles(&[], 2);
    let chaos = tiles.iter().find(|tile| tile.title == "CHAOS IS ON");
    assert_eq!(chaos.map(|tile| &tile.value), Some(&Content::Number(Number::Count(2))));
}
