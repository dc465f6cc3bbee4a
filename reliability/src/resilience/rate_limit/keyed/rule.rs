//! The algorithms whose state is a word, chosen while the program runs.

use core::time::Duration;

use crate::resilience::rate_limit::algorithm::{
    Booking, FixedWindow, LeakyBucket, Settable, TokenBucket,
};
use crate::resilience::rate_limit::{Algorithm, Quota};
use crate::time::Instant;

/// The algorithms whose state is a word, as one type.
pub(super) trait Rule {
    fn book(
        &self,
        state: &mut u64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration>;
    fn give_back(&self, state: &mut u64, now: Instant, booking: &Booking);
    fn used(&self, state: &u64, now: Instant) -> u64;
}

impl<L: Settable<State = u64>> Rule for L {
    #[inline]
    fn book(
        &self,
        state: &mut u64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        L::book(self, state, now, permits, longest)
    }

    fn give_back(&self, state: &mut u64, now: Instant, booking: &Booking) {
        L::give_back(self, state, now, booking);
    }

    fn used(&self, state: &u64, now: Instant) -> u64 {
        Settable::used(self, state, now)
    }
}

/// Takes over a state that was made under other settings.
pub(super) fn carry_over<L: Settable>(
    state: &mut L::State,
    now: Instant,
    before: [u64; 2],
    after: [u64; 2],
) {
    L::from_words(after).carry_over(state, now, &L::from_words(before));
}

/// What that algorithm makes of a quota.
pub(super) fn words(algorithm: Algorithm, quota: Quota) -> [u64; 2] {
    match algorithm {
        Algorithm::LeakyBucket => LeakyBucket::of(quota).words(),
        Algorithm::FixedWindow => FixedWindow::of(quota).words(),
        _ => TokenBucket::of(quota).words(),
    }
}
