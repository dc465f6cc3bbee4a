//! What the rules are about, and what a person reads.

use std::time::Duration;

use reliability::sre::{Definition, Objective, PrometheusRules, Slo, Target, Window};
use reliability::telemetry::prometheus;

use super::history::{check_rules, test_rules};
use super::{STEP, named, shop};

fn rules(definitions: impl IntoIterator<Item = Definition>) -> PrometheusRules {
    PrometheusRules::of_definitions(definitions).unwrap()
}

/// The series of a process, as Prometheus scrapes them, in a test for promtool.
fn input(series: &[(String, &str)]) -> String {
    let mut test = String::from("  - interval: 30s\n    input_series:\n");
    for (series, values) in series {
        test += &format!("      - series: '{series}'\n        values: '{values}'\n");
    }
    test
}

#[test]
fn rules_are_about_what_the_process_exports() {
    let slo = Slo::new(named("exported \\ \"so\"", shop())).unwrap();
    let text = prometheus::text();
    let exported: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("reliability_slo_events_total{"))
        .filter(|line| line.contains("exported"))
        .map(|line| (line.rsplit_once(' ').unwrap().0.to_owned(), "0+5x40"))
        .collect();
    assert_eq!(exported.len(), 2, "{text}");
    let rules = PrometheusRules::of([slo]).to_string();
    let ask = "    promql_expr_test:
      - expr: sum(slo:events:increase5m)
        eval_time: 15m
        exp_samples: [{labels: '{}', value: 100}]
      - expr: sum(slo:error:ratio_increase5m)
        eval_time: 15m
        exp_samples: [{labels: '{}', value: 0.5}]
";
    test_rules("exported", &rules, STEP, &[input(&exported) + ask]).unwrap();
}

#[test]
fn an_alert_says_what_burns_how_fast_and_how_long_that_can_go_on() {
    let definition = shop().description("Who cannot pay goes elsewhere {{ really }}.");
    let rules = rules([definition]).runbooks("https://runbooks.example/").to_string();
    let series = |outcome: &str| {
        format!(
            "reliability_slo_events_total{{reliability_slo_name=\"shop\",\
             reliability_slo_objective=\"availability\",reliability_slo_outcome=\"{outcome}\"}}"
        )
    };
    let calls = [(series("good"), "0+80x20"), (series("bad"), "0+20x20")];
    let ask = r#"    alert_rule_test:
      - alertname: SloBudgetBurns
        eval_time: 5m
        exp_alerts:
          - exp_labels:
              severity: page
              window: 1h
              reliability_slo_name: shop
              reliability_slo_objective: availability
            exp_annotations:
              summary: "shop: the budget of availability 99.9% burns 16.7 times as fast as it may"
              description: "Who cannot pay goes elsewhere {{ really }}. Faster than 14.4 over 1h and still over 5m. 20% were bad in the last 5m. 97.92% of the budget over 30d is left. If it burns on like that, it is gone in 1d 18h 18m 0s."
              runbook_url: "https://runbooks.example/shop"
"#;
    // What is left was looked at in the round before.
    test_rules("read", &rules, STEP, &[input(&calls) + ask])
        .unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn what_is_kept_apart_has_a_budget_of_its_own() {
    let rules = rules([shop()]).by("k8s.namespace.name").only("env", "live").to_string();
    let series = |labels: &str, outcome: &str| {
        format!(
            "reliability_slo_events_total{{reliability_slo_name=\"shop\",\
             reliability_slo_objective=\"availability\",reliability_slo_outcome=\"{outcome}\",{labels}}}"
        )
    };
    let mut calls = Vec::new();
    for (namespace, env, bad) in
        [("a", "live", "0+1x40"), ("b", "live", "0+0x40"), ("a", "test", "0+100x40")]
    {
        for pod in ["1", "2"] {
            let labels = format!("k8s_namespace_name=\"{namespace}\",env=\"{env}\",pod=\"{pod}\"");
            calls.push((series(&labels, "good"), "0+9x40"));
            calls.push((series(&labels, "bad"), bad));
        }
    }
    let ask = "    promql_expr_test:
      - expr: sum by (env, k8s_namespace_name) (slo:error:ratio_increase5m)
        eval_time: 15m
        exp_samples:
          - labels: '{env=\"live\", k8s_namespace_name=\"a\"}'
            value: 0.1
          - labels: '{env=\"live\", k8s_namespace_name=\"b\"}'
            value: 0
      - expr: count by (env, k8s_namespace_name) (ALERTS{alertstate=\"firing\", window=\"1h\"})
        eval_time: 15m
        exp_samples:
          - labels: '{env=\"live\", k8s_namespace_name=\"a\"}'
            value: 1
";
    test_rules("apart", &rules, STEP, &[input(&calls) + ask])
        .unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn slices_are_judged_for_all_replicas_together() {
    // At least ten in two minutes: six of each of two replicas are enough.
    let slice = Duration::from_secs(120);
    let enough = Objective::throughput(Target::percent("99"), 10, slice);
    let rules = rules([Definition::new("busy", Window::days(30)).objective(enough).min_events(20)]);
    let series = |pod: &str| {
        format!(
            "reliability_slo_events_total{{reliability_slo_name=\"busy\",\
             reliability_slo_objective=\"throughput\",reliability_slo_outcome=\"good\",pod=\"{pod}\"}}"
        )
    };
    // For two hours; one of them then stands still for an hour.
    let calls = [(series("1"), "0+1.5x360"), (series("2"), "0+1.5x240 360+0x120")];
    let labels = "reliability_slo_name=\"busy\", reliability_slo_objective=\"throughput\"";
    let ask = format!(
        "    promql_expr_test:
      - expr: slo:error:ratio_increase1h
        eval_time: 120m
        exp_samples: [{{labels: 'slo:error:ratio_increase1h{{{labels}}}', value: 0}}]
      - expr: count(slo:events:increase1h > 28 < 32)
        eval_time: 120m
        exp_samples: [{{labels: '{{}}', value: 1}}]
      - expr: round(slo:error:ratio_increase1h, 0.1)
        eval_time: 150m
        exp_samples: [{{labels: '{{{labels}}}', value: 0.5}}]
      - expr: ALERTS{{window=\"1h\"}}
        eval_time: 120m
      - expr: count(ALERTS{{window=\"1h\"}})
        eval_time: 150m
        exp_samples: [{{labels: '{{}}', value: 1}}]
"
    );
    test_rules("slices", &rules.to_string(), slice, &[input(&calls) + &ask])
        .unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn whatever_a_promise_is_called_the_file_is_read() {
    let hostile = "a: \"b\" \\ {{ $labels.x }} `c` %s ' #\n- alert: evil\n\u{2028}{{";
    let definition = Definition::with_name(hostile, Window::days(30))
        .objective(Objective::availability(Target::percent("99")).named("{{ `\n"))
        .objective(Objective::latency(Target::percent("90"), Duration::from_millis(5)))
        .description("}} {{ end }} \u{0}");
    let checked = |definitions: Vec<Definition>| {
        check_rules("called", &rules(definitions).runbooks("https://a.example/{{").to_string())
    };
    // Two objectives with 19 and 18 rules, of which one cannot burn 14.4 times too fast.
    let plain = named("plain", definition.clone());
    assert_eq!(checked(vec![definition.clone()]), checked(vec![plain.clone()]));
    assert!(checked(vec![definition, plain]).unwrap() > 50);
    assert_eq!(checked(vec![]), Ok(0));
    assert!(checked(vec![shop().without_alerts()]).is_ok());
}
