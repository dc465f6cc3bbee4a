use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::telemetry::variables::Variables;

/// Which headers carry a context into this process and out of it: `traceparent` with `tracestate`,
/// `baggage`, both, or none.
///
/// Both, unless the process says otherwise. `telemetry::init` asks the environment.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::http::Propagators;
///
/// // What is packed by others stays outside, and nothing of ours goes to them.
/// Propagators::none().with_trace_context().put_into_force();
/// # Propagators::all().put_into_force();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagators(u32);

const TRACE_CONTEXT: u32 = 1;
const BAGGAGE: u32 = 2;

static IN_FORCE: AtomicU32 = AtomicU32::new(Propagators::all().0);

impl Propagators {
    /// All that there are.
    pub const fn all() -> Self {
        Self(TRACE_CONTEXT | BAGGAGE)
    }

    /// None: every request begins a trace of its own, and tells nobody of it.
    pub const fn none() -> Self {
        Self(0)
    }

    /// And `traceparent` with `tracestate`.
    #[must_use]
    pub const fn with_trace_context(self) -> Self {
        Self(self.0 | TRACE_CONTEXT)
    }

    /// And `baggage`.
    #[must_use]
    pub const fn with_baggage(self) -> Self {
        Self(self.0 | BAGGAGE)
    }

    /// What `OTEL_PROPAGATORS` says: `tracecontext`, `baggage` or `none`, with commas between them;
    /// all without it. Other names are passed over, and a warning of `tracing` names them, as
    /// OpenTelemetry has it; where there is no other name, it is as if nothing was said.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::http::Propagators;
    ///
    /// // `telemetry::init` does this.
    /// Propagators::from_env().put_into_force();
    /// # Propagators::all().put_into_force();
    /// ```
    pub fn from_env() -> Self {
        Self::from_variables(Variables::of_process())
    }

    pub(crate) fn from_variables(variables: Variables<'_>) -> Self {
        let Some(names) = variables.get("OTEL_PROPAGATORS") else { return Self::all() };
        let (propagators, unknown) = Self::named(&names);
        if !unknown.is_empty() {
            tracing::event!(
                name: "reliability.trace.propagators_unknown",
                target: "reliability",
                tracing::Level::WARN,
                reliability.propagators = unknown.join(", "),
                "OTEL_PROPAGATORS must be `tracecontext`, `baggage` or `none`; what else it names \
                 is passed over",
            );
        }
        propagators
    }

    /// Those that are named, and the names that nobody has.
    fn named(names: &str) -> (Self, Vec<String>) {
        let (mut found, mut unknown) = (None, Vec::new());
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let before = found.unwrap_or(Self::none());
            match name.to_ascii_lowercase().as_str() {
                "tracecontext" => found = Some(before.with_trace_context()),
                "baggage" => found = Some(before.with_baggage()),
                "none" => found = Some(before),
                _ => unknown.push(name.to_string()),
            }
        }
        (found.unwrap_or(Self::all()), unknown)
    }

    /// From now on, for the whole process.
    pub fn put_into_force(self) {
        IN_FORCE.store(self.0, Ordering::Relaxed);
    }

    pub(super) fn in_force() -> Self {
        Self(IN_FORCE.load(Ordering::Relaxed))
    }

    pub(super) const fn has_trace_context(self) -> bool {
        self.0 & TRACE_CONTEXT != 0
    }

    pub(super) const fn has_baggage(self) -> bool {
        self.0 & BAGGAGE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nobody_has_are_passed_over_and_told() {
        let trace_context = Propagators::none().with_trace_context();
        for (names, found, unknown) in [
            ("tracecontext,baggage", Propagators::all(), &[][..]),
            (" TraceContext , tracecontext", trace_context, &[]),
            ("none", Propagators::none(), &[]),
            ("none,baggage", Propagators::none().with_baggage(), &[]),
            ("b3,tracecontext,xray", trace_context, &["b3", "xray"]),
            ("jaeger", Propagators::all(), &["jaeger"]),
            (",", Propagators::all(), &[]),
        ] {
            let unknown = unknown.iter().map(|name| name.to_string()).collect();
            assert_eq!(Propagators::named(names), (found, unknown), "{names}");
        }
        assert_eq!(Propagators::from_variables(Variables::new(&|_| None)), Propagators::all());
    }
}
