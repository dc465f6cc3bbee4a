//! What is promised, and all that can be wrong with it: constants, so that the compiler checks them.

mod alert;
mod alerting;
mod budget_policy;
pub(super) mod check;
pub(super) mod decimal;
pub(super) mod definition;
mod objective;
mod target;
pub(super) mod window;

pub use alert::{Alert, Burn, Urgency};
pub use alerting::{Alerting, LeftOut, WhyLeftOut};
pub use budget_policy::BudgetPolicy;
pub use check::InvalidDefinition;
pub use definition::Definition;
pub use objective::{Indicator, Objective};
pub use target::Target;
pub use window::{CalendarUnit, UtcOffset, Window};
