//! Limits that operators find by name, also where they are no layer of a policy.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Settings;
use crate::error::Name;
use crate::resilience::Invalid;
#[cfg(feature = "telemetry")]
use crate::telemetry::RateLimitSnapshot;

/// What the registry asks of a limit, whatever its keys are and wherever it is kept.
pub(in crate::resilience) trait Listed: Send + Sync {
    /// The name it was made with.
    fn name(&self) -> &Name;

    /// The settings in use.
    fn settings(&self) -> Settings;

    /// Whether it can work with these settings.
    fn check(&self, settings: &Settings) -> Result<(), Invalid>;

    /// Puts settings into force that were checked.
    fn apply(&self, settings: &Settings);

    /// What it has counted.
    #[cfg(feature = "telemetry")]
    fn snapshot(&self) -> RateLimitSnapshot;
}

static LISTED: Mutex<Vec<Weak<dyn Listed>>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Weak<dyn Listed>>> {
    LISTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lists a limit as long as it lives.
pub(super) fn list(limit: Weak<dyn Listed>) {
    let mut listed = lock();
    // Forget what is gone whenever the list would grow, so that it never outgrows what lives.
    if listed.len() == listed.capacity() {
        listed.retain(|weak| weak.strong_count() > 0);
    }
    listed.push(limit);
}

/// Those that live, in the order in which they were built.
pub(in crate::resilience) fn listed() -> Vec<Arc<dyn Listed>> {
    lock().iter().filter_map(Weak::upgrade).collect()
}
