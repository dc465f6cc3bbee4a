//! Chaos in the place of the dependency.

use core::time::Duration;

use super::call::{Call, Phase};
use super::inner::Inner;
use super::step::Step;
use crate::error::{Failure, Name, Reason, Rejected};
use crate::resilience::chaos::{Injection, Settings};
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

    /// What chaos does to a request of a hedged attempt: nothing, a wait before it begins, which for
    /// a hang is the longest there is, or a failure in its place.
    ///
    /// Each request meets it by itself, as each would meet the dependency: one that is late is what a
    /// hedge is for.
    pub(super) fn disturb_request(&mut self) -> Result<Option<Duration>, Failure<E>> {
        let Some(Step::Chaos(chaos)) = self.policy.steps.last() else { return Ok(None) };
        let injection = chaos.strike();
        if injection != Injection::Nothing && self.phase == Phase::Outside {
            self.meet_chaos();
        }
        match injection {
            Injection::Nothing => Ok(None),
            Injection::Latency(latency) => Ok(Some(latency)),
            Injection::Hang => Ok(Some(Duration::MAX)),
            Injection::Error => Err(self.refused(chaos.rejected())),
        }
    }

    /// Passes the place of chaos, in front of the first request.
    pub(super) fn disturb_first_request(&mut self) -> Result<Option<Duration>, Failure<E>> {
        if self.step() == self.policy.steps.len() {
            // It was off a moment ago.
            return Ok(None);
        }
        self.step += 1;
        self.disturb_request()
    }

    /// The refusal of an attempt: an injected one is the user's own error where there is one.
    pub(super) fn refused(&self, rejected: Rejected) -> Failure<E> {
        match self.classifier.injected() {
            Some(make) if rejected.reason() == Reason::Injected => Failure::Error(make()),
            _ => Failure::Rejected(rejected),
        }
    }
}

impl Inner {
    /// What an attempt passes that may be hedged: all but chaos, which is met by each request.
    pub(super) fn steps_of_hedged_attempt(&self) -> usize {
        match self.steps.last() {
            Some(Step::Chaos(_)) if self.hedge.is_some() => self.steps.len() - 1,
            _ => self.steps.len(),
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
