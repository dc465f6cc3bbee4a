//! The pure cores: what the limit becomes, given what a window of calls has shown.

mod aimd;
mod estimator;
mod gradient2;
mod sample;
mod vegas;

pub use aimd::Aimd;
pub use estimator::{Algorithm, Estimator};
pub use gradient2::Gradient2;
pub use sample::Sample;
pub use vegas::Vegas;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
