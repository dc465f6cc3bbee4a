//! Everything that is wrong with a file is told at once, where it stands.

use reliability::sre::{Definition, Definitions, Mistakes};

/// The lines and messages that a text is refused with.
#[track_caller]
fn expect(text: &str, expected: &[(usize, &str)]) {
    let mistakes = Definitions::from_yaml(text).err();
    let told: Vec<_> = mistakes.iter().flat_map(Mistakes::list).collect();
    for (line, begin) in expected {
        let found =
            told.iter().any(|told| told.line() == *line && told.message().starts_with(begin));
        assert!(found, "{line}: {begin}\n{told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn of_the_simple_form() {
    expect(
        "\
apiVersion: reliability/v1
kind: SLO
metadata: { name: a, labels: {} }
spec:
  sli: avialability
  target: 0.9995
  timeWindow: { calendar: year, utcOffset: 2 }
  alerting:
    minEvents: -1
    alerts:
      - { severity: sev1, burnRate: fast, longWindow: 1 hour }
      - burnRate: 1e1
  errorBudgetPolicy: { freezeBelow: 10, rollBackBelow: 5.5%, hysteresys: 2 }
  description: 5
---
apiVersion: reliability/v1
kind: ServiceLevelObjective
metadata: { name: 5 }
spec:
  objectives:
    - { sli: latency, target: 99% }
    - { sli: { type: latency, slice: 5s }, target: 99% }
    - { sli: error-rate, target: 99% }
    - { sli: availability, atMost: 1% }
    - { sli: { type: throughput, threshold: 5 }, target: 99% }
    - text
  sli: availability
---
text
",
        &[
            (2, "`kind` must be `ServiceLevelObjective`, but is `SLO`"),
            (3, "`metadata` has no `labels`; it has `name`"),
            (
                5,
                "`spec.sli` must be `availability`, `error-rate` or `correctness`; or `{ type: latency",
            ),
            (6, "`spec.target` must be per cent with their sign"),
            (
                7,
                "`spec.timeWindow.calendar` must be `day`, `week`, `month` or `quarter`, but is `year`",
            ),
            (7, "`spec.timeWindow.utcOffset` must be hours and minutes ahead of UTC"),
            (9, "`spec.alerting.minEvents` must be a whole number from 0 to 2^64 - 1, but is `-1`"),
            (11, "`spec.alerting.alerts[0].severity` must be `page` or `ticket`, but is `sev1`"),
            (11, "`spec.alerting.alerts[0].burnRate` must be a number with at most 6 digits"),
            (11, "`spec.alerting.alerts[0].longWindow` must be a duration, such as `1h` (the unit"),
            (12, "`spec.alerting.alerts[1]` needs `severity`; write `severity: page`"),
            (12, "`spec.alerting.alerts[1]` needs `longWindow`; write `longWindow: 1h`"),
            (12, "`spec.alerting.alerts[1].burnRate` must be a number with at most 6 digits"),
            (13, "`spec.errorBudgetPolicy.freezeBelow` must be whole per cent, such as `10%`"),
            (13, "`spec.errorBudgetPolicy.rollBackBelow` must be whole per cent, such as `10%`"),
            (13, "`spec.errorBudgetPolicy` has no `hysteresys`; did you mean `hysteresis`?"),
            (14, "`spec.description` must be text, in quotes as in `\"5\"`, but is `5`"),
            (18, "`metadata.name` must be text, in quotes as in `\"5\"`, but is `5`"),
            (20, "`spec` needs `timeWindow`; write `timeWindow: 30d`"),
            (21, "`spec.objectives[0].sli` must be `availability`, `error-rate` or `correctness`"),
            (22, "`spec.objectives[1].sli` needs `threshold`; write `threshold: 500ms`"),
            (22, "`spec.objectives[1].sli.slice` is a key of a throughput only; remove it"),
            (23, "`spec.objectives[2].target` is no key of an error rate"),
            (24, "`spec.objectives[3].atMost` is for error rates"),
            (25, "`spec.objectives[4].sli` needs `atLeast`"),
            (25, "`spec.objectives[4].sli` needs `slice`"),
            (25, "`spec.objectives[4].sli.threshold` is a key of a latency only; remove it"),
            (26, "`spec.objectives[5]` must be a table with `name`, `sli`, `target`, `atMost`"),
            (27, "`spec.sli` is there beside `objectives`"),
            (
                29,
                "a document must be a table with `apiVersion`, `kind`, `metadata`, `spec`, but is `text`",
            ),
        ],
    );
}

/// What the definition itself refuses is told at the line of the value.
#[test]
fn of_promises_that_make_no_sense() {
    expect(
        "\
apiVersion: reliability/v1
kind: ServiceLevelObjective
metadata: { name: \"\" }
spec:
  objectives:
    - sli: availability
      target: 100%
    - sli:
        type: latency
        threshold: 2h
      target: 99%
    - name: latency
      sli: { type: throughput, atLeast: 0, slice: 60s }
      target: 99%
    - sli: { type: throughput, atLeast: 1, slice: 5s }
      target: 0%
  timeWindow: 400d
  alerting:
    alerts:
      - severity: page
        burnRate: 0
        longWindow: 1h
      - severity: page
        burnRate: 1000
        longWindow: 1h
      - severity: page
        burnRate: 10
        longWindow: 500d
      - severity: page
        burnRate: 10
        longWindow: 1h
        shortWindow: 1s
  errorBudgetPolicy:
    freezeBelow: 5%
    rollBackBelow: 5%
    hysteresis: 51
---
apiVersion: reliability/v1
kind: ServiceLevelObjective
metadata: { name: b }
spec: { objectives: [], timeWindow: 30d, errorBudgetPolicy: { freezeBelow: 101% } }
---
apiVersion: reliability/v1
kind: ServiceLevelObjective
metadata: { name: b }
spec: { sli: availability, target: 99%, timeWindow: 30d, errorBudgetPolicy: { hysteresis: 300 } }
",
        &[
            (3, "`metadata.name`: the name of an SLO must not be empty, but is empty"),
            (
                7,
                "`spec.objectives[0].target`: a target must be above 0% and below 100%, but is 100%",
            ),
            (
                9,
                "`spec.objectives[1].sli`: the threshold of a latency must be above 0 and at most 1h",
            ),
            (12, "`spec.objectives[2].name`: the objectives of an SLO must have different names"),
            (
                16,
                "`spec.objectives[3].target`: a target must be above 0% and below 100%, but is 0%",
            ),
            (17, "`spec.timeWindow`: a window must be whole seconds, 1h to 366d, but is 400d"),
            (21, "`spec.alerting.alerts[0].burnRate`: the burn rate of an alert must be above 0"),
            (24, "`spec.alerting.alerts[1].burnRate`: an alert must be one that can fire"),
            (
                28,
                "`spec.alerting.alerts[2].longWindow`: the long window of an alert must be longer",
            ),
            (
                32,
                "`spec.alerting.alerts[3].shortWindow`: the short window of an alert must be at least",
            ),
            (
                35,
                "`spec.errorBudgetPolicy.rollBackBelow`: the freeze must begin above the roll-back",
            ),
            (41, "`spec.objectives`: an SLO must have 1 to 7 objectives, but is 0"),
            (41, "`spec.errorBudgetPolicy.freezeBelow`: a policy must have thresholds from -1000%"),
            (45, "an SLO `b` is there already, in line 40; rename one"),
            (
                46,
                "`spec.errorBudgetPolicy.hysteresis` must be a whole number of points from 0 to 50",
            ),
        ],
    );
}

const OPEN_SLO: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: a
  annotations: { reliability/freeze-bellow: \"5%\", reliability/alert-min-events: 5, other/x: y }
spec:
  service: shop
  indicatorRef: anwsered
  timeWindow: [{ duration: 1m, isRolling: false, calendar: { startTime: today, timeZone: Europe/Berlin } }]
  budgetingMethod: Timeslices
  objectives: [{ target: 0.99, timeSliceWindow: 1m }]
  alertPolicies:
    - alertPolicyRef: none
    - { metadata: { name: x }, spec: { alertWhenBreaching: false, alertWhenNoData: true, conditions: [] } }
---
apiVersion: openslo/v1
kind: SLI
metadata: { name: answered }
spec: { ratioMetric: { raw: { metricSource: { spec: {} } }, rawType: success } }
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: slow }
spec:
  severity: sev1
  condition: { kind: budget, op: gte, threshold: high, lookbackWindow: 1M, alertAfter: 5m }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: b, annotations: { reliability/policy-hysteresis: two } }
spec:
  service: shop
  timeWindow: [{ duration: 90d, isRolling: true }, { duration: 30d, isRolling: true }]
  budgetingMethod: occurrences
  objectives:
    - { target: 0.99, targetPercent: 99, indicatorRef: answered }
    - { target: 99, timeSliceTarget: 1, compositeWeight: 2 }
    - displayName: quick
      target: 0.99
      value: 500
      indicator:
        metadata: { name: quick }
        spec: { thresholdMetric: { metricSource: { type: x, spec: { q: x } } } }
    - displayName: busy
      target: 0.99
      op: gte
      value: 500
      indicator:
        metadata: { name: busy }
        spec: { thresholdMetric: { metricSource: { type: x, spec: { q: x } } } }
---
apiVersion: openslo/v1
kind: Slo
";

const OF_OPEN_SLO: [(usize, &str); 28] = [
    (
        5,
        "`reliability/freeze-bellow` is no annotation that is read here; did you mean `freeze-below`?",
    ),
    (5, "`metadata.annotations[\"reliability/alert-min-events\"]` must be text, in quotes"),
    (8, "`spec.indicatorRef` names an SLI `anwsered` that is not there; did you mean `answered`?"),
    (
        9,
        "`spec.timeWindow[0].duration` must be `1d`, `1w`, `1M` or `1Q` for a calendar window (`m` are",
    ),
    (9, "`spec.timeWindow[0].calendar.timeZone` must be a zone without summer time"),
    (
        10,
        "`spec.budgetingMethod` must be `Occurrences`, because budgets here are weighted by events",
    ),
    (
        13,
        "`spec.alertPolicies[0].alertPolicyRef` names an AlertPolicy `none` that is not there; put it",
    ),
    (14, "`spec.alertPolicies[1].spec.alertWhenBreaching` must be true"),
    (14, "`spec.alertPolicies[1].spec.alertWhenNoData` must be false"),
    (14, "`spec.alertPolicies[1].spec.conditions` must have exactly one item, but has 0"),
    (19, "`spec.ratioMetric.raw` is a ratio without the counts it is of"),
    (25, "`spec.severity` must be `page` or `ticket`, but is `sev1`"),
    (26, "`spec.condition.kind` must be `burnrate`, but is `budget`"),
    (26, "`spec.condition.op` must be `gt`, because an alert fires while"),
    (26, "`spec.condition.threshold` must be a number with at most 6 digits"),
    (26, "`spec.condition.lookbackWindow` must be a whole number and `m`, `h`, `d` or `w`"),
    (26, "`spec.condition.alertAfter` must be `0m`, or left out"),
    (
        30,
        "`metadata.annotations[\"reliability/policy-hysteresis\"]` must be a whole number in quotes",
    ),
    (33, "`spec.timeWindow` must have exactly one item, but has 2"),
    (34, "`spec.budgetingMethod` must be `Occurrences`, but is `occurrences`"),
    (36, "`spec.objectives[0].targetPercent` is there beside `target`"),
    (37, "`spec.objectives[1]` needs an `indicator` or an `indicatorRef`"),
    (37, "`spec.objectives[1].target` must be a share above 0 and below 1 with at most 9 digits"),
    (37, "`spec.objectives[1].timeSliceTarget` belongs to budgets of time slices"),
    (37, "`spec.objectives[1].compositeWeight` must be 1"),
    (38, "`spec.objectives[2]` needs `op`; write `op: lt`"),
    (47, "`spec.objectives[3].value` is so many calls in how long a slice of time?"),
    (
        53,
        "`kind` must be `SLO`, `SLI`, `AlertPolicy`, `AlertCondition`, `AlertNotificationTarget`, ",
    ),
];

#[test]
fn of_open_slo() {
    expect(OPEN_SLO, &OF_OPEN_SLO);
}

/// Behind a mistake of the syntax nobody knows what stands where, and what an SLO refers to may be
/// there.
#[test]
fn before_a_mistake_of_the_syntax_what_stands_alone_is_told() {
    let text = format!("{OPEN_SLO}---\n[\n");
    let alone = OF_OPEN_SLO.iter().filter(|(line, _)| (16..28).contains(line) || *line == 53);
    let mut expected: Vec<_> = alone.copied().collect();
    expected.push((56, ""));
    expect(&text, &expected);
}

#[test]
fn a_text_with_another_number_of_promises_than_one_is_not_one() {
    let none = Definition::from_yaml("").unwrap_err().to_string();
    assert!(none.contains("there is no SLO here"), "{none}");
    let one = super::everything().to_yaml();
    let two = format!("{one}---\n{}", one.replace("everything", "another"));
    let told = Definition::from_yaml(&two).unwrap_err();
    assert!(told.list()[0].message().starts_with("a second SLO; keep one of them"));
    assert!(told.list()[0].line() > one.lines().count());
}
