//! How a limit that counts per key shows itself by name.

#[cfg(feature = "telemetry")]
use alloc::string::ToString;

use super::shared::Shared;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::Settings;
use crate::resilience::rate_limit::listed::Listed;
#[cfg(feature = "telemetry")]
use crate::telemetry::{RateLimitKeysSnapshot, RateLimitSnapshot};

impl<K: Send> Listed for Shared<K> {
    fn name(&self) -> &Name {
        self.name()
    }

    fn settings(&self) -> Settings {
        self.settings()
    }

    fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        settings.check(self.name(), self.algorithm())
    }

    fn apply(&self, settings: &Settings) {
        // Nothing that was checked is refused.
        let _ = self.reconfigure(|current| *current = *settings);
    }

    #[cfg(feature = "telemetry")]
    fn snapshot(&self) -> RateLimitSnapshot {
        let quota = self.settings().quota;
        RateLimitSnapshot {
            name: self.name().to_string(),
            algorithm: self.algorithm().as_str(),
            permits: quota.permits,
            period: quota.period,
            burst: quota.burst,
            remaining: quota.burst,
            rejected: self.rejected(),
            keys: Some(RateLimitKeysSnapshot {
                remembered: self.len() as u64,
                capacity: self.capacity() as u64,
                forgotten_early: self.forgotten_early(),
            }),
            store: None,
        }
    }
}
