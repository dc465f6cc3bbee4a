use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use std::sync::OnceLock;

use hashbrown::DefaultHashBuilder;

use super::Label;
use super::word::Word;
use crate::sync::Mutex;
use crate::telemetry::Value;

/// What was made for some labels, found without a lock.
///
/// Series are never taken away, so a place that is filled stays as it is, and a reader needs no more
/// than to see it whole, which `OnceLock` is for. A map behind a lock would have all readers write
/// one word.
#[derive(Debug)]
pub(super) struct Table<I, const N: usize> {
    places: Box<[OnceLock<Series<I, N>>]>,
    hasher: DefaultHashBuilder,
    /// Drawn at random: values come from outside.
    seeds: [u64; 2],
    /// How many places are filled. Whoever fills one holds it, so that two do not make one series.
    filled: Mutex<usize>,
    limit: usize,
    overflow: OnceLock<I>,
}

#[derive(Debug)]
pub(super) struct Series<I, const N: usize> {
    words: [Word; N],
    values: Box<[Option<Value>]>,
    pub(super) instrument: I,
}

/// What was found for some labels.
pub(super) enum Found<'a, I> {
    Series(&'a I),
    /// There is no room for another series; and whether this is the first time.
    Overflow(&'a I, bool),
}

/// Labels that are looked for.
#[derive(Clone, Copy)]
struct Asked<'l, const N: usize> {
    labels: &'l [Label<'l>; N],
    words: [Word; N],
    hash: u64,
}

impl<I, const N: usize> Table<I, N> {
    /// Never more than half full, so that what is not there is seen soon.
    pub(super) fn new(limit: usize) -> Self {
        let places = (2 * limit).next_power_of_two();
        let hasher = DefaultHashBuilder::default();
        Self {
            places: (0..places).map(|_| OnceLock::new()).collect(),
            seeds: [hasher.hash_one(0), hasher.hash_one(1)],
            hasher,
            filled: Mutex::new(0),
            limit,
            overflow: OnceLock::new(),
        }
    }

    /// The one of these labels, if there is one.
    #[inline]
    pub(super) fn find(&self, labels: &[Label<'_>; N]) -> Option<&I> {
        self.look_up(&self.asked(labels)).ok().map(|series| &series.instrument)
    }

    /// The one of these labels, made if it is the first time and there is room. `make` is told the
    /// values, or `None` for all that there is no room for.
    pub(super) fn find_or_add(
        &self,
        labels: &[Label<'_>; N],
        make: impl Fn(Option<&[Option<Value>]>) -> I,
    ) -> Found<'_, I> {
        let asked = &self.asked(labels);
        if let Some(overflow) = self.overflow.get() {
            // The table was full before, so what is not there now never will be.
            return match self.look_up(asked) {
                Ok(series) => Found::Series(&series.instrument),
                Err(_) => Found::Overflow(overflow, false),
            };
        }
        let mut filled = self.filled.lock();
        let at = match self.look_up(asked) {
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
            Series { words: asked.words, instrument: make(Some(&values)), values: values.into() }
        });
        Found::Series(&series.instrument)
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &I> {
        let series = self.places.iter().filter_map(OnceLock::get);
        series.map(|series| &series.instrument).chain(self.overflow.get())
    }

    #[inline(always)]
    fn asked<'l>(&self, labels: &'l [Label<'l>; N]) -> Asked<'l, N> {
        let (mut words, mut hash) = ([Word::NOTHING; N], 0);
        // Not by `map`, which is a call for the compiler, and then it no longer knows the labels.
        for (word, label) in words.iter_mut().zip(labels) {
            *word = Word::of(*label, &self.hasher);
            hash = word.hash_into(hash, self.seeds);
        }
        Asked { labels, words, hash }
    }

    /// The series, or the place that it would take.
    #[inline(always)]
    fn look_up(&self, asked: &Asked<'_, N>) -> Result<&Series<I, N>, usize> {
        let mask = self.places.len() - 1;
        let mut at = asked.hash as usize & mask;
        loop {
            let Some(series) = self.places[at].get() else { return Err(at) };
            if series.is(asked) {
                return Ok(series);
            }
            at = (at + 1) & mask;
        }
    }
}

impl<I, const N: usize> Series<I, N> {
    #[inline(always)]
    fn is(&self, asked: &Asked<'_, N>) -> bool {
        self.words == asked.words
            && (!asked.words.iter().any(|word| word.may_be_another()) || self.is_all_of(asked))
    }

    // Out of line: most labels are short.
    #[inline(never)]
    fn is_all_of(&self, asked: &Asked<'_, N>) -> bool {
        self.values.iter().zip(asked.labels).all(|(value, label)| label.is(value))
    }
}
