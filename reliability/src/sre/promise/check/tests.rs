use super::*;
use crate::sre::{BudgetPolicy, Burn, Target};

const HOUR: Duration = Duration::from_secs(3600);
const GOOD: Objective = Objective::availability(Target::percent("99.9"));

fn refused(definition: Definition) -> Mistake {
    let Err(invalid) = definition.check() else { panic!("it makes sense: {definition}") };
    assert!(invalid.to_string().contains("must"), "{invalid}");
    invalid.mistake
}

fn with(objective: Objective) -> Definition {
    Definition::new("a", Window::days(30)).objective(objective)
}

#[test]
fn each_mistake_is_found_and_said() {
    let target = |parts| Objective::availability(Target::parts_per_billion(parts));
    let slice =
        |seconds| Objective::throughput(Target::percent("99"), 1, Duration::from_secs(seconds));
    let alert = |alert| with(GOOD).alert(alert);
    let policy = |policy| with(GOOD).policy(policy);
    let over = |window| Definition::new("a", window).objective(GOOD);
    let burn = Burn::times("10");
    let standard = BudgetPolicy::standard();
    let eight = (0..7).fold(with(GOOD), |definition, _| definition.objective(GOOD));
    let nine = (0..9).fold(with(GOOD), |definition, _| definition.alert(Alert::page(burn, HOUR)));
    let cases = [
        (Definition::with_name("", Window::days(30)).objective(GOOD), Mistake::NoName),
        (Definition::new("a", Window::days(30)), Mistake::Objectives),
        (eight, Mistake::Objectives),
        (with(GOOD).objective(GOOD), Mistake::Twice(1)),
        (with(target(0)), Mistake::Target(0)),
        (with(target(ONE)), Mistake::Target(0)),
        (with(Objective::latency(GOOD.target, Duration::ZERO)), Mistake::Threshold(0)),
        (with(Objective::throughput(GOOD.target, 0, HOUR)), Mistake::AtLeast(0)),
        (with(slice(9)), Mistake::Slice(0)),
        (with(slice(43_201)), Mistake::Slice(0)),
        (over(Window::days(367)), Mistake::WindowLength),
        (over(Window::days(0)), Mistake::WindowLength),
        (nine, Mistake::Alerts),
        (alert(Alert::page(burn, 721 * HOUR)), Mistake::AlertLong(0)),
        (alert(Alert::page(burn, HOUR).short(HOUR)), Mistake::AlertLong(0)),
        (alert(Alert::page(burn, HOUR / 150)), Mistake::AlertShort(0)),
        (alert(Alert::page(Burn::millionths(0), HOUR)), Mistake::AlertBurn(0)),
        (
            alert(Alert::page(Burn::times("1000"), HOUR)),
            Mistake::AlertNeverFires { alert: 0, objective: 0 },
        ),
        (policy(standard.freeze_below(5)), Mistake::PolicyOrder),
        (policy(standard.freeze_below(101)), Mistake::PolicyRange),
        (policy(standard.roll_back_below(-1001)), Mistake::PolicyRange),
        (policy(standard.hysteresis(51)), Mistake::Hysteresis),
    ];
    for (definition, mistake) in cases {
        assert_eq!(refused(definition), mistake);
    }
}

#[test]
fn what_just_makes_sense_is_taken() {
    let busy = Objective::throughput(GOOD.target, 1, 12 * HOUR).named("busy");
    let definition = with(GOOD)
        .objective(busy)
        .objective(Objective::latency(GOOD.target, HOUR))
        .alert(Alert::page(Burn::times("999.9"), HOUR))
        .policy(BudgetPolicy::standard().freeze_below(-10).roll_back_below(-1000));
    assert_eq!(definition.check(), Ok(()));
}
