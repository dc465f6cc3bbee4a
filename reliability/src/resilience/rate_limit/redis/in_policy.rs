//! What a policy asks of a limit that is kept in a server.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
#[cfg(feature = "record")]
use core::time::Duration;

use super::RedisRateLimit;
use super::reservation::Reservation;
use crate::error::Rejected;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::Settings;
use crate::resilience::rate_limit::listed::Listed as _;
#[cfg(feature = "telemetry")]
use crate::telemetry::RateLimitSnapshot;

/// A call that asks the server, and then perhaps waits for its turn. Nothing has happened before it
/// is polled.
///
/// In a box: a question to a server allocates anyway, and calls that ask nobody stay as small as they
/// are.
pub(in crate::resilience) type Asking = Pin<Box<dyn Future<Output = Result<(), Rejected>> + Send>>;

impl RedisRateLimit {
    /// Lets a call in, that may wait for as long as the settings say.
    pub(in crate::resilience) fn ask_in_policy(&self, key: Option<&str>) -> Asking {
        let shared = Arc::clone(self.shared());
        let key = shared.key(key);
        let longest = shared.settings().wait.unwrap_or_default();
        Box::pin(async move { Reservation::until_ready_at(&shared, key, 1, longest).await })
    }

    /// The refusal of a call that was refused then, where it is gone through again.
    #[cfg(feature = "record")]
    pub(in crate::resilience) fn refused_then(&self, retry_after: Option<Duration>) -> Rejected {
        self.shared().refuse(retry_after.unwrap_or_default())
    }

    pub(in crate::resilience) fn in_policy(&self) -> Settings {
        self.shared().settings().in_policy()
    }

    /// Says what is wrong with settings for this limit.
    pub(in crate::resilience) fn check_settings(&self, settings: &Settings) -> Result<(), Invalid> {
        self.shared().check(settings)
    }

    /// Takes over checked settings.
    pub(in crate::resilience) fn apply(&self, settings: &Settings) {
        self.shared().apply(settings);
    }

    /// What it has counted.
    #[cfg(feature = "telemetry")]
    pub(in crate::resilience) fn snapshot(&self) -> RateLimitSnapshot {
        self.shared().snapshot()
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration asks"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(self.shared()).addr()
    }
}
