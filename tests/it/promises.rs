//! Promises in files: what is read, what is written, and what is said about a file that is wrong.

mod hostile;
mod mistakes;
mod python;

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use reliability::sre::{
    self, Alert, BudgetPolicy, Burn, CalendarUnit, Definition, Definitions, LoadError, Objective,
    Slo, Target, UtcOffset, Window, slo,
};
use reliability::telemetry::prometheus;

const HOUR: Duration = Duration::from_secs(3600);

/// One with all kinds of objectives, and nothing as it would be without being said.
fn everything() -> Definition {
    Definition::new("everything: #1", Window::calendar(CalendarUnit::Week).at(UtcOffset::hours(-5)))
        .description("Line one.\nLine \"two\": yes")
        .objective(Objective::availability(Target::percent("99.95")))
        .objective(Objective::error_rate(Target::percent("0.1")))
        .objective(Objective::latency(Target::percent("99"), Duration::from_nanos(1_500_001)))
        .objective(Objective::latency(Target::percent("50"), Duration::from_millis(9)).named("p50"))
        .objective(Objective::throughput(Target::percent("99.5"), 600, Duration::from_secs(90)))
        .objective(Objective::correctness(Target::percent("99.9999999")).named("Größe: yes"))
        .alert(Alert::page(Burn::times("1.5"), HOUR))
        .alert(Alert::ticket(Burn::times("0.933333"), 24 * HOUR).short(Duration::from_secs(90)))
        .min_events(1)
        .policy(
            BudgetPolicy::standard()
                .freeze_below(-5)
                .roll_back_below(-50)
                .hysteresis(0)
                .min_events(7),
        )
}

#[test]
fn both_forms_say_everything_there_is() {
    let everything = everything();
    assert_eq!(everything.check(), Ok(()));
    assert_eq!(Definition::from_yaml(&everything.to_yaml()), Ok(everything.clone()));
    let open_slo = everything.to_open_slo().unwrap();
    assert_eq!(Definition::from_yaml(&open_slo), Ok(everything));
}

#[test]
fn the_simple_form_takes_what_people_write() {
    let text = r#"
apiVersion: reliability/v1
kind: ServiceLevelObjective
metadata: { name: "checkout" }
spec:
  objectives:
    - { sli: availability, target: 99.95 }
    - { sli: { type: availability }, target: 99%, name: least }
    - { sli: error-rate, atMost: 0.1% }
    - { sli: { type: throughput, atLeast: 100, slice: 60s }, target: 99.9% }
  timeWindow: { calendar: quarter, utcOffset: "+05:30" }
  alerting:
    minEvents: 10
    alerts:
      - { severity: page, burnRate: 14.4, longWindow: 1h }
      - { severity: ticket, burnRate: 1, longWindow: 3d, shortWindow: 6h }
  errorBudgetPolicy: { freezeBelow: 20% }
"#;
    let window = Window::calendar(CalendarUnit::Quarter).at(UtcOffset::minutes(330));
    let expected = Definition::new("checkout", window)
        .objective(Objective::availability(Target::percent("99.95")))
        .objective(Objective::availability(Target::percent("99")).named("least"))
        .objective(Objective::error_rate(Target::percent("0.1")))
        .objective(Objective::throughput(Target::percent("99.9"), 100, Duration::from_secs(60)))
        .alert(Alert::page(Burn::times("14.4"), HOUR))
        .alert(Alert::ticket(Burn::times("1"), 72 * HOUR).short(6 * HOUR))
        .min_events(10)
        .policy(BudgetPolicy::standard().freeze_below(20));
    assert_eq!(Definition::from_yaml(text), Ok(expected));
}

#[test]
fn without_a_word_about_alerts_they_are_the_standard_ones_and_an_empty_list_is_none() {
    let simple = |alerting: &str| {
        let text = format!(
            "{{ apiVersion: reliability/v1, kind: ServiceLevelObjective, metadata: {{ name: a }}, \
             spec: {{ sli: availability, target: 99%, timeWindow: 7d{alerting} }} }}"
        );
        Definition::from_yaml(&text).unwrap().written_alerts().map(<[Alert]>::len)
    };
    assert_eq!(simple(""), None);
    assert_eq!(simple(", alerting: { alerts: standard }"), None);
    assert_eq!(simple(", alerting: { alerts: [] }"), Some(0));
}

const REFERRING: &str = r#"
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: fast, annotations: { reliability/short-window: 5m } }
spec:
  severity: page
  condition: { kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h, alertAfter: 0m }
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: fast-burn }
spec:
  alertWhenBreaching: true
  alertWhenResolved: false
  conditions: [{ conditionRef: fast }]
  notificationTargets: [{ targetRef: on-call }]
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: search, displayName: Search }
spec:
  description: What was looked for is found.
  service: shop
  indicatorRef: answered
  timeWindow: [{ duration: 4w, isRolling: true }]
  budgetingMethod: Occurrences
  objectives:
    - { displayName: good, target: 0.9995 }
    - { displayName: least, targetPercent: 99 }
  alertPolicies: [{ alertPolicyRef: fast-burn }]
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: speed }
spec:
  service: shop
  timeWindow:
    - { duration: 1M, calendar: { startTime: 2022-02-01 00:00:00, timeZone: Etc/GMT-2 } }
  budgetingMethod: Occurrences
  objectives:
    - op: lte
      value: 250
      target: 0.99
      indicator:
        metadata: { name: quick, annotations: { reliability/unit: ms } }
        spec: { thresholdMetric: { metricSource: { type: Datadog, spec: { query: "p" } } } }
    - { target: 0.999, indicatorRef: failed, compositeWeight: 1 }
---
apiVersion: openslo/v1
kind: SLI
metadata: { name: answered }
spec:
  ratioMetric:
    counter: true
    good: { metricSource: { metricSourceRef: store, spec: { query: good } } }
    total: { metricSource: { metricSourceRef: store, spec: { query: total } } }
---
apiVersion: openslo/v1
kind: SLI
metadata: { name: failed }
spec:
  ratioMetric:
    bad: { metricSource: { type: Prometheus, spec: { query: bad } } }
    total: { metricSource: { type: Prometheus, spec: { query: total } } }
---
apiVersion: openslo/v1
kind: DataSource
metadata: { name: store }
spec: { type: Prometheus, connectionDetails: { url: "http://localhost:9090" } }
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: { name: on-call }
spec: { target: email, description: Whoever has the phone. }
"#;

#[test]
fn objects_of_open_slo_refer_to_each_other_wherever_they_stand() {
    let definitions = Definitions::from_yaml(REFERRING).unwrap();
    let good = Objective::availability(Target::percent("99.95")).named("good");
    let search = Definition::new("search", Window::days(28))
        .description("What was looked for is found.")
        .objective(good)
        .objective(Objective::availability(Target::percent("99")).named("least"))
        .alert(Alert::page(Burn::times("14.4"), HOUR));
    let month = Window::calendar(CalendarUnit::Month).at(UtcOffset::hours(2));
    let at_most = Duration::from_nanos(250_000_001);
    let failed = Objective::error_rate(Target::percent("0.1")).named("failed");
    let speed = Definition::new("speed", month)
        .objective(Objective::latency(Target::percent("99"), at_most).named("quick"))
        .objective(failed);
    assert_eq!(definitions.iter().collect::<Vec<_>>(), [&search, &speed]);
}

/// Each thing that is read and kept by nobody has its line.
#[test]
fn what_is_said_to_other_programs_is_told() {
    let definitions = Definitions::from_yaml(REFERRING).unwrap();
    let told: Vec<_> = definitions
        .remarks()
        .iter()
        .map(|remark| {
            let message = remark.message();
            (remark.line(), message[..message.find("` ").unwrap() + 1].to_owned())
        })
        .collect();
    let expected = [
        (14, "`spec.alertWhenResolved`"),
        (16, "`spec.notificationTargets`"),
        (20, "`metadata.displayName`"),
        (23, "`spec.service`"),
        (36, "`spec.service`"),
        (46, "`spec.objectives[0].indicator.spec.thresholdMetric.metricSource`"),
        (55, "`spec.ratioMetric.good.metricSource`"),
        (56, "`spec.ratioMetric.total.metricSource`"),
        (63, "`spec.ratioMetric.bad.metricSource`"),
        (64, "`spec.ratioMetric.total.metricSource`"),
        (69, "`spec`"),
        (74, "`spec`"),
    ];
    assert_eq!(told, expected.map(|(line, path)| (line, path.to_owned())));
}

static DECLARED: Slo = reliability::slo! { name: "declared-and-never-called", availability: 99.5 };

#[test]
fn the_listing_of_the_process_has_what_is_declared_and_what_is_made() {
    let answered = Objective::availability(Target::percent("99"));
    let made =
        Slo::new(Definition::new("made-for-the-listing", Window::days(7)).objective(answered));
    let listed = Definitions::of_process();
    let text = listed.to_yaml();
    let both = [DECLARED.definition(), made.as_ref().unwrap().definition()];
    for definition in both {
        assert_eq!(listed.find(&definition.name), Some(definition));
        assert!(text.contains(&format!("\n  name: {}\n", definition.name)), "{text}");
    }
    // Other tests make some of the same name, so only these are read again.
    let read: Definitions = listed.into_iter().filter(|it| both.contains(&it)).collect();
    let again = Definitions::from_yaml(&read.to_yaml()).unwrap();
    assert_eq!(again.into_iter().collect::<Vec<_>>(), both.map(Clone::clone));
}

/// From a file, for the calls of a function.
static FROM_FILE: LazyLock<Slo> = LazyLock::new(|| {
    let text = "{ apiVersion: reliability/v1, kind: ServiceLevelObjective, \
                metadata: { name: from-file }, \
                spec: { sli: availability, target: 99%, timeWindow: 7d } }";
    Slo::new(Definition::from_yaml(text).unwrap()).unwrap()
});

#[slo(objective = FROM_FILE, good = |answer| *answer > 0)]
fn answered(answer: u32) -> u32 {
    answer
}

#[test]
fn a_promise_of_a_file_counts_the_calls_of_a_function_and_is_asked_for_as_it_is_written() {
    assert_eq!((answered(1), answered(0)), (1, 0));
    let counts = FROM_FILE.status().objectives[0].budget.reading().counts;
    assert_eq!((counts.good, counts.bad), (1, 1));
    assert_eq!(sre::find("from-file").as_ref(), Some(&*FROM_FILE));

    // The query of the file names the counter that leaves the process.
    let open_slo = FROM_FILE.definition().to_open_slo().unwrap().replace("\\\"", "\"");
    let metrics = prometheus::text();
    let series = metrics.lines().find(|line| {
        line.starts_with("reliability_slo_events_total{")
            && line.contains("from-file")
            && line.contains("good")
    });
    let series = series.unwrap_or_else(|| panic!("{metrics}"));
    let labels = series[series.find('{').unwrap() + 1..series.find('}').unwrap()].split(',');
    for label in labels.filter(|label| label.starts_with("reliability_slo_")) {
        assert!(open_slo.contains(label), "{label}\n{open_slo}");
    }
    assert!(open_slo.contains("sum(reliability_slo_events_total{"));
}

#[test]
fn a_file_is_named_in_what_is_said_about_it() {
    let folder = std::env::temp_dir().join(format!("reliability-promises-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("slo.yaml");
    let shown = path.display().to_string();

    assert!(matches!(Definitions::load(&path), Err(LoadError::Unreadable { .. })));
    fs::write(&path, everything().to_yaml()).unwrap();
    assert_eq!(Definitions::load(&path).unwrap().len(), 1);
    fs::write(&path, "apiVersion: openslo/v2\nkind: SLO\n").unwrap();
    let told = Definitions::load(&path).unwrap_err().to_string();
    assert!(
        told.starts_with(&format!(
            "{shown}:1:13: `apiVersion` must be `reliability/v1` or `openslo/v1`, but is `openslo/v2`"
        )),
        "{told}"
    );
    fs::write(&path, b"a: \xff").unwrap();
    let told = Definitions::load(&path).unwrap_err().to_string();
    assert!(told.starts_with(&format!("{shown}:1:4: this is no UTF-8")), "{told}");
    // Where it is cut it would be a whole one.
    let one = everything().to_yaml();
    let room = (1 << 20) - one.len();
    fs::write(&path, format!("\u{feff}{one}{}\n---\nnothing", "#".repeat(room - 1))).unwrap();
    let told = Definitions::load(&path).unwrap_err().to_string();
    assert!(
        told.starts_with(&format!("{shown}:1:1: a file of promises may have at most")),
        "{told}"
    );
    fs::remove_dir_all(&folder).unwrap();
}
