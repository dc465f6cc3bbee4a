//! The dashboard for Grafana, as far as one can look at it without Grafana.

use std::collections::BTreeSet;
use std::time::Duration;

use reliability::sre::{CalendarUnit, Definition, Objective, PrometheusRules, Target, Window};
use serde_json::Value;

use super::history::check_rules;
use super::{named, shop};

fn rules() -> PrometheusRules {
    let all = Definition::new("all kinds", Window::calendar(CalendarUnit::Month))
        .objective(Objective::error_rate(Target::percent("0.1")))
        .objective(Objective::latency(Target::percent("90"), Duration::from_millis(250)))
        .objective(Objective::throughput(Target::percent("99"), 10, Duration::from_secs(300)))
        .objective(Objective::correctness(Target::percent("99.99")).named("right \"{{x}}\""));
    let quiet = named("no alerts", shop().without_alerts());
    PrometheusRules::of_definitions([shop(), all, quiet])
        .unwrap()
        .by("namespace")
        .only("env", "live")
}

fn dashboard() -> Value {
    serde_json::from_str(&rules().dashboard().title("The shop").to_string()).unwrap()
}

fn exprs(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_cover_each_other() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    // An overview, and six objectives: a heading and seven panels, or eight with alerts.
    assert_eq!(panels.len(), 1 + 6 * 8 + 5);
    let (mut ids, mut covered) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24 && place("w") > 0 && place("h") > 0);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(covered.insert((x, y)), "two panels at {x}, {y}: {panel}");
            }
        }
        assert!(!panel["title"].as_str().unwrap().is_empty());
        let refs = panel["targets"].as_array().into_iter().flatten().map(|it| &it["refId"]);
        let refs: Vec<_> = refs.map(|it| it.as_str().unwrap()).collect();
        assert_eq!(refs.iter().collect::<BTreeSet<_>>().len(), refs.len());
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}");
            assert!(!refs.is_empty());
            let steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"].as_array().unwrap();
            assert!(
                steps[0]["value"].is_null()
                    && steps[1..].iter().all(|it| it["value"].is_f64() || it["value"].is_u64())
            );
        }
    }
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["datasource", "namespace"]);
}

/// Each question as a rule, which promtool reads.
#[test]
fn prometheus_understands_every_question() {
    let exprs = exprs(&dashboard());
    assert!(exprs.len() > 60, "{}", exprs.len());
    let mut rules = String::from("groups:\n  - name: asked\n    rules:\n");
    for (number, expr) in exprs.iter().enumerate() {
        rules += &format!("      - record: asked{number}\n        expr: |\n");
        expr.lines().for_each(|line| rules += &format!("          {line}\n"));
    }
    assert_eq!(check_rules("dashboard", &rules), Ok(exprs.len()));
}

/// The names of recorded series in a text.
fn recorded(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let starts = text.match_indices("slo:").map(|(at, _)| &text[at..]);
    let names = starts.map(|rest| rest.split(|c| !is_name(c)).next().unwrap());
    names.filter(|name| name.matches(':').count() == 2).map(ToOwned::to_owned).collect()
}

#[test]
fn what_is_asked_for_is_recorded() {
    let rules = rules().to_string();
    check_rules("dashboard-rules", &rules).unwrap();
    let records: BTreeSet<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: ").map(ToOwned::to_owned))
        .collect();
    assert_eq!(recorded(&rules), records, "rules read what rules record");
    let asked: BTreeSet<_> = exprs(&dashboard()).iter().flat_map(|expr| recorded(expr)).collect();
    assert!(asked.len() > 10);
    assert_eq!(asked.difference(&records).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_same_promises_make_the_same_text() {
    assert_eq!(rules().to_string(), rules().to_string());
    let text = || rules().dashboard().title("The shop").to_string();
    assert_eq!(text(), text());
    let uid = |title: &str| rules().dashboard().title(title).uid();
    assert_ne!(uid("The shop"), uid("the shop"));
    for title in ["", "ä", "A very long title that goes on and on and on", "--", "$(x)/../"] {
        let uid = uid(title);
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(!uid.is_empty() && uid.len() <= 40 && uid.chars().all(good), "{uid}");
        assert!(!uid.contains("--"), "{uid}");
    }
}

/// The names in the table of the guide are those of the rules.
#[test]
fn the_guide_lists_what_is_recorded() {
    let guide = include_str!("../../../reliability/src/guide/slo.md");
    let section = guide.split("# Rules for Prometheus").nth(1).unwrap();
    let section = section.split("\n# What it costs").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `slo:"));
    let listed: BTreeSet<_> =
        rows.map(|row| format!("slo:{}", row.split('`').next().unwrap())).collect();
    let windows = ["5m", "30m", "1h", "2h", "6h", "3d", "30d", "_month"];
    let general = |name: &String| {
        let window = windows.iter().find(|window| name.ends_with(&format!("increase{window}")));
        window.map_or(name.clone(), |window| {
            name.replace(&format!("increase{window}"), "increaseWINDOW")
        })
    };
    let recorded: BTreeSet<_> = recorded(&rules().to_string()).iter().map(general).collect();
    assert_eq!(listed, recorded);
}
