//! Promise something, and keep count of it.
//!
//! A service level objective says how much may go wrong: of all calls of 30 days one in two
//! thousand. What may go wrong is a *budget*, and there are two questions to it: how much is left,
//! and does it burn faster than it may?
//!
//! ```
//! use std::time::Duration;
//! use reliability::sre::{Core, Definition, Objective, Slo, Target, Window};
//!
//! static CHECKOUT: Slo = {
//!     static CORE: Core = Core::new(
//!         Definition::new("checkout", Window::days(30))
//!             .objective(Objective::availability(Target::percent("99.95")))
//!             .objective(Objective::latency(Target::percent("99"), Duration::from_millis(500))),
//!     );
//!     Slo::from_core(&CORE)
//! };
//!
//! CHECKOUT.record(true);
//! CHECKOUT.record_latency(Duration::from_millis(20));
//! ```

mod alert;
mod alerting;
mod budget_policy;
mod check;
mod decimal;
mod definition;
mod objective;
mod outcome;
mod registry;
mod slo;
mod tally;
mod target;
mod window;

pub use alert::{Alert, Burn, Severity};
pub use alerting::{Alerting, LeftOut, WhyLeftOut};
pub use budget_policy::BudgetPolicy;
pub use check::InvalidDefinition;
pub use definition::Definition;
pub use objective::{Indicator, Objective};
pub use outcome::{GrpcStatus, HttpStatus, Outcome};
pub use registry::{Registered, all, find};
pub use slo::{Core, Slo};
pub use tally::Counts;
pub use target::Target;
pub use window::{CalendarUnit, UtcOffset, Window};
