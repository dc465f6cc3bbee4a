use super::keys::ALGORITHMS;
use super::kind::{Kind, Reading};
use super::overlay::Change;
use crate::resilience::policy::Settings;

/// One setting that a file can have: its name, the values it takes, and where they go.
///
/// Everything that reads, checks, lists or suggests settings goes through `KEYS`, so a setting is added
/// by adding its line.
pub(super) struct Key {
    /// Below the policy, with dots.
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// Whether the policy has the layer that the setting is one of.
    pub(super) has: fn(&Settings) -> bool,
    pub(super) set: fn(&mut Settings, &Reading),
    /// Takes the value over from other settings of the same policy.
    pub(super) restore: fn(&mut Settings, &Settings),
}

impl Key {
    /// The word of the layer, as `#[resilient(..)]` writes it.
    pub(super) fn layer(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path)
    }

    pub(super) fn last(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    pub(super) fn is_below(&self, table: &str) -> bool {
        self.path.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'))
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.path)
    }
}

/// Why two settings cannot be said of one policy at once.
pub(super) fn exclusion(one: &Change, other: &Change) -> Option<&'static str> {
    let (below, above) = (one.key.is_below(other.key.path), other.key.is_below(one.key.path));
    if below || above {
        return Some("it is one value or a table of several");
    }
    let [one, other] = [one, other].map(algorithm);
    let differ = one.is_some() && other.is_some() && one != other;
    differ.then_some("one algorithm finds the limit")
}

/// The algorithm of an adaptive limit that the setting is one of, or chooses.
fn algorithm(change: &Change) -> Option<&str> {
    match change.key.path.strip_prefix("concurrency_limit.")? {
        "algorithm" => Some(change.reading.word()),
        rest => rest.split_once('.').map(|(word, _)| word).filter(|it| ALGORITHMS.contains(it)),
    }
}
