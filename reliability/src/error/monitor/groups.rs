//! The core: which group an error belongs to, and which one gives way.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Reverse;
use std::collections::HashMap;

use super::rate::Rate;
use super::{ErrorGroup, Fingerprint};
use crate::error::{Class, Severity};
use crate::time::Instant;

/// One error, as far as it is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) fingerprint: Fingerprint,
    pub(super) class: Class,
    pub(super) severity: Severity,
    pub(super) now: Instant,
}

/// What is kept of the first error of a kind.
#[derive(Debug)]
pub(super) struct First {
    pub(super) kind: &'static str,
    pub(super) shape: Box<str>,
    pub(super) example: Box<str>,
}

/// Counts, and what is counted, side by side: the least count is looked for among numbers that lie
/// together.
#[derive(Debug)]
pub(super) struct Groups {
    capacity: usize,
    places: HashMap<Fingerprint, usize>,
    counts: Vec<u64>,
    groups: Vec<Group>,
    pub(super) recorded: u64,
    pub(super) evicted: u64,
}

#[derive(Debug)]
struct Group {
    fingerprint: Fingerprint,
    first: First,
    class: Class,
    severity: Severity,
    overcount: u64,
    first_seen: Instant,
    last_seen: Instant,
    rate: Rate,
}

impl Groups {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            places: HashMap::new(),
            counts: Vec::new(),
            groups: Vec::new(),
            recorded: 0,
            evicted: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Counts an error of a known kind; false if there is no group for it.
    pub(super) fn count(&mut self, seen: Seen) -> bool {
        let Some(&place) = self.places.get(&seen.fingerprint) else {
            return false;
        };
        self.recorded += 1;
        self.counts[place] += 1;
        let group = &mut self.groups[place];
        group.class = seen.class;
        group.severity = group.severity.max(seen.severity);
        group.last_seen = group.last_seen.max(seen.now);
        group.rate.count(seen.now);
        true
    }

    /// Makes a group, in the place of another one when all are in use. What is no longer kept is
    /// handed back, to be dropped elsewhere.
    pub(super) fn add(&mut self, seen: Seen, first: First) -> Option<First> {
        if self.count(seen) {
            // Another thread was quicker.
            return Some(first);
        }
        self.recorded += 1;
        let mut rate = Rate::new(seen.now);
        rate.count(seen.now);
        let mut group = Group {
            fingerprint: seen.fingerprint,
            first,
            class: seen.class,
            severity: seen.severity,
            overcount: 0,
            first_seen: seen.now,
            last_seen: seen.now,
            rate,
        };
        let evicted = if self.groups.len() < self.capacity { None } else { self.least_valuable() };
        let Some(place) = evicted else {
            self.places.insert(seen.fingerprint, self.groups.len());
            self.counts.push(1);
            self.groups.push(group);
            return None;
        };
        self.evicted += 1;
        group.overcount = self.counts[place];
        self.counts[place] += 1;
        let gone = core::mem::replace(&mut self.groups[place], group);
        self.places.remove(&gone.fingerprint);
        self.places.insert(seen.fingerprint, place);
        Some(gone.first)
    }

    /// Fewer groups lose those that are worth least.
    pub(super) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.groups.len() > capacity {
            let Some(place) = self.least_valuable() else { return };
            self.evicted += 1;
            self.counts.swap_remove(place);
            let gone = self.groups.swap_remove(place);
            self.places.remove(&gone.fingerprint);
            if let Some(moved) = self.groups.get(place) {
                self.places.insert(moved.fingerprint, place);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// The least seen; of those the mildest; of those the one that was not seen for longest.
    fn least_valuable(&self) -> Option<usize> {
        let least = *self.counts.iter().min()?;
        let places = (0..self.counts.len()).filter(|place| self.counts[*place] == least);
        places.min_by_key(|place| {
            let group = &self.groups[*place];
            (group.severity, group.last_seen)
        })
    }

    /// All groups, the most frequent first.
    pub(super) fn all(&self, now: Instant) -> Vec<ErrorGroup> {
        let mut all: Vec<ErrorGroup> =
            (0..self.groups.len()).map(|place| self.group(place, now)).collect();
        all.sort_by_key(|group| (Reverse(group.count), Reverse(group.severity), group.fingerprint));
        all
    }

    fn group(&self, place: usize, now: Instant) -> ErrorGroup {
        let group = &self.groups[place];
        ErrorGroup {
            fingerprint: group.fingerprint,
            kind: group.first.kind,
            shape: group.first.shape.as_ref().into(),
            example: group.first.example.as_ref().into(),
            class: group.class,
            severity: group.severity,
            count: self.counts[place],
            overcount: group.overcount,
            first_seen_ago: now.saturating_duration_since(group.first_seen),
            last_seen_ago: now.saturating_duration_since(group.last_seen),
            per_minute: group.rate.per_minute(now),
        }
    }
}
