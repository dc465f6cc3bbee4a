//! Sagas: business transactions of steps that are undone when one of them is refused.

mod cx;
mod declared;
mod definition;
mod diagram;
mod engine;
mod operator;
mod outcome;
mod plan;
mod rules;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
pub mod walk;

pub use cx::{Cx, EffectId};
pub use declared::{Doing, Durable, History, Old, Probing, Saga, Undoing, Unwritable};
pub use definition::{Definition, Kind, Step};
pub use engine::{
    CrashTest, Crashes, End, EndOf, Handle, Progress, Retention, Sagas, SagasBuilder, Start,
    StepProgress, StepState, Why,
};
pub use operator::{Moment, Operator, Shown};
pub use outcome::{Attempt, Outcome, Transient, Unknown};
pub use plan::{Plan, PlannedStep};
#[cfg(feature = "macros")]
pub use reliability_derive::Saga;
/// Declares a business transaction: an enum with a variant for each step.
///
/// It may also be written as `#[derive(Saga)]` with `#[saga(..)]` below it.
///
/// # Features
///
/// It is there with `macros` and `saga`.
#[cfg(feature = "macros")]
pub use reliability_macros::saga;
