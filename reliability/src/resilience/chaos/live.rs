use core::time::Duration;

use super::Settings;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::saturating_nanos;

/// [`Settings`] that can change while attempts are judged by them.
///
/// An attempt that meets a change may see one rate of before and one of after it: each is a share,
/// so that is a setting somebody might have asked for.
#[derive(Debug)]
pub(super) struct LiveSettings {
    latency_from_nanos: AtomicU64,
    latency_to_nanos: AtomicU64,
    /// The rates as the bits of an `f64`: latency, error, hang.
    rates: [AtomicU64; 3],
}

impl LiveSettings {
    pub(super) fn new(settings: &Settings) -> Self {
        let word = || AtomicU64::new(0);
        let live = Self {
            latency_from_nanos: word(),
            latency_to_nanos: word(),
            rates: [word(), word(), word()],
        };
        live.store(settings);
        live
    }

    /// Relaxed: whoever switches on afterwards publishes it, and whoever is on already sees it soon.
    pub(super) fn store(&self, settings: &Settings) {
        self.latency_from_nanos.store(saturating_nanos(settings.latency_from), Ordering::Relaxed);
        self.latency_to_nanos.store(saturating_nanos(settings.latency_to), Ordering::Relaxed);
        let rates = [settings.latency_rate, settings.error_rate, settings.hang_rate];
        for (word, rate) in self.rates.iter().zip(rates) {
            word.store(rate.to_bits(), Ordering::Relaxed);
        }
    }

    pub(super) fn load(&self) -> Settings {
        let nanos = |word: &AtomicU64| Duration::from_nanos(word.load(Ordering::Relaxed));
        let rate = |index: usize| f64::from_bits(self.rates[index].load(Ordering::Relaxed));
        Settings {
            latency_from: nanos(&self.latency_from_nanos),
            latency_to: nanos(&self.latency_to_nanos),
            latency_rate: rate(0),
            error_rate: rate(1),
            hang_rate: rate(2),
        }
    }
}
