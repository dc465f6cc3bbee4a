//! Permits that nobody has used.

use super::{Cell, Shared};
use crate::resilience::rate_limit::algorithm::{
    Booking, FixedWindow, LeakyBucket, Limiter, TokenBucket, Word,
};
use crate::sync::atomic::AtomicU64;
use crate::time::Instant;

impl Shared {
    /// Gives permits back that were not used, as far as that lets nobody have too many.
    ///
    /// `version` is that of the settings under which they were booked: under others a place says
    /// nothing, and is not given back. Whoever changes them announces it, and then changes the state;
    /// so it is the state after the look at the version that must not have changed.
    #[cold]
    pub(in crate::resilience::rate_limit) fn give_back(&self, booking: &Booking, version: u64) {
        let now = self.clock.now();
        match &self.cell {
            Cell::TokenBucket(word) => {
                self.give_back_in::<TokenBucket>(word, now, booking, version);
            }
            Cell::LeakyBucket(word) => {
                self.give_back_in::<LeakyBucket>(word, now, booking, version);
            }
            Cell::FixedWindow(word) => {
                self.give_back_in::<FixedWindow>(word, now, booking, version);
            }
            Cell::SlidingLog(cell) => {
                let (rule, log) = &mut *cell.lock();
                if self.version() == version {
                    rule.give_back(log, now, booking);
                }
            }
            Cell::SlidingCounter(cell) => {
                let (rule, windows) = &mut *cell.lock();
                if self.version() == version {
                    rule.give_back(windows, now, booking);
                }
            }
        }
    }

    fn give_back_in<L: Word>(
        &self,
        word: &AtomicU64,
        now: Instant,
        booking: &Booking,
        version: u64,
    ) {
        self.update(word, |state| {
            let rule = L::from_words(self.live.words());
            if self.version() == version {
                rule.give_back(state, now, booking);
            }
        });
    }
}
