//! What is meant by what is written, and where the mistake is.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use super::key::Key;
use super::keys::KEYS;
use super::overlay::{Change, Section};
use crate::document::did_you_mean;
use crate::resilience::Invalid;

/// Retries and hedges have one budget, which is written in either of them.
pub(super) fn canonical(setting: String) -> String {
    let rest = setting.strip_prefix("retry.").or_else(|| setting.strip_prefix("hedge."));
    match rest.filter(|rest| rest.split('.').next() == Some("budget")) {
        Some(budget) => budget.to_string(),
        None => setting,
    }
}

/// The words that stand in a table, in order.
pub(super) fn children(table: &str) -> Vec<&'static str> {
    let mut words: Vec<&str> = KEYS
        .iter()
        .filter(|known| table.is_empty() || known.is_below(table))
        .map(|known| {
            let rest = if table.is_empty() { known.path } else { &known.path[table.len() + 1..] };
            rest.split('.').next().unwrap_or(rest)
        })
        .collect();
    words.dedup();
    if matches!(table, "retry" | "hedge") {
        words.push("budget");
    }
    words
}

/// What to write instead of a setting that there is not.
pub(super) fn unknown(prefix: &str, setting: &str) -> String {
    // As one would write them in that table, then whole.
    let here = children(prefix);
    let written = setting.strip_prefix(prefix).unwrap_or(setting).trim_start_matches('.');
    if FIXED.contains(&setting) {
        return "it is fixed when the policy is built".to_string();
    }
    if ["chaos.on", "chaos.off", "chaos.enabled", "chaos.switch"].contains(&setting) {
        return "a file does not switch chaos; `registry::force` does, with `chaos_on` and `chaos_off`"
            .to_string();
    }
    let meant = ELSEWHERE_CALLED.iter().find(|(other, _)| *other == written);
    if let Some((_, path)) = meant.filter(|(_, path)| path.starts_with(prefix)) {
        return format!("did you mean `{path}`?");
    }
    if let Some(path) = elsewhere(prefix, written) {
        return format!("did you mean `{path}`?");
    }
    did_you_mean(written, here.iter().copied())
        .or_else(|| did_you_mean(written, KEYS.iter().map(|key| key.path)))
        .unwrap_or_else(|| format!("there are {}", words(&here)))
}

/// What an attribute or a builder says, and nobody changes.
const FIXED: [&str; 23] = [
    "capacity",
    "fallback",
    "idempotency_key",
    "idempotent",
    "key",
    "monitor",
    "name",
    "clock",
    "when",
    "retry.also",
    "retry.when",
    "breaker.when",
    "rate_limit.algorithm",
    "rate_limit.capacity",
    "rate_limit.key",
    "rate_limit.leases",
    "concurrency_limit.initial",
    "concurrency_limit.priority",
    "bulkhead.queue",
    "cache.capacity",
    "cache.key",
    "cache.refresh",
    "chaos.seed",
];

/// What people know settings by from elsewhere.
const ELSEWHERE_CALLED: [(&str, &str); 14] = [
    ("retries", "retry.attempts"),
    ("max_retries", "retry.attempts"),
    ("max_attempts", "retry.attempts"),
    ("delay", "retry.backoff.first"),
    ("base_delay", "retry.backoff.first"),
    ("initial_delay", "retry.backoff.first"),
    ("max_delay", "retry.backoff.max"),
    ("type", "retry.backoff.shape"),
    ("circuit_breaker", "breaker"),
    ("threshold", "breaker.failure_rate"),
    ("failure_threshold", "breaker.failure_rate"),
    ("reset_timeout", "breaker.open_for"),
    ("max_concurrent", "bulkhead.concurrent"),
    ("limit", "rate_limit.rate"),
];

/// Where that word stands: anywhere in the same layer, or else first in another one.
fn elsewhere(prefix: &str, word: &str) -> Option<String> {
    let layer = prefix.split('.').next().unwrap_or(prefix);
    let own = KEYS.iter().filter(|key| key.layer() == layer);
    let others = KEYS.iter().filter(|key| key.layer() != layer);
    let place = |key: &Key| key.path.split('.').position(|known| known == word);
    let path =
        |key: &Key, place: usize| key.path.split('.').take(place + 1).collect::<Vec<_>>().join(".");
    own.clone().find_map(|key| Some(path(key, place(key)?))).or_else(|| {
        let others = others.filter(|key| place(key).is_some_and(|place| place < 2));
        others.clone().find_map(|key| Some(path(key, place(key)?)))
    })
}

pub(super) fn words(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Where the setting stands that is refused; else the first that has to do with it.
pub(super) fn place(invalid: &Invalid, sections: &[&Section]) -> Range<usize> {
    let changes = || sections.iter().rev().flat_map(|section| section.changes.iter().rev());
    let setting = invalid.setting();
    let named = |change: &&Change| {
        let rest = change.key.path.strip_suffix(setting);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // Which of two that do not go together is wrong nobody knows: the one that was written.
    let related = |change: &&Change| ["deadline", "timeout"].contains(&change.key.path);
    let exact = changes().find(named);
    let near = exact.or_else(|| match setting {
        "timeout" | "deadline" => changes().find(related),
        setting => changes().find(|change| change.key.path.contains(setting)),
    });
    // A bound that nobody wrote, of what somebody wrote beside it.
    let near = near.or_else(|| {
        let key = KEYS.iter().find(|key| key.last() == setting)?;
        let beside = key.path.strip_suffix(setting)?;
        changes().find(|change| change.key.path.starts_with(beside))
    });
    match (near, sections.last()) {
        (Some(change), _) => change.span.clone(),
        (None, Some(section)) => section.span.clone(),
        (None, None) => 0..0,
    }
}
