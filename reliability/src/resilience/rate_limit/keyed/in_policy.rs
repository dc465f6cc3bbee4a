//! What a policy asks of a limit that counts per key.

use super::KeyHash;
use super::handle::KeyedRateLimit;
use super::ready::Turn;
use crate::error::Rejected;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::Settings;
use crate::resilience::rate_limit::listed::Listed as _;
#[cfg(feature = "telemetry")]
use crate::telemetry::RateLimitSnapshot;

impl KeyedRateLimit<KeyHash> {
    /// Whether a permit was there, for who is not refused yet if not.
    #[inline]
    pub(crate) fn take_at_once(&self, key: KeyHash) -> bool {
        self.shared().take_quietly(&key, 1).is_ok()
    }

    /// A turn for a call that may wait as long as the settings say; none if there is a permit now.
    pub(crate) fn turn_in_policy(
        &self,
        key: KeyHash,
    ) -> Result<Option<Turn<'_, KeyHash>>, Rejected> {
        let longest = self.settings().longest_wait(self.algorithm());
        let mut turn = Turn::new(self.shared(), key);
        turn.book(longest)?;
        if !turn.delay().is_zero() {
            return Ok(Some(turn));
        }
        turn.commit();
        Ok(None)
    }

    /// Says what is wrong with settings for this limit.
    pub(crate) fn check_settings(&self, settings: &Settings) -> Result<(), Invalid> {
        self.shared().check(settings)
    }

    /// Takes over checked settings.
    pub(crate) fn apply(&self, settings: &Settings) {
        self.shared().apply(settings);
    }

    /// What it has counted.
    #[cfg(feature = "telemetry")]
    pub(crate) fn snapshot(&self) -> RateLimitSnapshot {
        self.shared().snapshot()
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        core::ptr::from_ref(self.shared()).addr()
    }
}
