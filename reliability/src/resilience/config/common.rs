//! Layers that several policies have in common: whatever one of them is told, all are.
//!
//! A policy is checked and changed with all of its settings at once. So each that has a common layer
//! must know what the sections of the others say of it, or it would put back what they have set.

use alloc::format;
use alloc::vec::Vec;
use std::collections::HashMap;

use super::keys::{KEYS, Key};
use super::overlay::{Change, Section};
use super::tree::Fault;
use crate::error::Name;
use crate::resilience::Policy;
use crate::resilience::policy::Settings;

/// What sections say of layers that policies may have in common.
#[derive(Default)]
pub(super) struct Common<'o>(HashMap<Layer, Vec<Said<'o>>>);

/// The word of a layer, and where it lives.
pub(super) type Layer = (&'static str, usize);

/// The first that says something of a setting, and of which policy.
struct Said<'o> {
    change: &'o Change,
    policy: Name,
}

/// The layers of a policy that others may have, too.
pub(super) fn layers(policy: &Policy) -> Vec<Layer> {
    let common = [
        policy.breaker().map(|breaker| ("breaker", breaker.address())),
        policy.rate_limit().map(|limit| ("rate_limit", limit.address())),
        policy.keyed_rate_limit().map(|limit| ("rate_limit", limit.address())),
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
    pub(super) fn note(&mut self, policy: &Policy, sections: &[&'o Section]) -> Vec<Fault> {
        let mut faults = Vec::new();
        if sections.is_empty() {
            return faults;
        }
        for layer in layers(policy) {
            let said = self.0.entry(layer).or_default();
            for key in keys(layer) {
                let of_key = |section: &&'o Section| {
                    section.changes.iter().find(|change| core::ptr::eq(change.key, key))
                };
                let Some(change) = sections.iter().rev().find_map(of_key) else { continue };
                match said.iter().find(|said| core::ptr::eq(said.change.key, key)) {
                    None => said.push(Said { change, policy: policy.name().clone() }),
                    Some(other) if other.change.reading == change.reading => {}
                    Some(other) => faults.push(contradiction(policy, other, change)),
                }
            }
        }
        faults
    }

    /// What a policy is told by its own sections, and by those of others about what they share.
    pub(super) fn changes(&self, policy: &Policy, sections: &[&'o Section]) -> Vec<&'o Change> {
        let mut changes: Vec<_> = sections.iter().flat_map(|section| &section.changes).collect();
        let own = changes.len();
        for said in layers(policy).iter().filter_map(|layer| self.0.get(layer)).flatten() {
            let key = said.change.key;
            if !changes[..own].iter().any(|change| core::ptr::eq(change.key, key)) {
                changes.push(said.change);
            }
        }
        if changes.len() > own {
            // As within one section: the parts of a setting in the order in which they are used.
            let place = |key: &Key| KEYS.iter().position(|known| core::ptr::eq(known, key));
            changes.sort_by_key(|change| place(change.key));
        }
        changes
    }
}

/// Takes the settings of a layer over.
pub(super) fn restore(layer: Layer, settings: &mut Settings, from: &Settings) {
    keys(layer).for_each(|key| (key.restore)(settings, from));
}

fn keys((word, _): Layer) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.layer() == word)
}

/// Told where the later of the two stands.
fn contradiction(policy: &Policy, other: &Said<'_>, change: &Change) -> Fault {
    let (one, two) = match other.change.span.start < change.span.start {
        true => ((&other.policy, other.change), (policy.name(), change)),
        false => ((policy.name(), change), (&other.policy, other.change)),
    };
    let message = format!(
        "`{}` shares its `{}` with `{}`, for which another `{}` is written above; keep one of them",
        two.0,
        change.key.layer(),
        one.0,
        change.key.path
    );
    Fault::new(two.1.span.clone(), message)
}
