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

mod alert;
mod alerting;
mod budget;
mod budget_policy;
mod calendar;
mod check;
mod decimal;
mod decision;
mod definition;
mod engine;
mod events;
#[cfg(feature = "config")]
mod files;
mod gate;
#[cfg(feature = "prometheus")]
mod grafana;
mod live;
mod notify;
mod objective;
#[cfg(feature = "telemetry")]
mod observe;
mod outcome;
#[cfg(feature = "dashboard")]
mod panel;
#[cfg(feature = "prometheus")]
mod prometheus_rules;
mod reading;
mod registry;
mod ring;
mod slices;
mod slo;
mod stance;
mod state;
mod status;
mod tally;
mod target;
mod timeline;
mod verdict;
mod watch;
#[cfg(feature = "reqwest")]
mod webhook;
mod window;

pub use alert::{Alert, Burn, Urgency};
pub use alerting::{Alerting, LeftOut, WhyLeftOut};
pub use budget::Budget;
pub use budget_policy::BudgetPolicy;
pub use check::InvalidDefinition;
pub use decision::{Decision, DecisionKind};
pub use definition::Definition;
#[cfg(feature = "config")]
pub use files::{Definitions, LoadError, Mistake, Mistakes, NotInOpenSlo, Remark};
pub use gate::{Gate, GateAnswer, gate};
#[cfg(feature = "prometheus")]
pub use grafana::{GrafanaDashboard, grafana_dashboard};
pub use notify::{Console, Notify};
pub use objective::{Indicator, Objective};
pub use outcome::{GrpcStatus, HttpStatus, Outcome};
#[cfg(feature = "prometheus")]
pub use prometheus_rules::{PrometheusRules, prometheus_rules};
pub use reading::Reading;
pub use registry::{Registered, all, find};
pub use slo::{Core, Slo};
pub use stance::Stance;
pub use state::StateError;
pub use status::{AlertStatus, ObjectiveStatus, Status};
pub use tally::GoodAndBad;
pub use target::Target;
pub use timeline::Timeline;
pub use verdict::Verdict;
pub use watch::{Watch, WatchBuilder};
#[cfg(feature = "reqwest")]
pub use webhook::Webhook;
pub use window::{CalendarUnit, UtcOffset, Window};

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
