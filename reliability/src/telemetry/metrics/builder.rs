use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::bounds::{self, BOUNDS_MAX, Bounds};
use super::counter::CounterCells;
use super::gauge::GaugeCells;
use super::histogram::HistogramCells;
use super::shared::{Attributes, Cells, Handle, Shared};
use super::up_down_counter::UpDownCells;
use super::{
    Collection, Counter, Descriptor, Gauge, Histogram, Observe, UpDownCounter, name, watch,
};
use crate::error::Invalid;
use crate::telemetry::Attribute;
use crate::time::wall_clock;

/// An instrument that is yet to be made: declared by [`metrics!`](crate::telemetry::metrics!), or
/// made while the program runs.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::Attribute;
/// use reliability::telemetry::metrics::{Counter, Histogram};
///
/// // Made while the program runs: one for each tenant of a list.
/// let orders = Counter::builder("builder.orders")
///     .unit("{order}")
///     .description("Orders that were taken.")
///     .attributes(&[("shop.region", "north")])
///     .bind([Attribute::new("shop.tenant", "acme")])?;
/// orders.add(1);
///
/// let sizes = Histogram::builder("builder.parcels").unit("By").bounds(&[1e3, 1e6]).build()?;
/// sizes.record(20_000.0);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is declared or built"]
pub struct MetricBuilder<I> {
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    attributes: &'static [(&'static str, &'static str)],
    bounds: Option<&'static [f64]>,
    instrument: PhantomData<fn() -> I>,
}

impl<I> Clone for MetricBuilder<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for MetricBuilder<I> {}

impl<I> MetricBuilder<I> {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            unit: "",
            description: "",
            attributes: &[],
            bounds: None,
            instrument: PhantomData,
        }
    }

    /// What the numbers are in, as [UCUM](https://ucum.org/ucum) writes it: `s`, `By`, `{call}`.
    /// Default: nothing.
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// What it counts, in a sentence. Default: what its documentation says, if it is declared by
    /// [`metrics!`](crate::telemetry::metrics!).
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// What all of its numbers are about. Default: nothing.
    pub const fn attributes(mut self, attributes: &'static [(&'static str, &'static str)]) -> Self {
        self.attributes = attributes;
        self
    }

    /// What the macro has read in the documentation.
    #[doc(hidden)]
    pub const fn documented(self, documentation: &'static str) -> Self {
        if self.description.is_empty() { self.description(documentation) } else { self }
    }

    /// Makes what is wrong an error of the compiler, where it is constant.
    pub(super) const fn assert_valid(&self) {
        assert!(
            bounds::are_bounds(self.bounds_in_use()),
            "the bounds of a histogram must be at most 128 numbers, each above the last: write upper bounds like `&[0.1, 0.5, 1.0]`"
        );
        let _ = self.descriptor();
    }

    /// What it will be called; panics if that is no name.
    pub(super) const fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.name, self.unit, self.description)
    }

    const fn declare_with<C>(self, cells: C) -> Shared<C> {
        self.assert_valid();
        Shared {
            descriptor: self.descriptor(),
            attributes: Attributes::Declared(self.attributes),
            since: None,
            cells,
        }
    }

    pub(super) fn checked(&self) -> Result<Descriptor, Invalid> {
        if !name::is_name(self.name) {
            let expected = "a letter, and then at most 254 letters, digits and `_.-/`";
            return Err(Invalid::new(self.name, "name", expected, self.name)
                .with_advice("write one like `shop.orders`"));
        }
        if !name::is_unit(self.unit) {
            let expected = "at most 63 characters of ASCII";
            return Err(Invalid::new(self.name, "unit", expected, self.unit)
                .with_advice("write one like `s`, `By` or `{order}`"));
        }
        let bounds = self.bounds_in_use();
        if !bounds::are_bounds(bounds) {
            let expected = alloc::format!("at most {BOUNDS_MAX} numbers, each above the last");
            let got = bounds::complaint(bounds);
            return Err(Invalid::new(self.name, "bounds", expected, got)
                .with_advice("write upper bounds like `&[0.1, 0.5, 1.0]`; above the last there is a bucket of its own"));
        }
        Ok(self.descriptor())
    }

    const fn bounds_in_use(&self) -> &'static [f64] {
        match self.bounds {
            Some(bounds) => bounds,
            None => Bounds::usual(self.unit),
        }
    }

    fn bind_with<C: Cells>(
        self,
        attributes: impl IntoIterator<Item = Attribute>,
        cells: C,
    ) -> Result<Handle<C>, Invalid> {
        self.checked()?;
        let shared = self.unwatched(attributes, cells);
        watch(&shared);
        Ok(Handle::Owned(shared))
    }

    /// For settings that are known to be valid.
    fn unwatched<C>(
        self,
        attributes: impl IntoIterator<Item = Attribute>,
        cells: C,
    ) -> Arc<Shared<C>> {
        let mut all: Vec<_> = Attributes::Declared(self.attributes).to_vec();
        all.extend(attributes);
        Arc::new(Shared {
            descriptor: self.descriptor(),
            attributes: Attributes::Owned(all),
            since: Some(wall_clock()),
            cells,
        })
    }
}

/// How an instrument is declared, and how it is made.
macro_rules! instrument {
    ($instrument:ident, $cells:ident, |$builder:ident| $make:expr) => {
        impl MetricBuilder<$instrument> {
            /// What [`metrics!`](crate::telemetry::metrics!) makes a `static` of.
            #[doc(hidden)]
            pub const fn declare(self) -> Shared<$cells> {
                let $builder = &self;
                self.declare_with($make)
            }

            /// Makes it, bound to these attributes and those of the builder; it is collected as long
            /// as a clone of it lives.
            ///
            /// # Errors
            ///
            /// [`Invalid`] when the name or the unit is none, or the bounds are.
            pub fn bind(
                self,
                attributes: impl IntoIterator<Item = Attribute>,
            ) -> Result<$instrument, Invalid> {
                let $builder = &self;
                self.bind_with(attributes, $make).map($instrument)
            }

            /// Makes it with the attributes of the builder; it is collected as long as a clone of it
            /// lives.
            ///
            /// # Errors
            ///
            /// [`Invalid`] when the name or the unit is none, or the bounds are.
            pub fn build(self) -> Result<$instrument, Invalid> {
                self.bind([])
            }
        }

        impl $instrument {
            /// What [`metrics!`](crate::telemetry::metrics!) has declared.
            #[doc(hidden)]
            pub const fn declared(shared: &'static Shared<$cells>) -> Self {
                Self(Handle::Declared(shared))
            }
        }

        impl Declarable for $instrument {
            type Shared = Shared<$cells>;
        }

        impl Instrument for $instrument {
            fn of_family(seed: Seed<Self>) -> Self {
                let $builder = &seed.builder;
                let shared = seed.builder.unwatched(seed.attributes, $make);
                Self(Handle::Owned(shared))
            }

            fn tell(&self, into: &mut Collection) {
                self.0.observe(into);
            }
        }
    };
}

/// What a [`Family`](super::Family) can consist of: [`Counter`], [`UpDownCounter`], [`Gauge`] and
/// [`Histogram`].
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::{Counter, Family, Gauge, Instrument};
///
/// // Counts or gauges, apart by queue.
/// fn of_queue<I: Instrument>(family: &Family<I, 1>, queue: &str) -> I {
///     family.bind([queue])
/// }
///
/// let depth = Gauge::builder("instrument.depth").by(["queue"]).build()?;
/// of_queue(&depth, "express").set(3.0);
/// let taken = Counter::builder("instrument.taken").by(["queue"]).build()?;
/// of_queue(&taken, "express").add(1);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
pub trait Instrument: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    fn of_family(seed: Seed<Self>) -> Self;

    #[doc(hidden)]
    fn tell(&self, into: &mut Collection);
}

/// What a series of a family is made of.
#[derive(Debug)]
pub struct Seed<I> {
    pub(super) builder: MetricBuilder<I>,
    pub(super) attributes: Vec<Attribute>,
}

/// What [`metrics!`](crate::telemetry::metrics!) can declare.
pub trait Declarable {
    /// What its `static` holds.
    type Shared;
}

instrument!(Counter, CounterCells, |_builder| CounterCells::new());
instrument!(UpDownCounter, UpDownCells, |_builder| UpDownCells::new());
instrument!(Gauge, GaugeCells, |_builder| GaugeCells::new());
instrument!(Histogram, HistogramCells, |builder| HistogramCells::new(builder.bounds_in_use()));

impl MetricBuilder<Histogram> {
    /// The upper bounds of the buckets, each belonging to its own, at most 128; above the last there is
    /// a bucket more. Default, as OpenTelemetry has it: 5 ms to 10 s in 14 steps where the unit is
    /// `s`, and 0 to 10,000 in 15 where it is not.
    pub const fn bounds(mut self, bounds: &'static [f64]) -> Self {
        self.bounds = Some(bounds);
        self
    }
}
