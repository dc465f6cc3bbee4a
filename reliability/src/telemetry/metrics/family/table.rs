use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use hashbrown::DefaultHashBuilder;

use super::Label;
use crate::sync::Mutex;
use crate::telemetry::Value;

/// What was made for some labels, found without a lock.
///
/// Series are never taken away, so a place that is filled stays as it is, and a reader needs no more
/// than to see it whole, which `OnceLock` is for. A map behind a lock would have all readers write
/// one word.
#[derive(Debug)]
pub(super) struct Table<I> {
    places: Box<[OnceLock<Series<I>>]>,
    hash: DefaultHashBuilder,
    /// How many places are filled. Whoever fills one holds it, so that two do not make one series.
    filled: Mutex<usize>,
    limit: usize,
    overflow: OnceLock<I>,
}

#[derive(Debug)]
pub(super) struct Series<I> {
    hash: u64,
    values: Box<[Option<Value>]>,
    pub(super) instrument: I,
}

/// What was found for some labels.
pub(super) enum Found<'a, I> {
    Series(&'a I),
    /// There is no room for another series; and whether this is the first time.
    Overflow(&'a I, bool),
}

impl<I> Table<I> {
    /// Never more than half full, so that what is not there is seen soon.
    pub(super) fn new(limit: usize) -> Self {
        let places = (2 * limit).next_power_of_two();
        Self {
            places: (0..places).map(|_| OnceLock::new()).collect(),
            hash: DefaultHashBuilder::default(),
            filled: Mutex::new(0),
            limit,
            overflow: OnceLock::new(),
        }
    }

    /// The one of these labels, made if it is the first time and there is room. `make` is told the
    /// values, or `None` for all that there is no room for.
    #[inline]
    pub(super) fn find(
        &self,
        labels: &[Label<'_>],
        make: impl Fn(Option<&[Option<Value>]>) -> I,
    ) -> Found<'_, I> {
        let hash = self.hash_of(labels);
        match self.look_up(hash, labels) {
            Ok(series) => Found::Series(&series.instrument),
            Err(_) => self.add(hash, labels, make),
        }
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &I> {
        let series = self.places.iter().filter_map(OnceLock::get);
        series.map(|series| &series.instrument).chain(self.overflow.get())
    }

    fn hash_of(&self, labels: &[Label<'_>]) -> u64 {
        let mut hasher = self.hash.build_hasher();
        for label in labels {
            label.hash_into(&mut hasher);
        }
        hasher.finish()
    }

    /// The series, or the place that it would take.
    #[inline]
    fn look_up(&self, hash: u64, labels: &[Label<'_>]) -> Result<&Series<I>, usize> {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let Some(series) = self.places[at].get() else { return Err(at) };
            if series.hash == hash && series.is(labels) {
                return Ok(series);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn add(
        &self,
        hash: u64,
        labels: &[Label<'_>],
        make: impl Fn(Option<&[Option<Value>]>) -> I,
    ) -> Found<'_, I> {
        if let Some(overflow) = self.overflow.get() {
            // The table was full before, so what is not there now never will be.
            return match self.look_up(hash, labels) {
                Ok(series) => Found::Series(&series.instrument),
                Err(_) => Found::Overflow(overflow, false),
            };
        }
        let mut filled = self.filled.lock();
        let at = match self.look_up(hash, labels) {
            // Another thread was quicker.
            Ok(series) => return Found::Series(&series.instrument),
            Err(at) => at,
        };
        if *filled == self.limit {
            let first = self.overflow.get().is_none();
            return Found::Overflow(self.overflow.get_or_init(|| make(None)), first);
        }
        *filled += 1;
        let series = self.places[at].get_or_init(|| {
            let values: Vec<_> = labels.iter().map(|label| label.to_value()).collect();
            Series { hash, instrument: make(Some(&values)), values: values.into() }
        });
        Found::Series(&series.instrument)
    }
}

impl<I> Series<I> {
    fn is(&self, labels: &[Label<'_>]) -> bool {
        self.values.len() == labels.len()
            && self.values.iter().zip(labels).all(|(value, label)| label.is(value))
    }
}
