use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use proptest::prelude::*;

use super::*;
use crate::sre::{Alert, BudgetPolicy, Burn, CalendarUnit, Definition, Indicator, Objective};
use crate::sre::{Target, UtcOffset, Window};

fn indicators(window: Window) -> impl Strategy<Value = Indicator> {
    let slice_max = window.nominal().as_secs() / 60;
    prop_oneof![
        Just(Indicator::Availability),
        Just(Indicator::ErrorRate),
        Just(Indicator::Correctness),
        (1..=3_600_000_000_000_u64)
            .prop_map(|nanos| Indicator::Latency { threshold: Duration::from_nanos(nanos) }),
        (1..=3600_u64)
            .prop_map(|seconds| Indicator::Latency { threshold: Duration::from_secs(seconds) }),
        (1..=u64::MAX, 10..=slice_max).prop_map(|(at_least, slice)| Indicator::Throughput {
            at_least,
            slice: Duration::from_secs(slice)
        }),
    ]
}

#[test]
fn main_that_ends_with_mistakes_shows_them_as_people_read_them() {
    let mistakes = Definitions::from_yaml("apiVersion: reliability/v1\nkind: Wish\n").unwrap_err();
    let text = mistakes.to_string();
    assert!(text.contains("2 | kind: Wish"), "{text}");
    assert_eq!(format!("{mistakes:?}"), text);
    assert_eq!(format!("{:?}", LoadError::from(mistakes)), text);
}

/// Names and descriptions that readers of YAML take for something else.
fn texts() -> impl Strategy<Value = String> {
    let tricky = [
        "yes",
        "No",
        "null",
        "~",
        "1",
        "1.0",
        "0x1f",
        "1e3",
        ".inf",
        "12:30:45",
        "2026-11-21",
        "a: b",
        "a #b",
        "- a",
        "? a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "{a}",
        "[a]",
        "'a'",
        "\"a\"",
        "a\\b",
        "a\nb",
        "a\r\nb",
        "\ta",
        " a ",
        "---",
        "...",
        "<<",
        "=",
        "Größe",
        "注文",
        "🦀",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{0}",
        "\u{fffe}",
        "\u{e000}",
        "a\u{7f}",
        "=SUM(A1)",
        "{{ a }}",
    ];
    prop_oneof![
        proptest::sample::select(Vec::from(tricky)).prop_map(String::from),
        "[a-z][a-z0-9-]{0,20}",
        any::<String>(),
    ]
}

fn windows(minutes: bool) -> impl Strategy<Value = Window> {
    let offsets = if minutes {
        (-12..=14_i16).prop_map(|hours| hours * 60).boxed()
    } else {
        (-1080..=1080_i16).boxed()
    };
    let units = [CalendarUnit::Day, CalendarUnit::Week, CalendarUnit::Month, CalendarUnit::Quarter];
    let unit: u64 = if minutes { 60 } else { 1 };
    prop_oneof![
        (1..=366_u32).prop_map(Window::days),
        (3600 / unit..=366 * 86_400 / unit)
            .prop_map(move |length| Window::rolling(Duration::from_secs(length * unit))),
        (proptest::sample::select(Vec::from(units)), offsets)
            .prop_map(|(unit, offset)| { Window::calendar(unit).at(UtcOffset::minutes(offset)) }),
    ]
}

/// Alerts that can fire with a target of 99.9 % and more, over windows that fit.
fn alerts(window: Window, minutes: bool) -> impl Strategy<Value = Vec<Alert>> {
    let longest = window.nominal().as_secs();
    let alert = (0..2, 1..999_999_999_u64, 60..=longest, 0.01..0.99_f64).prop_map(
        move |(urgency, burn, long, short)| {
            let long = if minutes { long / 60 * 60 } else { long };
            let short = Duration::from_secs(long).mul_f64(short);
            let short = short.clamp(Duration::from_secs(25), Duration::from_secs(long - 1));
            let burn = Burn::millionths(burn);
            let long = Duration::from_secs(long);
            let alert =
                if urgency == 0 { Alert::page(burn, long) } else { Alert::ticket(burn, long) };
            alert.short(short)
        },
    );
    proptest::collection::vec(alert, 0..=8)
}

fn policies() -> impl Strategy<Value = BudgetPolicy> {
    let thresholds = (-999..=100_i16).prop_flat_map(|freeze| (Just(freeze), -1000..freeze));
    prop_oneof![
        Just(BudgetPolicy::standard()),
        (thresholds, 0..=50_u8, any::<u64>()).prop_map(|((freeze, roll_back), points, events)| {
            BudgetPolicy::standard()
                .freeze_below(freeze)
                .roll_back_below(roll_back)
                .hysteresis(points)
                .min_events(events)
        }),
    ]
}

/// Valid definitions of all kinds; `minutes` for those that OpenSLO has words for.
fn definitions(minutes: bool) -> impl Strategy<Value = Definition> {
    windows(minutes).prop_flat_map(move |window| {
        let objective = (texts(), indicators(window), 999_000_000..1_000_000_000_u32);
        let objectives = proptest::collection::vec(objective, 1..=7);
        let rest = (proptest::option::of(alerts(window, minutes)), policies(), any::<u64>());
        ((texts(), texts()), objectives, rest, any::<bool>()).prop_map(
            move |((name, description), objectives, (alerts, policy, min_events), named)| {
                let name = if name.is_empty() { "a".into() } else { name };
                let mut definition = Definition::with_name(name, window);
                definition.description = description.into();
                definition.policy = policy;
                definition.min_events = if named { min_events } else { 60 };
                for (at, (name, indicator, parts)) in objectives.into_iter().enumerate() {
                    let name = match at {
                        0 if !named => draft::name_of(indicator).into(),
                        // Different names, and still tricky ones.
                        _ => Cow::Owned(alloc::format!("{name}{}", "'".repeat(at))),
                    };
                    let target = Target::parts_per_billion(parts);
                    let taken = definition.objectives().iter().any(|other| other.name == name);
                    let name = if taken { alloc::format!("{name} {at}").into() } else { name };
                    definition =
                        definition.objective(Objective::from_parts(name, indicator, target));
                }
                if let Some(alerts) = alerts {
                    definition = alerts
                        .into_iter()
                        .filter(|alert| {
                            definition.objectives().iter().all(|it| alert.can_fire(it.target))
                        })
                        .fold(definition.clone().without_alerts(), Definition::alert);
                }
                definition
            },
        )
    })
}

fn text_of(mistakes: &Mistakes) -> String {
    mistakes.to_string()
}

proptest! {
    #[test]
    fn what_the_simple_form_says_is_read_again(definition in definitions(false)) {
        prop_assert_eq!(definition.check(), Ok(()));
        let text = definition.to_yaml();
        let read = Definition::from_yaml(&text).map_err(|mistakes| text_of(&mistakes));
        prop_assert_eq!(read, Ok(definition), "{}", text);
    }

    #[test]
    fn what_open_slo_says_is_read_again(definition in definitions(true)) {
        prop_assert_eq!(definition.check(), Ok(()));
        // Some descriptions are longer than it takes.
        let text = definition.to_open_slo().map_err(|refused| refused.to_string());
        prop_assert!(text.is_ok(), "{:?}", text);
        let text = text.unwrap_or_default();
        let read = Definition::from_yaml(&text).map_err(|mistakes| text_of(&mistakes));
        prop_assert_eq!(read, Ok(definition), "{}", text);
    }

    #[test]
    fn what_open_slo_has_no_words_for_is_refused_and_never_bent(definition in definitions(false)) {
        if let Ok(text) = definition.to_open_slo() {
            let read = Definition::from_yaml(&text).map_err(|mistakes| text_of(&mistakes));
            prop_assert_eq!(read, Ok(definition), "{}", text);
        }
    }

    /// A line that is cut, doubled or mixed up is read or refused, and what is read makes sense.
    #[test]
    fn a_damaged_file_is_read_or_refused(
        definition in definitions(true),
        simple in any::<bool>(),
        cut in any::<proptest::sample::Index>(),
        put in prop_oneof![Just(String::new()), texts(), "[ \\-{}:\\[\\]&*!#|>%@,\"'0-9a-z\n]{1,6}"],
        away in 0..6_usize,
    ) {
        let text = if simple { Ok(definition.to_yaml()) } else { definition.to_open_slo() };
        let mut text = text.unwrap_or_default();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let begin = cut.index(places.len());
        let end = places.get(begin + away).copied().unwrap_or(text.len());
        text.replace_range(places[begin]..end, &put);
        match Definitions::from_yaml(&text) {
            Ok(read) => {
                for definition in &read {
                    prop_assert_eq!(definition.check(), Ok(()));
                }
                let again = Definitions::from_yaml(&read.to_yaml()).map_err(|it| text_of(&it));
                prop_assert_eq!(again.map(|it| it.into_iter().collect::<Vec<_>>()), Ok(read.into_iter().collect()));
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.list().is_empty());
                for mistake in mistakes.list() {
                    prop_assert!(!mistake.message().is_empty());
                    prop_assert!(mistake.line() <= text.lines().count() + 1);
                }
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Err(mistakes) = Definitions::from_yaml(&text) {
            prop_assert!(!mistakes.list().is_empty());
        }
    }
}
