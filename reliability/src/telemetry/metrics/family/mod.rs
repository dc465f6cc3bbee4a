//! One instrument for each set of attribute values, as many as there is room for.

mod labels;
mod table;
mod word;

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

pub use labels::{Label, Labels};
use table::{Found, Table};

use super::builder::Seed;
use super::{
    Collection, Declarable, Descriptor, Instrument, MetricBuilder, Observe, conflict, watch,
};
use crate::error::Invalid;
use crate::telemetry::{Attribute, Value};

/// Counts apart what has different attributes, of which only the running program knows the values: a
/// route, a status, a kind.
///
/// There are as many series as [`series`](FamilyBuilder::series) says, 256 by default; all values that
/// come later are counted together, under `otel.metric.overflow = true`, and a warning says so once.
/// So nothing is lost, and what comes from outside cannot take all memory. (Two thousand, the default
/// of OpenTelemetry, would be 4 MiB of counters or 8 MiB of histograms for one name, and more series
/// than a dashboard shows; where that is wanted, ask for it.) A series stays for as long as the
/// process lives.
///
/// [`with`](Self::with) hashes the values, finds the series without a lock, and allocates only for
/// values that are new: 10 to 25 ns. Where they are known beforehand, [`bind`](Self::bind) looks once,
/// and recording is as quick as without a family.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::{Counter, Family};
///
/// metrics! {
///     /// Answers to requests.
///     static ANSWERS: Family<Counter, 2> = Counter::builder("shop.answers")
///         .unit("{answer}")
///         .by(["http.route", "http.response.status_code"]);
/// }
///
/// ANSWERS.with(("/orders", 200)).add(1);
/// let missing = ANSWERS.bind(("/orders", 404));
/// missing.add(2);
/// assert_eq!(ANSWERS.with(("/orders", 404)).sum(), 2);
/// // No route was found, so the series has no attribute of it.
/// ANSWERS.with((None::<&str>, 404)).add(1);
/// ```
pub struct Family<I: Instrument, const N: usize>(Repr<I, N>);

enum Repr<I: Instrument, const N: usize> {
    Declared(&'static Members<I, N>),
    Owned(alloc::sync::Arc<Members<I, N>>),
}

/// What all clones of a family share.
pub struct Members<I: Instrument, const N: usize> {
    builder: FamilyBuilder<I, N>,
    table: OnceLock<Table<I, N>>,
}

/// A family that is yet to be made; begun by [`MetricBuilder::by`].
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::Counter;
///
/// // Two routes are counted apart, and all others together.
/// let answers = Counter::builder("family.answers").by(["http.route"]).series(2).build()?;
/// for route in ["/orders", "/prices", "/robots.txt", "/favicon.ico"] {
///     answers.with([route]).add(1);
/// }
/// assert_eq!(answers.with(["/orders"]).sum(), 1);
/// assert_eq!(answers.series(), 3);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is declared or built"]
pub struct FamilyBuilder<I, const N: usize> {
    each: MetricBuilder<I>,
    keys: [&'static str; N],
    series: usize,
}

impl<I, const N: usize> Clone for FamilyBuilder<I, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, const N: usize> Copy for FamilyBuilder<I, N> {}

impl<I> MetricBuilder<I> {
    /// Makes a [`Family`]: one instrument for each set of values of these attributes.
    pub const fn by<const N: usize>(self, keys: [&'static str; N]) -> FamilyBuilder<I, N> {
        FamilyBuilder { each: self, keys, series: FamilyBuilder::<I, N>::SERIES }
    }
}

impl<I, const N: usize> FamilyBuilder<I, N> {
    /// How many series there are at most, where it is not said.
    pub const SERIES: usize = 256;
    /// The most series that can be asked for.
    pub const SERIES_MAX: usize = 65_536;

    /// How many series there are at most, beside the one for all others: 1 to 65,536. Default: 256.
    /// Each of a counter takes some 2 KiB, and each of a histogram some 4 KiB, when it first comes.
    pub const fn series(mut self, series: usize) -> Self {
        self.series = series;
        self
    }

    #[doc(hidden)]
    pub const fn documented(mut self, documentation: &'static str) -> Self {
        self.each = self.each.documented(documentation);
        self
    }

    const fn series_are_right(&self) -> bool {
        self.series >= 1 && self.series <= Self::SERIES_MAX
    }
}

impl<I: Instrument, const N: usize> FamilyBuilder<I, N> {
    #[doc(hidden)]
    pub const fn declare(self) -> Members<I, N> {
        self.each.assert_valid();
        assert!(
            self.series_are_right(),
            "a family must have 1 to 65536 series: write a number like `.series(500)`"
        );
        Members { builder: self, table: OnceLock::new() }
    }

    /// Makes it; it is collected as long as a clone of it lives.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the name, the unit, or the bounds are none, or the number of series is out of
    /// its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::metrics::Histogram;
    ///
    /// let sizes = Histogram::builder("shop.answer.size").unit("By").by(["http.route"]).build()?;
    /// sizes.with(["/orders"]).record(812.0);
    /// # Ok::<(), reliability::error::Invalid>(())
    /// ```
    pub fn build(self) -> Result<Family<I, N>, Invalid> {
        let descriptor = self.each.checked()?;
        if !self.series_are_right() {
            let expected = alloc::format!("1 to {}", Self::SERIES_MAX);
            return Err(Invalid::new(descriptor.name, "series", expected, self.series)
                .with_advice("what comes from outside, such as ids, is no attribute of a metric"));
        }
        let members = Members { builder: self, table: OnceLock::new() };
        let members = alloc::sync::Arc::new(members);
        watch(&members);
        Ok(Family(Repr::Owned(members)))
    }
}

impl<I: Instrument, const N: usize> Family<I, N> {
    /// What [`metrics!`](crate::telemetry::metrics!) has declared.
    #[doc(hidden)]
    pub const fn declared(members: &'static Members<I, N>) -> Self {
        Self(Repr::Declared(members))
    }

    /// The instrument of these values, in the order of the keys: a tuple, or an array.
    pub fn with<'a>(&self, labels: impl Labels<'a, N>) -> &I {
        self.members().find(&labels.labels())
    }

    /// As [`with`](Self::with), to be kept.
    pub fn bind<'a>(&self, labels: impl Labels<'a, N>) -> I {
        self.with(labels).clone()
    }

    /// How many series there are now, with the one of all others.
    pub fn series(&self) -> usize {
        self.members().table.get().map_or(0, |table| table.each().count())
    }

    fn members(&self) -> &Members<I, N> {
        match &self.0 {
            Repr::Declared(members) => members,
            Repr::Owned(members) => members,
        }
    }
}

impl<I: Instrument, const N: usize> Members<I, N> {
    #[inline]
    fn find(&self, labels: &[Label<'_>; N]) -> &I {
        // Nothing but a look before that, so that the compiler still knows what the labels are.
        match self.table.get().and_then(|table| table.find(labels)) {
            Some(instrument) => instrument,
            None => self.find_or_make(labels),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_or_make(&self, labels: &[Label<'_>; N]) -> &I {
        let table = self.table.get_or_init(|| Table::new(self.builder.series));
        match table.find_or_add(labels, |values| self.make(values)) {
            Found::Series(instrument) => instrument,
            Found::Overflow(instrument, false) => instrument,
            Found::Overflow(instrument, true) => {
                self.warn(labels);
                instrument
            }
        }
    }

    fn make(&self, values: Option<&[Option<Value>]>) -> I {
        let attributes = match values {
            Some(values) => {
                let pairs = self.builder.keys.iter().zip(values);
                let known = pairs.filter_map(|(key, value)| Some((*key, value.clone()?)));
                known.map(|(key, value)| Attribute::new(key, value)).collect()
            }
            None => Vec::from([Attribute::new("otel.metric.overflow", true)]),
        };
        I::of_family(Seed { builder: self.builder.each, attributes })
    }

    #[cold]
    fn warn(&self, labels: &[Label<'_>; N]) {
        let first: Vec<_> = labels.iter().map(ToString::to_string).collect();
        conflict::overflowed(self.descriptor().name);
        tracing::event!(
            name: "reliability.metric.overflow",
            target: "reliability",
            tracing::Level::WARN,
            reliability.metric.name = self.descriptor().name,
            reliability.metric.series = self.builder.series as u64,
            reliability.metric.left_out = first.join(", "),
            "a metric has as many series as it may have, and counts all others together",
        );
    }

    fn descriptor(&self) -> Descriptor {
        self.builder.each.descriptor()
    }
}

impl<I: Instrument, const N: usize> Observe for Members<I, N> {
    fn observe(&self, into: &mut Collection) {
        let table = self.table.get();
        table.into_iter().flat_map(Table::each).for_each(|instrument| instrument.tell(into));
    }
}

impl<I: Instrument, const N: usize> Declarable for Family<I, N> {
    type Shared = Members<I, N>;
}

impl<I: Instrument, const N: usize> Clone for Family<I, N> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Repr::Declared(members) => Repr::Declared(members),
            Repr::Owned(members) => Repr::Owned(members.clone()),
        })
    }
}

impl<I: Instrument, const N: usize> fmt::Debug for Family<I, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members().fmt(f)
    }
}

impl<I: Instrument, const N: usize> fmt::Debug for Members<I, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let series = self.table.get().map_or(0, |table| table.each().count());
        f.debug_struct("Family")
            .field("name", &self.descriptor().name)
            .field("keys", &self.builder.keys)
            .field("series", &series)
            .finish()
    }
}

#[cfg(test)]
mod tests;
