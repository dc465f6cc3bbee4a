//! Carries sagas on: claims what is due, runs steps, writes what they came to.

mod bodies;
mod builder;
mod claim;
mod drive;
mod handle;
mod hub;
mod observe;
mod sagas;
mod start;

pub use builder::SagasBuilder;
pub use handle::{End, Handle, Progress, StepProgress, StepState, Why};
pub use hub::Retention;
pub use sagas::Sagas;
pub use start::Start;
