//! Chaos in the place of the dependency.

use super::call::{Call, Phase};
use crate::error::{Failure, Name, Reason, Rejected};
use crate::resilience::chaos::Settings;
use crate::resilience::{Chaos, Invalid, Policy};

impl Policy {
    /// Its chaos, to inspect or to switch.
    pub fn chaos(&self) -> Option<&Chaos> {
        self.inner().chaos()
    }
}

impl<E> Call<'_, E> {
    /// From here on the attempt counts as begun: what chaos does to it is what a dependency might
    /// have done, for the breaker and for whoever drops it.
    pub(super) fn meet_chaos(&mut self) {
        self.phase = Phase::Disturbed;
    }

    /// The refusal of an attempt: an injected one is the user's own error where there is one.
    pub(super) fn refused(&self, rejected: Rejected) -> Failure<E> {
        match self.classifier.injected() {
            Some(make) if rejected.reason() == Reason::Injected => Failure::Error(make()),
            _ => Failure::Rejected(rejected),
        }
    }
}

/// Refuses hangs that would last for ever.
pub(super) fn check_hang(policy: &Name, settings: &Settings, bounded: bool) -> Result<(), Invalid> {
    if settings.hang_rate > 0.0 && !bounded {
        let expected = "0 without `timeout` and `deadline`";
        return Err(Invalid::new(policy.clone(), "hang_rate", expected, settings.hang_rate)
            .with_advice(
                "a call that hangs would hang for ever; add a timeout outside of `chaos`",
            ));
    }
    Ok(())
}
