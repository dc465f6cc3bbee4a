//! How a limit that is kept in a server shows itself by name.

#[cfg(feature = "telemetry")]
use alloc::string::ToString;

use super::shared::Shared;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::listed::Listed;
use crate::resilience::rate_limit::{Algorithm, Settings};
#[cfg(feature = "telemetry")]
use crate::sync::atomic::Ordering;
#[cfg(feature = "telemetry")]
use crate::telemetry::{RateLimitSnapshot, RateLimitStoreSnapshot};

impl Listed for Shared {
    fn name(&self) -> &Name {
        &self.name
    }

    fn settings(&self) -> Settings {
        self.settings().in_policy()
    }

    fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        settings.check(&self.name, Algorithm::TokenBucket)
    }

    fn apply(&self, settings: &Settings) {
        // Nothing that was checked is refused.
        let _ = self.reconfigure(|current| {
            current.quota = settings.quota;
            current.wait = settings.wait;
        });
    }

    #[cfg(feature = "telemetry")]
    fn snapshot(&self) -> RateLimitSnapshot {
        let quota = self.settings().quota;
        RateLimitSnapshot {
            name: self.name.to_string(),
            algorithm: Algorithm::TokenBucket.as_str(),
            permits: quota.permits,
            period: quota.period,
            burst: quota.burst,
            remaining: self.remaining.load(Ordering::Relaxed),
            rejected: self.rejected.sum(),
            keys: None,
            store: Some(RateLimitStoreSnapshot {
                away: self.is_away(),
                calls_away: self.calls_away.sum(),
            }),
        }
    }
}
