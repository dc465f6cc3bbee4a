/// Declares instruments, which are collected from before `main` on, whether anything was recorded
/// or not.
///
/// A name or a unit that is none does not compile. What the documentation of the `static` says is the
/// description of the metric.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::{Counter, Gauge};
///
/// metrics! {
///     /// Orders that were taken.
///     pub static ORDERS: Counter =
///         Counter::builder("shop.orders").unit("{order}").attributes(&[("region", "eu")]);
///     /// What tea costs now.
///     static PRICE: Gauge = Gauge::builder("shop.price").unit("{euro}");
/// }
///
/// ORDERS.add(1);
/// PRICE.set(2.99);
/// let metrics = metrics::collect();
/// let orders = metrics.iter().find(|metric| metric.name == "shop.orders");
/// assert_eq!(orders.map(|orders| &*orders.description), Some("Orders that were taken."));
/// ```
///
/// What is no name, no unit, or no bounds does not compile:
///
/// ```compile_fail,E0080
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::Counter;
///
/// metrics! {
///     /// A name does not have blanks.
///     static ORDERS: Counter = Counter::builder("shop orders");
/// }
/// ```
///
/// ```compile_fail,E0080
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::Histogram;
///
/// metrics! {
///     /// Bounds grow.
///     static TAKING: Histogram = Histogram::builder("shop.duration").bounds(&[1.0, 0.5]);
/// }
/// ```
///
/// A `static` of another kind is listed too, if it implements [`Observe`](crate::telemetry::metrics::Observe):
///
/// ```
/// use reliability::telemetry::metrics;
/// use reliability::telemetry::metrics::{Collection, Descriptor, Observe};
///
/// const CORES: Descriptor = Descriptor::new("system.cpu.logical.count", "{cpu}", "Processors.");
///
/// struct Machine;
///
/// impl Observe for Machine {
///     fn observe(&self, into: &mut Collection) {
///         let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as i64);
///         into.up_down_counter(&CORES, vec![], cores);
///     }
/// }
///
/// metrics! { observe Machine; }
/// # let metrics = reliability::telemetry::metrics::collect();
/// # assert!(metrics.iter().any(|metric| metric.name == "system.cpu.logical.count"));
/// ```
#[macro_export]
macro_rules! metrics {
    (observe $source:expr;) => {
        $crate::__private::inventory::submit! {
            $crate::__private::Watched::new(&$source)
        }
    };
    ($(
        $(#[doc = $documentation:expr])*
        $visibility:vis static $name:ident: $kind:ty = $builder:expr;
    )*) => {$(
        $(#[doc = $documentation])*
        $visibility static $name: $kind = {
            static SHARED: <$kind as $crate::__private::Declarable>::Shared = $builder
                .documented($crate::__private::core::concat!($($documentation),*))
                .declare();
            $crate::__private::inventory::submit! {
                $crate::__private::Watched::new(&SHARED)
            }
            <$kind>::declared(&SHARED)
        };
    )*};
}
