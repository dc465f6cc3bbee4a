use super::*;
use crate::sre::{Objective, Target, Window};

fn answered(name: &'static str, target: &'static str) -> Definition {
    let answered = Objective::availability(Target::percent(target));
    Definition::new(name, Window::days(30)).objective(answered)
}

#[allow(clippy::expect_used, reason = "only tests call it")]
fn rules(definitions: impl IntoIterator<Item = Definition>) -> PrometheusRules {
    PrometheusRules::of_definitions(definitions).expect("definitions that make sense")
}

#[test]
fn nothing_promised_is_a_file_without_groups() {
    assert!(rules([]).to_string().ends_with("\ngroups: []\n"));
}

#[test]
fn what_cannot_fire_is_a_comment() {
    let text = rules([answered("reports", "90")]).to_string();
    let comment =
        "# page: burn > 14.4 over 1h and 5m: left out, a total outage does not burn that fast";
    assert!(text.contains(comment), "{text}");
    assert_eq!(text.matches("- alert: ").count(), 2);
    let rules = rules([answered("search", "99.9")]).to_string();
    assert_eq!(rules.matches("- alert: ").count(), 3);
}

#[test]
fn a_window_with_too_few_scrapes_is_longer_and_says_so() {
    let mut day = answered("search", "99.9");
    day.window = Window::days(1);
    let slow = rules([day]).scrape_interval(Duration::from_secs(60)).to_string();
    // Five minutes are the shortest long window; a twelfth of it is less than one scrape.
    let comment = "over 5m and 4m instead, with a scrape every 1m less cannot be seen";
    assert!(slow.contains(comment), "{slow}");
    assert!(slow.contains("burn_rate:ratio_increase4m") && !slow.contains("increase25s"));
    // What the process calls it stays its name.
    assert!(slow.contains("window: \"5m\""));
    assert!(!rules([answered("search", "99.9")]).to_string().contains("instead"));
}

#[test]
fn slices_without_two_scrapes_have_no_rules() {
    let busy = Objective::throughput(Target::percent("99"), 10, Duration::from_secs(30));
    let text = rules([Definition::new("busy", Window::days(30)).objective(busy)]).to_string();
    assert!(text.contains("in a slice of 30s there are not two scrapes, which come every 30s"));
    assert!(!text.contains("record:"), "{text}");
}

#[test]
fn a_name_that_is_taken_is_left_out_and_a_twin_is_not_listed() {
    let text = rules([answered("a", "99"), answered("a", "99"), answered("a", "98")]).to_string();
    let comment = "# left out, because its name is taken: a over 30d: availability 98%";
    assert!(text.contains(comment), "{text}");
    assert_eq!(text.matches("# left out").count(), 1);
    assert_eq!(text.matches("- name: \"slo: a\"").count(), 1);
}

#[test]
fn a_definition_that_makes_no_sense_is_refused() {
    let perfect = answered("perfect", "100");
    let refused = PrometheusRules::of_definitions([answered("a", "99"), perfect]);
    assert!(refused.unwrap_err().to_string().contains("must be above 0% and below 100%"));
}

#[test]
fn labels_are_spelled_as_prometheus_spells_them_and_each_counts_once() {
    let text = rules([answered("a", "99")])
        .by("service.name")
        .by("reliability.slo.name")
        .only("env", "test")
        .only("env", "\"live\"")
        .to_string();
    let by = "sum by (reliability_slo_name, reliability_slo_objective, service_name, env) (";
    assert!(text.contains(by), "{text}");
    assert!(text.contains(", env=\"\\\"live\\\"\"}") && !text.contains("test"), "{text}");
}

#[test]
fn good_and_bad_are_not_kept_apart() {
    let plain = rules([answered("a", "99")]);
    for label in ["reliability.slo.outcome", "reliability_slo_outcome"] {
        assert_eq!(plain.clone().by(label).to_string(), plain.to_string());
        assert_eq!(plain.clone().only(label, "bad").to_string(), plain.to_string());
    }
}

#[test]
fn what_no_yaml_may_hold_is_not_in_the_file() {
    let odd = "a\u{0}\u{7f}\u{85}\u{2028}\u{feff}\u{fffe}\u{ffff}b";
    let mut twin = answered(odd, "98");
    twin.description = odd.into();
    let text = rules([answered(odd, "99"), twin]).runbooks(odd).to_string();
    // YAML 1.2.2, section 5.1, without the ends of lines of YAML 1.1 and the mark of the byte order.
    let may_stand = |c: char| matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..);
    let found: Vec<char> = text.chars().filter(|c| !may_stand(*c)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn names_are_one_segment_of_an_address() {
    assert_eq!(InPath("check/out 9~ä").to_string(), "check%2Fout%209~%C3%A4");
}
