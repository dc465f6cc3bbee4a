use core::fmt;

use super::shared::{About, Cells, Handle};
use super::{Collection, MetricBuilder};
use crate::sync::atomic::{AtomicU64, Ordering};

/// What is so now, and cannot be added up: a temperature, a ratio, the time of the last success.
///
/// It is told once it was set. What comes and goes, and is counted, is an
/// [`UpDownCounter`](super::UpDownCounter); what is cheaply looked up is told by an
/// [`Observe`](super::Observe) of its own. A handle: clones are the same gauge.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::Gauge;
///
/// metrics! {
///     /// How full the store is.
///     static FILLED: Gauge = Gauge::builder("shop.store.utilization").unit("1");
/// }
///
/// assert_eq!(FILLED.value(), None);
/// FILLED.set(0.75);
/// assert_eq!(FILLED.value(), Some(0.75));
/// ```
#[derive(Clone)]
pub struct Gauge(pub(super) Handle<GaugeCells>);

/// The bits of the value; what is no number was never set, or taken back.
#[derive(Debug)]
pub struct GaugeCells(AtomicU64);

impl Gauge {
    /// Begins with the name; see [`Descriptor::new`](super::Descriptor::new) for what is one.
    pub const fn builder(name: &'static str) -> MetricBuilder<Self> {
        MetricBuilder::new(name)
    }

    /// Says what is so from now on; `NaN` says that it is not known, and nothing is told.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.cells.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// What was set last; `None` before, and while it is not known.
    pub fn value(&self) -> Option<f64> {
        self.0.cells.value()
    }
}

impl GaugeCells {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }

    fn value(&self) -> Option<f64> {
        let value = f64::from_bits(self.0.load(Ordering::Relaxed));
        (!value.is_nan()).then_some(value)
    }
}

impl Cells for GaugeCells {
    fn tell(&self, about: About<'_>, into: &mut Collection) {
        if let Some(value) = self.value() {
            into.gauge(about.descriptor, about.attributes, value);
        }
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge")
            .field("name", &self.0.descriptor.name)
            .field("value", &self.value())
            .finish()
    }
}
