//! Layers that several policies have in common: whatever one of them is told, all are.
//!
//! A policy is checked and changed with all of its settings at once. So each that has a common layer
//! must know what the sections of the others say of it, or it would put back what they have set.

use alloc::format;
use alloc::vec::Vec;
use std::collections::HashMap;

use super::key::{Key, exclusion};
use super::keys::KEYS;
use super::overlay::{Change, Section};
use crate::document::Fault;
use crate::document::Source;
use crate::error::Name;
use crate::resilience::policy::Settings;
use crate::resilience::{Invalid, Policy};

/// What sections say of layers that policies may have in common.
#[derive(Default, Clone)]
pub(super) struct Common<'o>(HashMap<Layer, Vec<Said<'o>>>);

/// The word of a layer, and where it lives.
pub(super) type Layer = (&'static str, usize);

/// The first that says something of a setting, and of which policy.
#[derive(Clone)]
struct Said<'o> {
    change: &'o Change,
    policy: Name,
}

/// The layers of a policy that others may have, too.
pub(super) fn layers(policy: &Policy) -> Vec<Layer> {
    let common = [
        policy.retry_budget().map(|budget| ("budget", budget.address())),
        policy.breaker().map(|breaker| ("breaker", breaker.address())),
        policy.rate_limit().map(|limit| ("rate_limit", limit.address())),
        policy.keyed_rate_limit().map(|limit| ("rate_limit", limit.address())),
        #[cfg(all(feature = "redis", not(reliability_loom)))]
        policy.shared_rate_limit().map(|limit| ("rate_limit", limit.address())),
        policy.concurrency_limit().map(|limit| ("concurrency_limit", limit.address())),
        policy.bulkhead().map(|bulkhead| ("bulkhead", bulkhead.address())),
        #[cfg(feature = "chaos")]
        policy.chaos().map(|chaos| ("chaos", chaos.address())),
        #[cfg(feature = "cache")]
        policy.cache().map(|cache| ("cache", cache.address())),
    ];
    common.into_iter().flatten().collect()
}

impl<'o> Common<'o> {
    /// Takes note of what the sections of a policy say, the one that counts most last; returns where
    /// they contradict those of another one.
    pub(super) fn note(
        &mut self,
        policy: &Policy,
        sections: &[&'o Section],
    ) -> Vec<Contradiction<'o>> {
        let mut found = Vec::new();
        if sections.is_empty() {
            return found;
        }
        let changes = effective(sections);
        for layer in layers(policy) {
            let said = self.0.entry(layer).or_default();
            for change in changes.iter().copied().filter(|change| change.key.layer() == layer.0) {
                match said.iter().find(|said| is_instead_of(change, said.change)) {
                    None => said.push(Said { change, policy: policy.name().clone() }),
                    Some(other) if other.change.says_the_same_as(change) => {}
                    Some(other) => found.push(Contradiction {
                        own: Said { change, policy: policy.name().clone() },
                        other: other.clone(),
                    }),
                }
            }
        }
        found
    }

    /// What a policy is told by its own sections, and by those of others about what they share.
    pub(super) fn changes(&self, policy: &Policy, sections: &[&'o Section]) -> Vec<&'o Change> {
        let mut changes = effective(sections);
        let own = changes.len();
        for said in layers(policy).iter().filter_map(|layer| self.0.get(layer)).flatten() {
            if !changes[..own].iter().any(|change| is_instead_of(change, said.change)) {
                changes.push(said.change);
            }
        }
        // As within one section: the parts of a setting in the order in which they are used.
        let place = |key: &Key| KEYS.iter().position(|known| core::ptr::eq(known, key));
        changes.sort_by_key(|change| place(change.key));
        changes
    }
}

/// What sections say together: of what cannot be said at once the later.
fn effective<'o>(sections: &[&'o Section]) -> Vec<&'o Change> {
    let mut changes: Vec<&Change> = Vec::new();
    for change in sections.iter().flat_map(|section| &section.changes) {
        changes.retain(|earlier| !is_instead_of(change, earlier));
        changes.push(change);
    }
    changes
}

/// Whether a policy cannot be told both.
fn is_instead_of(one: &Change, other: &Change) -> bool {
    core::ptr::eq(one.key, other.key) || exclusion(one, other).is_some()
}

/// Takes the settings of a layer over.
pub(super) fn restore((word, _): Layer, settings: &mut Settings, from: &Settings) {
    KEYS.iter().filter(|key| key.layer() == word).for_each(|key| (key.restore)(settings, from));
}

/// What two sections say differently of a layer that their policies share.
pub(super) struct Contradiction<'o> {
    own: Said<'o>,
    other: Said<'o>,
}

impl Contradiction<'_> {
    /// Told where the later of the two stands.
    pub(super) fn fault(&self) -> Fault {
        let in_order = self.other.change.span.start < self.own.change.span.start;
        let (one, two) = if in_order { (&self.other, &self.own) } else { (&self.own, &self.other) };
        let message = format!(
            "`{}` shares its `{}` with `{}`, for which another `{}` is written above; keep one of \
             them",
            two.policy,
            two.change.key.layer(),
            one.policy,
            one.change.key.path
        );
        Fault::new(two.change.span.clone(), message)
    }

    /// Told to who builds a policy when the other section is in force already.
    pub(super) fn invalid(&self, source: &Source) -> Invalid {
        let Self { own, other } = self;
        let place = |said: &Said<'_>| {
            let span = &said.change.span;
            format!("{} in {}:{}", source.written(span), source.name(), source.line(span.start))
        };
        let expected = format!(
            "as it is said for `{}`, which shares the {}: {}",
            other.policy,
            other.change.key.layer(),
            place(other)
        );
        Invalid::new(own.policy.clone(), own.change.key.path, expected, place(own))
            .with_advice("keep one of the two")
    }
}
