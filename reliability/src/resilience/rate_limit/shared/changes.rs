//! Settings that change while calls are running.

use core::convert::Infallible;

use super::{Cell, Shared, words};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::Settings;
use crate::resilience::rate_limit::algorithm::{FixedWindow, LeakyBucket, Settable, TokenBucket};
use crate::resilience::rate_limit::leases::Leases;
use crate::time::Instant;

impl Shared {
    pub(in crate::resilience::rate_limit) fn reconfigure(
        &self,
        change: impl FnOnce(&mut Settings),
    ) -> Result<(), Invalid> {
        let checked = |settings: &Settings| {
            let mut changed = *settings;
            change(&mut changed);
            self.check(&changed)?;
            Ok((changed, self.words(&changed)))
        };
        self.live.replace(checked, |settings, words| self.carry_over(settings, words))
    }

    pub(in crate::resilience::rate_limit) fn check(
        &self,
        settings: &Settings,
    ) -> Result<(), Invalid> {
        let algorithm = self.algorithm();
        settings.check(&self.name, algorithm)?;
        Leases::check(&self.name, algorithm, settings.quota, self.lease_size())
    }

    /// Takes over checked settings.
    pub(in crate::resilience::rate_limit) fn apply(&self, settings: &Settings) {
        let checked = |_: &Settings| Ok::<_, Infallible>((*settings, self.words(settings)));
        let Ok(()) = self.live.replace(checked, |settings, words| self.carry_over(settings, words));
    }

    fn words(&self, settings: &Settings) -> [u64; 2] {
        words(self.algorithm(), settings.quota, self.lease_size())
    }

    fn carry_over(&self, settings: &Settings, words: [[u64; 2]; 2]) {
        fn rescale<L: Settable>(
            state: &mut L::State,
            now: Instant,
            [before, after]: [[u64; 2]; 2],
        ) -> L {
            let rule = L::from_words(after);
            rule.carry_over(state, now, &L::from_words(before));
            rule
        }
        let now = self.clock.now();
        if let Some(leases) = &self.leases {
            leases.reconfigure(settings.quota);
        }
        match &self.cell {
            Cell::TokenBucket(word) => {
                self.update(word, |state| {
                    rescale::<TokenBucket>(state, now, words);
                });
            }
            Cell::LeakyBucket(word) => {
                self.update(word, |state| {
                    rescale::<LeakyBucket>(state, now, words);
                });
            }
            Cell::FixedWindow(word) => {
                self.update(word, |state| {
                    rescale::<FixedWindow>(state, now, words);
                });
            }
            Cell::SlidingLog(cell) => {
                let (rule, log) = &mut *cell.lock();
                *rule = rescale(log, now, words);
            }
            Cell::SlidingCounter(cell) => {
                let (rule, windows) = &mut *cell.lock();
                *rule = rescale(windows, now, words);
            }
        }
    }
}
