//! Whatever can be changed while a policy works can be changed by a file.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::resilience::bulkhead::Shed;
use crate::resilience::concurrency_limit::{Aimd, Algorithm, Priority, Vegas};

/// What a file does not change, and why.
const FIXED: &[(&str, &str)] = &[
    ("concurrency_limit.initial", "what a limit begins with is behind it when a file is read"),
    #[cfg(feature = "cache")]
    ("cache.capacity", "fixed when the cache is built"),
];

/// Each single value of the settings, by the path that it is printed under: so that a setting that
/// somebody adds is found, wherever it is.
fn leaves(settings: &Settings) -> BTreeMap<String, String> {
    let mut path: Vec<(String, usize)> = Vec::new();
    let mut leaves = BTreeMap::new();
    for line in format!("{settings:#?}").lines() {
        let line = line.trim().trim_end_matches(',');
        let (name, value) = line.split_once(": ").unwrap_or(("", line));
        if matches!(value, "}" | ")" | "]") {
            path.pop();
            continue;
        }
        let place = path.last_mut().map_or(0, |(_, children)| {
            *children += 1;
            *children
        });
        let opened = value.trim_end_matches(['{', '(', '[']).trim();
        let is_open = opened.len() < value.len();
        // Neither the names of types nor `Some` are words that anybody would know a setting by.
        let word = match (name, opened) {
            ("", "Settings" | "BudgetSettings" | "Some") if is_open => String::new(),
            ("", word) if is_open && !word.is_empty() => word.to_lowercase(),
            ("", _) => format!("{place}"),
            (name, _) => name.to_string(),
        };
        path.push((word, 0));
        if !is_open {
            let words = path.iter().map(|(word, _)| &**word).filter(|word| !word.is_empty());
            leaves.insert(words.collect::<Vec<_>>().join("."), value.to_string());
            path.pop();
        }
    }
    leaves
}

/// Settings in which every setting there is has a value, at least once.
#[allow(clippy::unwrap_used, reason = "a policy with all layers has the settings of all")]
fn all_shapes() -> Vec<Settings> {
    let mut shapes = Vec::new();
    for window in ["count", "time", "consecutive"] {
        shapes.push(whole(window).unwrap().settings());
    }
    let mut with = |change: &dyn Fn(&mut Settings)| {
        let mut settings = shapes[0].clone();
        change(&mut settings);
        shapes.push(settings);
    };
    let algorithms = [Algorithm::Aimd(Aimd::standard()), Algorithm::Vegas(Vegas::standard())];
    for algorithm in algorithms {
        with(&|settings| settings.concurrency_limit.as_mut().unwrap().algorithm = algorithm);
    }
    with(&|settings| settings.timeout = Some(Timeout::adaptive(Quantile::P90).into()));
    with(&|settings| {
        let degrade = settings.degrade.as_mut().unwrap();
        degrade.measures = degrade.measures.shed_below(Priority::High);
        degrade.severe = Some(degrade.measures);
    });
    with(&|settings| settings.bulkhead.as_mut().unwrap().shed = Some(Shed::standard()));
    with(&|settings| settings.rate_limit.as_mut().unwrap().wait = Some(Duration::from_secs(1)));
    with(&|settings| settings.hedge.as_mut().unwrap().initial = Some(Duration::from_secs(1)));
    with(&|settings| settings.hedge.as_mut().unwrap().after = Duration::from_secs(1).into());
    for shape in ["constant", "linear", "fibonacci", "decorrelated"] {
        with(&|settings| {
            let retry = settings.retry.as_mut().unwrap();
            retry.backoff = retry.backoff.with_shape(shape);
        });
    }
    shapes
}

#[test]
fn every_setting_has_a_key() {
    let mut all = BTreeSet::new();
    let mut changed = BTreeSet::new();
    for settings in all_shapes() {
        let before = leaves(&settings);
        all.extend(before.keys().cloned());
        for key in KEYS {
            for value in ends(key.kind) {
                let reading = key.kind.read(&Node { span: 0..0, value }, "x").unwrap();
                let mut settings = settings.clone();
                (key.set)(&mut settings, &reading);
                let after = leaves(&settings);
                let differs = |(path, value): &(&String, &String)| match after.get(*path) {
                    Some(now) => now != *value,
                    None => **value == "None",
                };
                changed.extend(before.iter().filter(differs).map(|(path, _)| path.clone()));
            }
        }
    }
    assert!(all.len() > 60, "{all:#?}");
    for (path, _) in FIXED {
        assert!(all.contains(*path), "there is no `{path}` any more: {all:#?}");
        assert!(!changed.contains(*path), "`{path}` has a key, so it is not fixed");
    }
    let without: Vec<_> = all
        .difference(&changed)
        .filter(|path| FIXED.iter().all(|(fixed, _)| fixed != path))
        .collect();
    assert!(without.is_empty(), "no key in `KEYS` changes {without:?}");
}

#[test]
fn a_setting_that_nobody_has_a_key_for_is_seen() {
    let settings = whole("count").unwrap().settings();
    let leaves = leaves(&settings);
    for path in [
        "timeout.fixed.1",
        "retry.attempts",
        "retry.backoff.jitter",
        "retry_budget.ratio",
        "breaker.failure_rate",
        "rate_limit.quota.permits",
        "concurrency_limit.algorithm.gradient2.tolerance",
        "concurrency_limit.shares.low",
        "bulkhead.shed",
        "hedge.max",
    ] {
        assert!(leaves.contains_key(path), "{path} is not among {leaves:#?}");
    }
}
