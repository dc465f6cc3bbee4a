use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::Overlay;
use super::keys::KEYS;
use super::kind::{Kind, Reading};
use super::overlay::Format;
use crate::document::{Node, Value};
use crate::error::recovery::Degradation;
use crate::resilience::degrade::{Degrade, Measures};
use crate::resilience::policy::Settings;
use crate::resilience::retry::Retry;
use crate::resilience::timeout::Timeout;
use crate::resilience::{
    Breaker, Bulkhead, ConcurrencyLimit, Hedge, Invalid, Policy, RateLimit, RetryBudget,
};
use crate::sync::Quantile;

const FORMATS: [Format; 3] = [Format::Toml, Format::Yaml, Format::Json];

mod coverage;
mod json;

fn messages(read: Result<Overlay, super::Mistakes>) -> Vec<String> {
    let Err(mistakes) = read else { panic!("there is a mistake") };
    mistakes.list().iter().map(|mistake| mistake.message().to_string()).collect()
}

fn changes(overlay: &Overlay) -> Vec<(String, &'static str, Reading)> {
    let section = |section: &super::overlay::Section| {
        let change = |change: &super::overlay::Change| {
            (section.name.clone(), change.key.path, change.reading.clone())
        };
        section.changes.iter().map(change).collect::<Vec<_>>()
    };
    overlay.inner.sections.iter().flat_map(section).collect()
}

#[test]
fn the_same_is_read_from_each_language() {
    let toml = "[policies.price]\ntimeout = \"1.5s\"\nretry = { attempts = 4, backoff.max = '2s' }\n\
                breaker.slow_calls = [\"500ms\", 0.8]\n";
    let yaml = "# settings\npolicies:\n  price:\n    timeout: 1.5s\n    retry:\n      attempts: 4\n      \
                backoff: { max: '2s' }\n    breaker.slow_calls:\n      - 500ms\n      - 80%\n";
    let json = "{\n\t\"policies\": {\"price\": {\n\t\t\"timeout\": \"1.5s\",\n\"retry\": {\"attempts\": 4, \
                \"backoff\": {\"max\": \"2s\"}}, \"breaker\": {\"slow_calls\": [\"500ms\", 8e-1]}}}}";
    let toml = Overlay::from_toml(toml).unwrap();
    assert_eq!(changes(&toml).len(), 4);
    for other in [Overlay::from_yaml(yaml), Overlay::from_json(json)] {
        assert_eq!(changes(&other.unwrap()), changes(&toml));
    }
}

#[test]
fn a_mistake_is_told_where_it_stands() {
    let cases = [
        (Format::Toml, "[policies.a]\n\n  timeout = 5\n", (3, 13)),
        (Format::Toml, "policies.a = { ti = 5 }", (1, 16)),
        (Format::Toml, "[policies.\"ä ö\"]\n\"tü\" = 5\n", (2, 1)),
        (Format::Toml, "policies.\"äöü\".x = 5", (1, 16)),
        (Format::Yaml, "policies:\n  a:\n    timeout: 5\n", (3, 14)),
        (Format::Yaml, "policies: {äö: {timeout: 5}}", (1, 26)),
        (Format::Yaml, "{\"policies\":\r\n {\"a\":\r\n\t{\"timeout\": 5}}}", (3, 14)),
    ];
    for (format, text, place) in cases {
        let mistakes = Overlay::read(format, "f", text).expect_err(text);
        let [mistake] = mistakes.list() else { panic!("{mistakes}") };
        assert_eq!((mistake.line(), mistake.column()), place, "{text}\n{mistakes}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "[policies.a]\ntimeout = 5\nretry.attempts = 0\n[policies.b]\nbreaker.probes = 256\nx = 1\n[other]\n";
    assert_eq!(messages(Overlay::from_toml(text)).len(), 5);
    let text = "[policies.a]\ntimeout = 5 6\nretry.attempts = \"\n";
    assert!(messages(Overlay::from_toml(text)).len() >= 2, "of the syntax, too");
}

#[test]
fn what_is_empty_or_cut_short_is_refused() {
    for format in FORMATS {
        for text in ["", " \n", "\u{feff}", "# a comment\n"] {
            if format == Format::Json && text.starts_with('#') {
                continue;
            }
            let [message] = &messages(Overlay::read(format, "f", text))[..] else {
                panic!("{text}")
            };
            assert!(message.contains("policies"), "{message}");
        }
    }
    assert_eq!(Overlay::from_toml("[policies]").unwrap().names().count(), 0);
    assert_eq!(Overlay::from_yaml("policies: {}").unwrap().names().count(), 0);
}

#[test]
fn a_byte_order_mark_and_the_line_ends_of_windows_are_read() {
    let text = "\u{feff}[policies.a]\r\ntimeout = \"1s\"\r\nx = 2\r\n";
    let mistakes = Overlay::from_toml(text).expect_err("x is unknown");
    assert_eq!((mistakes.list()[0].line(), mistakes.list()[0].column()), (3, 1));
    assert!(!mistakes.to_string().contains('\r'));
    assert!(Overlay::from_yaml("\u{feff}policies:\r\n  a:\r\n    timeout: 1s\r\n").is_ok());
}

#[test]
fn keys_that_are_there_twice_are_refused() {
    assert!(
        !messages(Overlay::from_toml("[policies.a]\ntimeout = \"1s\"\ntimeout = \"2s\""))
            .is_empty()
    );
    for text in ["policies:\n  a: {}\n  a: {}\n", "{\"policies\": {}, \"policies\": {}}"] {
        assert!(messages(Overlay::from_yaml(text))[0].contains("twice"));
    }
    let dotted = "policies: {a: {retry: {attempts: 2}, retry.attempts: 3}}";
    assert!(messages(Overlay::from_yaml(dotted))[0].contains("twice"));
    let budget = "policies: {a: {retry: {budget: {ratio: 0.1}}, hedge.budget.ratio: 0.2}}";
    assert!(messages(Overlay::from_yaml(budget))[0].contains("twice"));
}

/// Each name compared with all before it would be two thousand million comparisons.
#[test]
fn of_as_many_keys_as_a_file_can_have_the_one_that_is_there_twice_is_found() {
    let mut keys: String = (0..60_000).map(|number| format!("\"k{number}\": {{}}, ")).collect();
    keys.push_str("\"k0\": {}");
    let text = format!("{{\"policies\": {{{keys}}}}}");
    for format in [Format::Json, Format::Yaml] {
        let mistakes = Overlay::read(format, "f", &text).expect_err("the last is the first");
        assert_eq!(mistakes.list()[0].column(), text.len() - 9, "{format:?}");
        assert!(mistakes.list()[0].message().contains("twice"));
    }
}

#[test]
fn numbers_that_no_setting_has_are_refused() {
    let numbers = [
        "-1",
        "0",
        "1.5",
        "1e400",
        "nan",
        "-inf",
        "1e-400",
        "99999999999999999999999999999999999999999",
        "0xffffffffffffffffffffffffffffffffffffffff",
    ];
    for number in numbers {
        for setting in ["breaker.probes", "retry.attempts", "breaker.window", "timeout"] {
            let text = format!("[policies.a]\n{setting} = {number}\n");
            assert_eq!(messages(Overlay::from_toml(&text)).len(), 1, "{text}");
            let text = format!(
                "policies: {{a: {{{setting}: {}}}}}",
                number.replace("inf", ".inf").replace("nan", ".nan")
            );
            assert_eq!(messages(Overlay::from_yaml(&text)).len(), 1, "{text}");
        }
    }
    for share in ["nan", "0", "-0.5", "1.5", "30", "1e-9", "\"130%\"", "\"%\"", "\"-5%\"", "true"] {
        let text = format!("[policies.a]\nbreaker.failure_rate = {share}\n");
        assert_eq!(messages(Overlay::from_toml(&text)).len(), 1, "{text}");
    }
}

#[test]
fn what_is_nested_without_end_is_refused_and_ends() {
    let many = 100_000;
    let pairs = [
        ("[", "]"),
        ("{a=", "}"),
        ("{a: ", "}"),
        ("[[", "]]"),
        ("- ", ""),
        ("? ", ""),
        ("a: ", ""),
        ("{", ""),
    ];
    for format in FORMATS {
        for (open, close) in pairs {
            let text = format!("x = {}1{}", open.repeat(many), close.repeat(many));
            assert!(Overlay::read(format, "f", &text).is_err());
            let text = format!("{}{}", open.repeat(many), close.repeat(many));
            assert!(Overlay::read(format, "f", &text).is_err());
            let text = format!("policies: {}", open.repeat(many));
            assert!(Overlay::read(format, "f", &text).is_err());
        }
        for text in [
            "a.".repeat(many) + "a = 1",
            format!("[{}a]", "a.".repeat(many)),
            format!("x = {{{}a = 1}}", "a . ".repeat(many)),
        ] {
            assert!(Overlay::read(format, "f", &text).is_err());
        }
    }
    let bomb = "a: &a [x]\nb: &b [*a, *a]\npolicies: {}\n";
    assert!(messages(Overlay::from_yaml(bomb))[0].contains("anchors"));
    let long = "x".repeat(super::overlay::BYTES_MAX + 1);
    assert!(messages(Overlay::from_yaml(&long))[0].contains("at most"));
}

#[test]
fn of_many_mistakes_the_first_hundred_are_shown() {
    let mut text = String::from("[policies.a]\n");
    for index in 0..20_000 {
        text += &format!("x{index} = 1\n");
    }
    let mistakes = Overlay::from_toml(&text).expect_err("all are unknown");
    assert_eq!(mistakes.list().len(), 100);
    assert!(mistakes.to_string().ends_with("and 19900 more"));
}

/// A policy that has all layers.
fn whole(window: &str) -> Result<Policy, Invalid> {
    let settings = match window {
        "time" => crate::resilience::breaker::Settings::busy(),
        "consecutive" => crate::resilience::breaker::Settings::consecutive(),
        _ => {
            crate::resilience::breaker::Settings::standard().slow_calls(Duration::from_secs(1), 0.5)
        }
    };
    let breaker = Breaker::builder("b").settings(settings).window_capacity(1_000_000).build()?;
    let second = Duration::from_secs(1);
    let switch = Degradation::builder("b").levels(2).build()?;
    let builder = Policy::builder("whole");
    #[cfg(feature = "cache")]
    let builder = builder.cache(crate::resilience::Cache::builder("b").build()?);
    let builder = builder
        .deadline(second * 4)
        .degrade(Degrade::when(&switch, Measures::none().shed(0.2)).answered())
        .retry(Retry::standard().budget(RetryBudget::standard("b")))
        .breaker(breaker)
        .rate_limit(RateLimit::standard("b"))
        .concurrency_limit(ConcurrencyLimit::standard("b"))
        .bulkhead(Bulkhead::standard("b"))
        .hedge(Hedge::standard())
        .timeout(second);
    #[cfg(feature = "chaos")]
    let builder = builder.chaos(crate::resilience::Chaos::standard("b"));
    builder.build_unlisted()
}

/// Values at the ends of a range, as they would be read.
fn ends(kind: Kind) -> Vec<Value> {
    let time = |time: Duration| Value::Text(crate::time::text::write_duration(time));
    match kind {
        Kind::Count { least, most } => [least, most].map(|end| Value::Whole(end.into())).into(),
        Kind::Time { least, most } => [least, most].map(time).into(),
        Kind::Share { least, most } => [least, most].map(Value::Number).into(),
        Kind::Flag => [false, true].map(Value::Flag).into(),
        Kind::Factor { least, most } => [least, most].map(Value::Number).into(),
        Kind::Choice(words) => words.iter().map(|word| Value::Text((*word).into())).collect(),
        Kind::Window => [Value::Whole(1), Value::Whole(1_000_000)].into(),
        Kind::Rate => ["1/ms", "1000000/d"].map(|rate| Value::Text(rate.into())).into(),
        Kind::Either(first, second) => ends(*first).into_iter().chain(ends(*second)).collect(),
        Kind::Pair(first, second) => {
            let node = |value| Node { span: 0..0, value };
            let pair = |(first, second)| Value::List(Vec::from([node(first), node(second)]));
            ends(*first).into_iter().zip(ends(*second)).map(pair).collect()
        }
        Kind::OrNone(kind) => ends(*kind).into_iter().chain([Value::Flag(false)]).collect(),
    }
}

/// Whether the ends of a setting do not go together with all values of others.
fn is_bounded_by_others(path: &str) -> bool {
    let layers = ["concurrency_limit.", "chaos.", "cache.", "bulkhead.shed.", "degrade."];
    path == "deadline" || layers.iter().any(|layer| path.starts_with(layer))
}

/// The widest of the settings that bound that one.
fn make_room(path: &str, settings: &mut Settings) {
    let long = Duration::from_secs(366 * 86_400);
    if let Some(last) = path.strip_prefix("timeout.") {
        let bounds = Timeout::adaptive(Quantile::P90).min(Duration::from_millis(1));
        let most = Duration::from_secs(3600);
        settings.timeout = Some(if last == "max" { bounds } else { bounds.max(most) }.into());
        settings.deadline = Some(long);
    } else if path == "timeout" {
        settings.deadline = Some(long);
    } else if path == "deadline" {
        settings.timeout = Some(Duration::from_nanos(1).into());
    } else if path.starts_with("concurrency_limit.shares") {
        let Some(limit) = &mut settings.concurrency_limit else { panic!("it has a limit") };
        (limit.shares.high, limit.shares.low) = (1.0, 0.000_000_1);
    } else if path == "bulkhead.shed" {
        let Some(bulkhead) = &mut settings.bulkhead else { panic!("it has a bulkhead") };
        bulkhead.wait = Duration::from_secs(1);
    } else if path.starts_with("retry.") {
        let Some(retry) = &mut settings.retry else { panic!("it has a retry") };
        let max = if path.ends_with("first") { long } else { Duration::from_secs(10) };
        let first = if path.ends_with("max") { Duration::ZERO } else { Duration::from_millis(1) };
        retry.backoff = retry.backoff.max(max).with_first(first);
    }
}

#[test]
fn each_setting_takes_the_ends_of_its_range_and_goes_back() {
    let policy = whole("count").unwrap();
    let declared = policy.settings();
    for key in KEYS {
        assert!((key.has)(&declared), "{key:?}");
        let mut seen: Vec<Settings> = Vec::new();
        let values = ends(key.kind);
        let mut taken = 0;
        let count = values.len();
        for value in values {
            let reading = key.kind.read(&Node { span: 0..0, value }, "x");
            let mut settings = declared.clone();
            make_room(key.path, &mut settings);
            let before = settings.clone();
            (key.set)(&mut settings, &reading.unwrap());
            match policy.check(&settings) {
                Ok(()) => taken += 1,
                Err(_) if is_bounded_by_others(key.path) => {}
                Err(invalid) => panic!("{key:?}: {invalid}"),
            }
            seen.push(settings.clone());
            (key.restore)(&mut settings, &before);
            assert_eq!(settings, before, "{key:?}");
        }
        assert!(taken == count || taken > 0 && is_bounded_by_others(key.path), "{key:?}");
        seen.dedup();
        assert!(seen.len() > 1, "{key:?} changes nothing");
    }
}

#[test]
fn each_window_is_of_the_kind_that_the_policy_has() {
    for (window, text, taken) in [
        ("count", "200", true),
        ("consecutive", "7", true),
        ("time", "\"20s\"", true),
        ("count", "\"20s\"", false),
        ("time", "20", false),
        ("consecutive", "\"20s\"", false),
    ] {
        let policy = whole(window).unwrap();
        let overlay =
            Overlay::from_toml(&format!("[policies.whole]\nbreaker.window = {text}")).unwrap();
        let mut settings = policy.settings();
        let change = &overlay.inner.sections[0].changes[0];
        (change.key.set)(&mut settings, &change.reading);
        assert_eq!(policy.check(&settings).is_ok(), taken, "{window} {text}");
    }
}

#[test]
fn names_of_settings_are_unique() {
    for (index, key) in KEYS.iter().enumerate() {
        assert!(KEYS[..index].iter().all(|other| other.path != key.path), "{key:?}");
    }
}

#[test]
fn a_timeout_is_a_figure_or_follows_what_attempts_took() {
    let policy = whole("count").unwrap();
    let timeout = |text: &str| {
        let overlay = Overlay::from_toml(&format!("[policies.whole]\n{text}")).unwrap();
        let mut settings = policy.settings();
        for change in &overlay.inner.sections[0].changes {
            (change.key.set)(&mut settings, &change.reading);
        }
        policy.check(&settings).unwrap();
        policy.apply(&settings);
        settings.timeout.unwrap()
    };
    let adaptive = Timeout::adaptive(Quantile::P90).times(3.0).max(Duration::from_secs(3));
    let text = "timeout = { quantile = 'p90', times = 3, max = '3s' }";
    assert_eq!(timeout(text), Timeout::Adaptive(adaptive));
    assert_eq!(timeout("timeout.times = 4"), Timeout::Adaptive(adaptive.times(4.0)));
    assert_eq!(timeout("timeout = '2s'"), Timeout::Fixed(Duration::from_secs(2)));
}

#[test]
fn the_guide_lists_every_setting_and_no_other() {
    let guide = include_str!("../../guide/operating.md");
    let (_, table) = guide.split_once("# Settings of a file").unwrap();
    let (table, _) = table.split_once("\n# ").unwrap();
    let first_column =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let listed: Vec<&str> = first_column
        .flat_map(|names| names.split(", ").map(|name| name.trim_matches('`')))
        .collect();
    for key in KEYS {
        assert!(listed.contains(&key.path), "{key:?} is not in the guide");
    }
    if cfg!(all(feature = "cache", feature = "chaos")) {
        assert_eq!(listed.len(), KEYS.len());
    }
}

/// Pieces that make texts which look like files.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "policies",
        "price",
        "retry",
        "attempts",
        "timeout",
        "\"1s\"",
        "0.5",
        "[",
        "]",
        "{",
        "}",
        "=",
        ":",
        ",",
        ".",
        "\n",
        "  ",
        "- ",
        "\"",
        "'",
        "'''",
        "\"\"\"",
        "#",
        "&a",
        "*a",
        "!t",
        "|",
        ">",
        "\\u",
        "\\",
        "1979-05-27",
        "nan",
        "\u{feff}",
        "é",
        "\u{0}",
        "\t",
        "\r",
        "---",
        "...",
        "? ",
        "<<",
        "0x",
        "1e999",
        "%",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(String::from), 1 => any::<String>()]
}

proptest! {
    #[test]
    fn whatever_a_file_says_it_is_read_or_refused(pieces in prop::collection::vec(piece(), 0..40)) {
        for format in FORMATS {
            if let Err(mistakes) = Overlay::read(format, "f", &pieces.concat()) {
                prop_assert!(!mistakes.list().is_empty());
                for mistake in mistakes.list() {
                    prop_assert!(mistake.line() >= 1 && mistake.column() >= 1);
                }
                prop_assert!(mistakes.to_string().lines().count() >= 4);
            }
        }
    }

    #[test]
    fn whatever_value_a_setting_is_given_it_is_read_or_refused(
        key in 0..KEYS.len(),
        value in prop_oneof![
            any::<i128>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| format!("{number:?}").to_lowercase()),
            any::<u64>().prop_map(|nanos| format!("'{nanos}ns'")),
            "[a-z0-9%.]{0,8}".prop_map(|text| format!("'{text}'")),
        ],
    ) {
        let text = format!("[policies.whole]\n{} = {value}", KEYS[key].path);
        match Overlay::from_toml(&text) {
            Err(mistakes) => prop_assert_eq!(mistakes.list().len(), 1),
            Ok(overlay) => {
                let change = &overlay.inner.sections[0].changes[0];
                prop_assert_eq!(change.key.path, KEYS[key].path);
                // Built once: there are hundreds of cases.
                static POLICY: std::sync::OnceLock<(Policy, Settings)> = std::sync::OnceLock::new();
                let (policy, declared) = POLICY.get_or_init(|| {
                    let policy = whole("count").unwrap();
                    let declared = policy.settings();
                    (policy, declared)
                });
                policy.apply(declared);
                let mut settings = policy.settings();
                (change.key.set)(&mut settings, &change.reading);
                // It may not go together with the others, but then it says so.
                if policy.check(&settings).is_ok() {
                    policy.apply(&settings);
                    // What is in force is rounded, but does not move further.
                    let once = policy.settings();
                    (change.key.set)(&mut settings, &change.reading);
                    policy.apply(&settings);
                    prop_assert_eq!(policy.settings(), once);
                }
            }
        }
    }
}

#[test]
fn a_rate_takes_its_burst_along_unless_that_was_said_apart() {
    use crate::resilience::rate_limit::Quota;

    let limit = RateLimit::standard("config-rate");
    let policy = Policy::builder("config-rate").rate_limit(limit.clone()).build().unwrap();
    let apply = |lines: &str| {
        let text = format!("[policies.config-rate]\n{lines}");
        Overlay::from_toml(&text).unwrap().apply().map(drop)
    };
    apply("rate_limit.rate = \"10/m\"\nrate_limit.wait = \"50ms\"").unwrap();
    assert_eq!(limit.settings().quota, Quota::per_minute(10));
    assert_eq!(limit.settings().wait, Some(Duration::from_millis(50)));
    apply("rate_limit.rate = \"10/m\"\nrate_limit.burst = 3").unwrap();
    assert_eq!(limit.settings().quota, Quota::per_minute(10).burst(3));
    let refused = Overlay::from_toml("[policies.config-rate]\nrate_limit.rate = 100");
    assert!(format!("{}", refused.unwrap_err()).contains("write \"100/s\""));
    drop(policy);
}
