//! The tail decision beside a naive one, which has all spans in a list and judges them one by one.

use proptest::prelude::*;

use super::*;
use crate::telemetry::Value;

const NAMES: [&str; 3] = ["order", "order.pay", "probe"];
const KEYS: [&str; 2] = ["tenant", "size"];

#[derive(Debug, Clone)]
struct Made {
    name: usize,
    /// Which of the spans before it is its parent.
    parent: usize,
    millis: u64,
    error: bool,
    attributes: Vec<(usize, i64)>,
    /// Whether it outlives the root.
    late: bool,
}

fn made() -> impl Strategy<Value = Made> {
    let attributes = prop::collection::vec((0..KEYS.len(), 0_i64..3), 0..4);
    (
        0..NAMES.len(),
        any::<prop::sample::Index>(),
        0_u64..4,
        prop::bool::weighted(0.2),
        attributes,
        any::<bool>(),
    )
        .prop_map(|(name, parent, millis, error, attributes, late)| Made {
            name,
            parent: parent.index(64),
            millis,
            error,
            attributes,
            late,
        })
}

fn rule(index: usize) -> impl Strategy<Value = Rule> {
    let span = prop::option::of(prop::sample::select(vec!["order", "order*", "*", "none"]));
    let condition = (any::<bool>(), any::<bool>(), prop::option::of(1_u64..4));
    let attributes = prop::collection::vec((0..KEYS.len(), prop::option::of(0_i64..3)), 0..3);
    let keep = prop::sample::select(vec![0.0, 0.5, 1.0]);
    (span, condition, attributes, keep, any::<bool>()).prop_map(
        move |(span, (error, root, slower), attributes, keep, locally)| {
            let mut rule = Rule::named(std::format!("rule {index}")).keep(keep);
            if let Some(span) = span {
                rule = rule.when_span(span);
            }
            if error {
                rule = rule.when_error();
            }
            if root {
                rule = rule.when_root();
            }
            if let Some(millis) = slower {
                rule = rule.when_slower_than(Duration::from_millis(millis));
            }
            for (key, value) in attributes {
                rule = match value {
                    Some(value) => rule.when_attribute(KEYS[key], value),
                    None => rule.when_attribute_is_there(KEYS[key]),
                };
            }
            if locally { rule.keep_locally() } else { rule }
        },
    )
}

fn rules() -> impl Strategy<Value = Rules> {
    let list = (0_usize..4).prop_flat_map(|count| (0..count).map(rule).collect::<Vec<_>>());
    (list, prop::sample::select(vec![0.0, 0.5, 1.0]), any::<bool>()).prop_map(
        |(list, otherwise, judges)| {
            let rules = list.into_iter().fold(Rules::new(), Rules::rule).otherwise(otherwise);
            if judges { rules.judge_kept() } else { rules }
        },
    )
}

/// As the documentation of the rules has it.
fn naive(rules: &Rules, spans: &[Made], id: TraceId, said: Option<bool>) -> Option<String> {
    if said == Some(true) && !rules.judges_kept {
        return Some("caller".into());
    }
    let share = |share: f64| Sampler::ratio(share).unwrap().keeps(id, None);
    let holds = |rule: &Rule, at: usize, span: &Made| {
        let name = NAMES[span.name];
        let named =
            |pattern: &super::super::super::rules::Pattern| pattern.matches(name.as_bytes());
        // The last value of a key is its value.
        let value = |key: &str| {
            let of_key = |(other, _): &&(usize, i64)| KEYS[*other] == key;
            span.attributes.iter().rev().find(of_key).map(|(_, value)| Value::Integer(*value))
        };
        (!rule.only_root || at == 0)
            && (!rule.error || span.error)
            && rule.slower_than.is_none_or(|limit| Duration::from_millis(span.millis) > limit)
            && rule.span.as_ref().is_none_or(named)
            && rule.attributes.iter().all(|(key, wanted)| match (value(key), wanted) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(value), Some(wanted)) => value == *wanted,
            })
    };
    for rule in &rules.rules {
        let ended = spans.iter().enumerate().filter(|(at, span)| *at == 0 || !span.late);
        let usable = said != Some(false) || rule.locally;
        if usable && ended.into_iter().any(|(at, span)| holds(rule, at, span)) {
            return share(rule.keep).then(|| rule.name.to_string());
        }
    }
    let judged = said != Some(false) && share(rules.otherwise.unwrap());
    judged.then(|| "default".into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_recorder_keeps_what_a_list_of_all_spans_would(
        rules in rules(),
        spans in prop::collection::vec(made(), 1..8),
        said in prop::option::of(any::<bool>()),
    ) {
        let bench = Bench::with_rules(rules.clone());
        let outer = said.map_or(Here::NOWHERE, caller);
        let mut open: Vec<Open> = Vec::new();
        for (at, span) in spans.iter().enumerate() {
            let parent = if at == 0 { outer } else { open[span.parent % at].here };
            open.push(bench.begin_with(NAMES[span.name], parent, |fields| {
                for (key, value) in &span.attributes {
                    fields.add(KEYS[*key], *value);
                }
            }));
        }
        // Each takes as long as it says: the clock is set to the end of each.
        let begun = bench.clock.clock().now();
        let finish = |at: usize| {
            bench.clock.set(begun.saturating_add(Duration::from_millis(spans[at].millis)));
            if spans[at].error { bench.fail(&open[at], "e") } else { bench.end(&open[at]) }
        };
        let (late, early): (Vec<usize>, Vec<usize>) = (1..spans.len()).partition(|at| spans[*at].late);
        early.iter().for_each(|at| finish(*at));
        finish(0);
        late.iter().for_each(|at| finish(*at));

        let id = open[0].here.trace_id;
        let kept = bench.kept_of(id);
        let expected = naive(&rules, &spans, id.unwrap(), said);
        prop_assert_eq!(kept.first().map(|trace| trace.kept_by.to_string()), expected.clone());
        let told: usize = kept.iter().map(|trace| trace.spans.len()).sum();
        prop_assert_eq!(told, if expected.is_some() { spans.len() } else { 0 });
        // Nothing is left behind.
        prop_assert_eq!(core::iter::from_fn(|| bench.ring.free.take()).count(), 1024);
    }
}
