//! Promise something, and keep count of it.
//!
//! A service level objective says how much may go wrong: of all calls of 30 days one in two
//! thousand. What may go wrong is a *budget*, and there are two questions to it: how much is left,
//! and does it burn faster than it may?
//!
//! ```
//! # #[cfg(feature = "macros")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use reliability::sre::{Slo, slo};
//!
//! static CHECKOUT: Slo = reliability::slo! {
//!     name: "checkout", window: "30d", availability: 99.95, latency: "99% < 500ms",
//! };
//!
//! #[slo(objective = CHECKOUT)]
//! async fn checkout(order: &str) -> Result<u32, std::num::ParseIntError> {
//!     order.parse()
//! }
//!
//! assert!(checkout("7").await.is_ok());
//! println!("{}", CHECKOUT.status());
//! # }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() {}
//! ```
//!
//! By hand, with [`Slo::record`] and its like, anything can be counted; see [`Slo`].
//!
//! With the feature `prometheus`, `prometheus_rules()` has the same promises as rules for Prometheus,
//! and `grafana_dashboard()` as a page for Grafana. With the feature `config`, `Definitions` reads
//! promises from files and writes them, in OpenSLO and in a simple form.

mod acting;
mod arithmetic;
#[cfg(feature = "config")]
mod files;
#[cfg(feature = "prometheus")]
mod grafana;
#[cfg(feature = "telemetry")]
mod observe;
#[cfg(feature = "dashboard")]
mod panel;
#[cfg(feature = "prometheus")]
mod prometheus_rules;
mod promise;
mod slo;

#[cfg(feature = "reqwest")]
pub use acting::Webhook;
pub use acting::{
    Console, Decision, DecisionKind, Gate, GateAnswer, Notify, StateError, Watch, WatchBuilder,
    gate,
};
pub use arithmetic::{AlertStatus, Budget, ObjectiveStatus, Reading, Stance, Status, Verdict};
#[cfg(feature = "config")]
pub use files::{Definitions, LoadError, Mistake, Mistakes, NotInOpenSlo, Remark};
#[cfg(feature = "prometheus")]
pub use grafana::{GrafanaDashboard, grafana_dashboard};
#[cfg(feature = "prometheus")]
pub use prometheus_rules::{PrometheusRules, prometheus_rules};
pub use promise::{
    Alert, Alerting, BudgetPolicy, Burn, CalendarUnit, Definition, Indicator, InvalidDefinition,
    LeftOut, Objective, Target, Urgency, UtcOffset, WhyLeftOut, Window,
};
pub use slo::{
    Core, GoodAndBad, GrpcStatus, HttpStatus, Outcome, Registered, Slo, Timeline, all, find,
};

/// Counts the calls of a function for a promise.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use reliability::sre::{Slo, slo};
///
/// static CHECKOUT: Slo = reliability::slo! {
///     name: "checkout", availability: 99.95, latency: "99% < 500ms",
/// };
///
/// #[derive(Debug, PartialEq)]
/// enum CheckoutError { Declined, Broken }
///
/// // A card that is declined is no fault of ours.
/// #[slo(objective = CHECKOUT, good = |answer| matches!(answer, Ok(_) | Err(CheckoutError::Declined)))]
/// async fn checkout(order: u32) -> Result<u32, CheckoutError> {
///     if order == 0 { Err(CheckoutError::Declined) } else { Ok(order) }
/// }
///
/// assert_eq!(checkout(0).await, Err(CheckoutError::Declined));
/// assert!(format!("{CHECKOUT:?}").contains("1 good, 0 bad"));
/// # }
/// ```
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `objective = PATH` | the promise: a `static` that [`slo!`](crate::slo!) or [`Slo::from_core`] made | must be given |
/// | `good = \|answer\| ..` | a closure or function from the answer to `bool` or [`Outcome`] | by the class of the error where it is a [`Fault`](crate::error::Fault), see [`Outcome::of_class`]; other errors are bad |
/// | `correct = \|answer\| ..` | whether the answer was right, for objectives of correctness | not judged |
/// | `crate = ::path` | where this crate is, for those who re-export or rename it | `::reliability` |
///
/// Beside other attributes it is the outermost: a call that was retried is one call, and its latency
/// is what the caller saw. A body that panics is bad. The clock is read only where the promise is about
/// latency.
///
/// # Cancel safety
///
/// As the function's own. A call whose caller gives up is excluded from availability; where it had
/// already taken longer than a threshold of latency, that was missed.
#[cfg(feature = "macros")]
pub use reliability_macros::slo;
