//! Carries sagas on: claims what is due, runs steps, writes what they came to.

mod begun;
mod bodies;
mod builder;
mod claim;
mod collect;
mod crash;
mod drive;
mod end;
mod handle;
mod hub;
mod nested;
mod observe;
mod reading;
mod running;
mod sagas;
mod start;

pub use builder::SagasBuilder;
pub(super) use claim::BROKEN;
pub use crash::{CrashTest, Crashes};
pub use end::{End, EndOf, Why};
pub use handle::{Handle, NestedRun, Progress, StepProgress, StepState};
pub use nested::Nest;
pub(super) use observe::mended;
pub use sagas::Sagas;
pub use start::Start;
