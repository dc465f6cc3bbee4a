//! What several policies have in common, and files say of each.

use super::*;

/// Two policies with one breaker, and what its failure rate is to each of them.
struct Shared(Policy, Policy);

impl Shared {
    fn new(one: &'static str, other: &'static str) -> Self {
        let breaker = Breaker::standard("shared-by-two");
        let build = |name| Policy::builder(name).breaker(breaker.clone()).timeout(SECOND).build();
        Self(build(one).unwrap(), build(other).unwrap())
    }

    fn failure_rates(&self) -> [f64; 2] {
        [&self.0, &self.1].map(|policy| policy.settings().breaker.unwrap().failure_rate)
    }
}

#[test]
fn what_one_section_says_of_a_shared_breaker_is_not_undone_by_another() {
    let _turn = turn();
    let shared = Shared::new("sharing-one", "sharing-other");
    let one = "[policies.sharing-one]\n";
    let other = "[policies.sharing-other]\n";
    let (rate, timeout) = ("breaker.failure_rate = 0.25\n", "timeout = '3s'\n");
    for (text, expected) in [
        (format!("{one}{rate}{other}{timeout}"), 0.25),
        (format!("{one}{timeout}{other}{rate}"), 0.25),
        (format!("{one}{timeout}"), 0.5),
        (format!("{one}{rate}"), 0.25),
        (format!("{one}{rate}{other}{rate}"), 0.25),
        (format!("{other}{timeout}"), 0.5),
        (format!("{other}{rate}"), 0.25),
        (format!("{other}{rate}{one}{timeout}"), 0.25),
        ("[policies]".to_owned(), 0.5),
    ] {
        Overlay::from_toml(&text).unwrap().apply().unwrap();
        assert_eq!(shared.failure_rates(), [expected; 2], "{text}");
    }
    assert_eq!(shared.0.settings().timeout, Some(SECOND.into()));
    assert_eq!(shared.1.settings().timeout, Some(SECOND.into()));
}

#[test]
fn a_shared_breaker_is_as_declared_once_the_policy_that_came_later_is_told_nothing() {
    let _turn = turn();
    let overlay = |text: &str| Overlay::from_toml(text).unwrap().expecting(["sharing-late"]);
    overlay("[policies.sharing-late]\nbreaker.failure_rate = 0.25\n").apply().unwrap();
    let shared = Shared::new("sharing-early", "sharing-late");
    assert_eq!(shared.failure_rates(), [0.25; 2]);
    overlay("[policies.sharing-early]\nbreaker.failure_rate = 0.75\n").apply().unwrap();
    assert_eq!(shared.failure_rates(), [0.75; 2]);
    nothing();
    assert_eq!(shared.failure_rates(), [0.5; 2]);
}

#[test]
fn sections_that_say_different_things_of_a_shared_breaker_are_refused() {
    let shared = Shared::new("torn-one", "torn-other");
    refused(
        "[policies.torn-other]\nbreaker.failure_rate = 0.75\n\n[policies.torn-one]\nbreaker.failure_rate = \"25%\"\nbreaker.probes = 2\n",
        expect![[r#"
            TOML:5:24: `torn-one` shares its `breaker` with `torn-other`, for which another `breaker.failure_rate` is written above; keep one of them
              |
            5 | breaker.failure_rate = "25%"
              |                        ^^^^^
        "#]],
    );
    assert_eq!(shared.failure_rates(), [0.5; 2]);
}

#[test]
fn a_budget_that_policies_share_is_one() {
    let _turn = turn();
    let budget = RetryBudget::shared("config-warehouse").unwrap();
    let build = |name: &'static str| {
        let retry = Retry::standard().budget(budget.clone());
        Policy::builder(name).retry(retry).timeout(SECOND).build().unwrap()
    };
    let hedges = Hedge::standard().budget(budget.clone());
    let policies = (
        build("spending-one"),
        build("spending-other"),
        Policy::builder("spending-third").hedge(hedges).timeout(SECOND).build().unwrap(),
    );
    let apply = |text: &str| Overlay::from_toml(text).unwrap().apply();
    apply("[policies.spending-one]\nretry.budget.ratio = '10%'\n[policies.spending-third]\nhedge.budget = { capacity = 50 }\n[policies.spending-other]\ntimeout = '2s'").unwrap();
    assert_eq!((budget.settings().ratio, budget.settings().capacity), (0.1, 50));
    let torn = apply(
        "[policies.spending-one]\nretry.budget.ratio = 0.3\n[policies.spending-other]\nbudget.ratio = 0.4",
    );
    assert!(torn.unwrap_err().to_string().contains("shares its `budget` with `spending-one`"));
    assert_eq!((budget.settings().ratio, budget.settings().capacity), (0.1, 50));
    nothing();
    assert_eq!((budget.settings().ratio, budget.settings().capacity), (0.2, 100));
    drop(policies);
}

#[test]
fn a_policy_that_comes_late_and_contradicts_what_is_in_force_is_not_built() {
    let _turn = turn();
    let text = "[policies.late-first]\nbreaker.failure_rate = 0.25\n\
                [policies.late-second]\nbreaker.failure_rate = 0.75\n\
                [policies.late-third]\nbreaker = { failure_rate = '25%', probes = 2 }\n\
                [policies.late-fourth]\nbreaker.probes = 3\n";
    let names = ["late-first", "late-second", "late-third", "late-fourth"];
    Overlay::from_toml(text).unwrap().expecting(names).apply().unwrap();
    let breaker = Breaker::standard("shared-by-late");
    let build = |name| Policy::builder(name).breaker(breaker.clone()).build();
    let first = build("late-first").unwrap();
    assert_eq!(breaker.settings().failure_rate, 0.25);
    let second = build("late-second").unwrap_err();
    expect![[r#"`late-second`: `breaker.failure_rate` must be as it is said for `late-first`, which shares the breaker: 0.25 in TOML:2, but is 0.75 in TOML:4; keep one of the two"#]]
        .assert_eq(&second.to_string());
    assert_eq!(breaker.settings().failure_rate, 0.25, "what is in force stays");
    assert!(registry::find("late-second").is_none());
    let third = build("late-third").unwrap();
    assert_eq!((breaker.settings().failure_rate, breaker.settings().probes), (0.25, 2));
    assert!(build("late-fourth").is_err(), "nor one that contradicts who came late itself");
    // Once nobody is left who was told so, nothing is contradicted.
    drop((first, third));
    assert!(build("late-second").is_ok());
    nothing();
}
