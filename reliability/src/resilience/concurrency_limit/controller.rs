use core::time::Duration;

use super::sampler::{Cut, Due, Sampler, Totals};
use super::{Estimator, Settings};
use crate::resilience::split_mix::{GAMMA, mix};
use crate::time::Instant;

/// What turns windows into limits: touched by one thread, once per window.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) settings: Settings,
    estimator: Estimator,
    totals: Totals,
    opened: Option<Instant>,
    random: u64,
    /// Windows that were closed.
    pub(super) windows: u64,
    /// The mean latency of the last one.
    pub(super) latency: Option<Duration>,
}

/// A window that is not full after so many times its longest is begun anew: the few calls that it
/// has are of another time.
const PATIENCE: u32 = 60;

impl Controller {
    pub(super) fn new(settings: Settings, seed: u64) -> Self {
        let Settings { algorithm, min, max, initial, .. } = settings;
        let estimator = Estimator::new(algorithm, min, max, initial);
        Self {
            settings,
            estimator,
            totals: Totals::default(),
            opened: None,
            random: seed,
            windows: 0,
            latency: None,
        }
    }

    /// Closes the window, if it is time and it has enough calls, and answers the new limit.
    pub(super) fn close(&mut self, sampler: &Sampler, due: &Due, now: Instant) -> Option<u32> {
        if !due.is_reached(now) {
            return None;
        }
        let settings = &self.settings;
        let cut = Cut {
            shortest: settings.window,
            longest: settings.window_max,
            samples: settings.samples,
            drop_rate: settings.drop_rate,
        };
        let opened = *self.opened.get_or_insert(now);
        // Where the clock has jumped back, latencies of the window are made of both times.
        let jumped = now < opened;
        if jumped || now.saturating_duration_since(opened) > settings.window_max * PATIENCE {
            sampler.discard(&mut self.totals);
            self.open(due, now, settings.window);
            return None;
        }
        let (sample, open_for) = sampler.close(&mut self.totals, &cut)?;
        self.open(due, now, open_for);
        self.windows += 1;
        self.latency = Some(sample.latency);
        let random = self.random();
        Some(self.estimator.step(&sample, random))
    }

    /// How many calls were in a window that is closed.
    #[cfg(all(test, reliability_loom))]
    pub(super) fn calls(&self) -> u64 {
        self.totals.calls()
    }

    /// Takes over validated settings, and answers the limit under them.
    pub(super) fn reconfigure(&mut self, settings: Settings) -> u32 {
        let Settings { algorithm, min, max, .. } = settings;
        self.estimator.reconfigure(algorithm, min, max);
        self.settings = settings;
        self.estimator.limit()
    }

    fn open(&mut self, due: &Due, now: Instant, open_for: Duration) {
        self.opened = Some(now);
        due.set(now, open_for);
    }

    /// SplitMix64: enough to spread probes, and the same for the same seed.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(GAMMA);
        mix(self.random)
    }
}
