use super::*;
use crate::sre::{Definition, GoodAndBad, Objective, Reading, Slo, Target, Window};

fn made(name: &'static str) -> Slo {
    let answered = Objective::availability(Target::percent("99"));
    let definition = Definition::new(name, Window::days(30)).objective(answered);
    Slo::new(definition.min_events(0)).expect("is valid")
}

fn row_of(slo: &Slo) -> Row {
    let view = PROMISES.view();
    let rows = view.widgets.iter().filter_map(|widget| match widget {
        Widget::Table(table) => Some(&table.rows),
        _ => None,
    });
    let id = format!("{}/availability", slo.name());
    rows.flatten().find(|row| row.id == id).cloned().expect("is shown")
}

#[test]
fn what_is_not_known_is_a_dash_and_no_number() {
    let slo = made("panel-silent");
    let row = row_of(&slo);
    assert_eq!(row.cells[1].content, Content::Nothing);
    assert_eq!(row.cells[2].content, Content::Nothing);
    assert_eq!(row.cells[5].content, Content::from("no data"));
}

fn status_of(good: u64, bad: u64, seen: Duration) -> Status {
    let answered = Objective::availability(Target::percent("99"));
    let definition = Definition::new("panel-few", Window::days(30)).objective(answered);
    Status::of(&definition, 0, |_, window| {
        let window = window.unwrap_or(Window::days(30).nominal());
        Reading::rolling(window, seen, GoodAndBad::new(good, bad))
    })
}

#[test]
fn a_single_failure_is_told_as_such_and_is_no_alarm() {
    let one = status_of(0, 1, Window::days(30).nominal());
    let shown: Vec<Shown<'_>> = shown(&one).collect();
    assert_eq!(shown[0].standing, Standing::None);
    let row = row(&shown[0]);
    assert_eq!(row.cells[1], Cell::new("0 of 1".to_owned()));
    assert_eq!(row.cells[2], Cell::new("too few events"));
    let told = summary(core::slice::from_ref(&one), &shown, Stance::Release);
    assert_eq!(told, "too few events so far to judge; releases may go on");
}

#[test]
fn less_than_promised_so_far_is_worth_a_look() {
    let hour = status_of(900, 100, Duration::from_secs(3_600));
    let shown: Vec<Shown<'_>> = shown(&hour).collect();
    assert_eq!(shown[0].standing, Standing::Warn);
    let row = row(&shown[0]);
    assert_eq!(row.cells[1], Cell::new(Number::Share(0.9)).standing(Standing::Warn));
    assert_eq!(row.subtitle.as_deref(), Some("availability 99% over 30d, 1 h of it seen"));
}

#[test]
fn a_budget_that_is_used_up_is_bad() {
    let answered = Objective::availability(Target::percent("99"));
    let definition = Definition::new("panel-spent", Window::days(30)).objective(answered);
    let spent = Status::of(&definition, 3, |_, window| {
        let window = window.unwrap_or(Window::days(30).nominal());
        Reading::rolling(window, window, GoodAndBad::new(500, 500))
    });
    let shown: Vec<Shown<'_>> = shown(&spent).collect();
    assert_eq!(shown[0].standing, Standing::Bad);
    let row = row(&shown[0]);
    assert_eq!(row.cells[1].content, Content::Number(Number::Share(0.5)));
    assert_eq!(row.cells[2].standing, Standing::Bad);
    assert_eq!(row.cells[5], Cell::new("page").standing(Standing::Bad));
    assert!(row.facts.contains(&("bad events".into(), Number::Count(500).into())), "{row:?}");
    let told = summary(core::slice::from_ref(&spent), &shown, Stance::RollBack);
    assert!(told.contains("should be taken back"), "{told}");
}
