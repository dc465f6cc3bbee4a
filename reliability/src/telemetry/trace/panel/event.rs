use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::telemetry::Attribute;
use crate::telemetry::dashboard::words::spoken;
use crate::telemetry::trace::Event;

/// An event in words. Those of policies are the ones that are looked at when something fails, and
/// their names are made for queries: `reliability.policy.fell_back` with
/// `reliability.policy.name=price` becomes `policy price: fell back`.
pub(super) fn told(event: &Event) -> String {
    let Some(name) = event.name.strip_prefix("reliability.") else {
        return with(event.name.to_string(), event.attributes.iter().map(ToString::to_string));
    };
    let (whose, what) = name.rsplit_once('.').unwrap_or(("", name));
    let own = format!("reliability.{whose}.name");
    let owner = event.attributes.iter().find(|it| it.key == own.as_str());
    let whose = match owner {
        Some(owner) => format!("{} {}: ", whose.replace(['.', '_'], " "), owner.value),
        None if whose.is_empty() => String::new(),
        None => format!("{}: ", whose.replace(['.', '_'], " ")),
    };
    let others = event.attributes.iter().filter(|it| it.key != own.as_str());
    with(format!("{whose}{}", spoken(what)), others.map(attribute))
}

fn with(what: String, attributes: impl Iterator<Item = String>) -> String {
    let attributes: Vec<String> = attributes.collect();
    if attributes.is_empty() { what } else { format!("{what} ({})", attributes.join(", ")) }
}

/// Ours in words; of others the name that they are known by elsewhere.
fn attribute(attribute: &Attribute) -> String {
    let Some(key) = attribute.key.strip_prefix("reliability.") else {
        return attribute.to_string();
    };
    let value = attribute.value.to_string();
    let (key, unit) = match key.strip_suffix("_ms") {
        Some(key) => (key, " ms"),
        None => (key, ""),
    };
    format!("{} {}{unit}", key.replace(['.', '_'], " "), spoken(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn event(name: &'static str, attributes: &[(&'static str, &'static str)]) -> Event {
        let attributes = attributes.iter().map(|(key, value)| Attribute::new(*key, *value));
        Event::new(name, SystemTime::UNIX_EPOCH, attributes.collect())
    }

    #[test]
    fn events_of_policies_are_sentences_and_those_of_others_stay_as_they_are() {
        let name = ("reliability.policy.name", "price");
        let reason = ("reliability.reason", "breaker_open");
        let after = ("reliability.retry_after_ms", "131");
        let cases = [
            (event("reliability.policy.fell_back", &[name]), "policy price: fell back"),
            (
                event("reliability.policy.rejected", &[name, reason, after]),
                "policy price: rejected (reason breaker open, retry after 131 ms)",
            ),
            (event("reliability.chaos", &[]), "chaos"),
            (event("cache.miss", &[("cache.key", "a_b")]), "cache.miss (cache.key=a_b)"),
        ];
        for (event, words) in cases {
            assert_eq!(told(&event), words);
        }
    }
}
