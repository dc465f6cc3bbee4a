use core::time::Duration;

use super::settings::millionths;
use super::window::Rule;
use super::{Settings, Window};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// [`Settings`] that can change while calls are judged by them.
///
/// What is judged together lies in one word, so that a change is never half seen: a window of 10
/// calls with the least number of calls of one of 1000 would open where neither setting would.
#[derive(Debug)]
pub(super) struct LiveSettings {
    /// The kind of window, which stays; its size is that of the beginning.
    kind: Window,
    /// Window 20 bits, failure rate 20, least number of calls 20.
    rule: AtomicU64,
    /// Slow from so many microseconds on 44 bits, rate 20. Rate 0: no rule.
    slow: AtomicU64,
    /// Length of a window of time.
    window_nanos: AtomicU64,
    /// First open period 32 bits, longest 32, in milliseconds.
    open: AtomicU64,
    /// Growth 32 bits, jitter 32, in millionths.
    shape: AtomicU64,
    /// No open period is longer, in milliseconds, unless settings were changed by two at once.
    /// Worked out beforehand: each refusal asks.
    longest_ms: AtomicU32,
    /// Wait in half-open 32 bits, in milliseconds, probes 32.
    trial: AtomicU64,
}

const FIELD: u32 = 20;
const FIELD_MASK: u64 = (1 << FIELD) - 1;

/// How an open period comes about; growth and jitter in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenPeriod {
    pub(super) first_ms: u32,
    pub(super) max_ms: u32,
    pub(super) growth: u32,
    pub(super) jitter: u32,
}

impl LiveSettings {
    /// Takes over validated settings.
    pub(super) fn new(settings: &Settings) -> Self {
        let word = || AtomicU64::new(0);
        let live = Self {
            kind: settings.window,
            rule: word(),
            slow: word(),
            window_nanos: word(),
            open: word(),
            shape: word(),
            longest_ms: AtomicU32::new(0),
            trial: word(),
        };
        live.store(settings);
        live
    }

    /// Takes over validated settings. Of two at the same time, each word is of one or the other.
    pub(super) fn store(&self, settings: &Settings) {
        let (window, window_nanos) = match settings.window {
            Window::Count(calls) | Window::Consecutive(calls) => (u64::from(calls), 0),
            Window::Time(length) => (FIELD_MASK, length.as_nanos() as u64),
        };
        let rate = u64::from(millionths(settings.failure_rate));
        let rule = window << (2 * FIELD) | rate << FIELD | u64::from(settings.min_calls);
        let slow = settings.slow_calls.map_or(0, |(after, rate)| {
            (after.as_nanos().div_ceil(1000) as u64) << FIELD | u64::from(millionths(rate))
        });
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let period = OpenPeriod {
            first_ms: millis(settings.open_for),
            max_ms: millis(settings.open_max),
            growth: millionths(settings.open_growth),
            jitter: millionths(settings.open_jitter),
        };
        let open = pair(period.first_ms, period.max_ms);
        let shape = pair(period.growth, period.jitter);
        let trial = pair(millis(settings.half_open_for), settings.probes);
        // Relaxed: each word is judged by alone, and who learns of the change by other means, such
        // as the transition that empties a window, finds all of it by those.
        self.rule.store(rule, Ordering::Relaxed);
        self.slow.store(slow, Ordering::Relaxed);
        self.window_nanos.store(window_nanos, Ordering::Relaxed);
        self.open.store(open, Ordering::Relaxed);
        self.shape.store(shape, Ordering::Relaxed);
        self.longest_ms.store(period.longest_millis(), Ordering::Relaxed);
        self.trial.store(trial, Ordering::Relaxed);
    }

    /// The settings in use: what was stored, to the millionth and the microsecond.
    pub(super) fn settings(&self) -> Settings {
        let rule = self.rule();
        let open = self.open_period();
        let slow = self.slow.load(Ordering::Relaxed);
        let share = |millionths: u32| f64::from(millionths) / 1_000_000.0;
        let millis = |millis: u32| Duration::from_millis(millis.into());
        Settings {
            window: match self.kind {
                Window::Count(_) => Window::Count(rule.window),
                Window::Consecutive(_) => Window::Consecutive(rule.window),
                Window::Time(_) => {
                    let nanos = self.window_nanos.load(Ordering::Relaxed);
                    Window::Time(Duration::from_nanos(nanos))
                }
            },
            failure_rate: share(rule.failure_rate),
            slow_calls: (slow != 0).then(|| {
                let slow_after = Duration::from_micros(slow >> FIELD);
                (slow_after, share(rule.slow_rate))
            }),
            min_calls: rule.min_calls,
            open_for: millis(open.first_ms),
            open_growth: share(open.growth),
            open_max: millis(open.max_ms),
            open_jitter: share(open.jitter),
            probes: self.probes(),
            half_open_for: self.half_open_for(),
        }
    }

    pub(super) fn rule(&self) -> Rule {
        let rule = self.rule.load(Ordering::Relaxed);
        let slow = self.slow.load(Ordering::Relaxed);
        Rule {
            window: (rule >> (2 * FIELD)) as u32,
            failure_rate: (rule >> FIELD & FIELD_MASK) as u32,
            slow_rate: (slow & FIELD_MASK) as u32,
            min_calls: (rule & FIELD_MASK) as u32,
        }
    }

    /// Whether calls have to be timed.
    #[inline]
    pub(super) fn has_slow_rule(&self) -> bool {
        self.slow.load(Ordering::Relaxed) != 0
    }

    #[inline]
    pub(super) fn is_slow(&self, elapsed_nanos: u64) -> bool {
        let slow = self.slow.load(Ordering::Relaxed);
        slow != 0 && elapsed_nanos >= (slow >> FIELD) * 1000
    }

    pub(super) fn open_period(&self) -> OpenPeriod {
        let (first_ms, max_ms) = halves(self.open.load(Ordering::Relaxed));
        let (growth, jitter) = halves(self.shape.load(Ordering::Relaxed));
        OpenPeriod { first_ms, max_ms, growth, jitter }
    }

    /// Whether an open period can be so many milliseconds long.
    #[inline]
    pub(super) fn may_be_open_for(&self, millis: u32) -> bool {
        // What was worked out beforehand may be of an earlier change than the period, or of another
        // one at the same time: it can only say yes.
        millis <= self.longest_ms.load(Ordering::Relaxed)
            || millis <= self.open_period().longest_millis()
    }

    pub(super) fn probes(&self) -> u32 {
        halves(self.trial.load(Ordering::Relaxed)).1
    }

    pub(super) fn half_open_for(&self) -> Duration {
        Duration::from_millis(halves(self.trial.load(Ordering::Relaxed)).0.into())
    }
}

impl OpenPeriod {
    /// The length, in milliseconds, of the open period after `trips` earlier ones in a row.
    ///
    /// The same `random` makes the same length.
    pub(super) fn millis(self, trips: u32, random: u64) -> u32 {
        let max = u64::from(self.max_ms.max(self.first_ms));
        let mut period = u64::from(self.first_ms);
        // A period at its end, or one that does not grow, needs no further step; one that grows
        // slowly is there after a few thousand.
        for _ in 0..trips.min(GROWTH_STEPS_MAX) {
            let next = (period * u64::from(self.growth) / MILLION).min(max);
            if next == period {
                break;
            }
            period = next;
        }
        // Only ever longer, so that what was asked for is kept; at most doubled, so that it fits.
        let jitter = period * u64::from(self.jitter) / MILLION;
        (period + ((jitter * (random >> 32)) >> 32)) as u32
    }

    /// No open period is longer than this.
    fn longest_millis(self) -> u32 {
        self.millis(u32::MAX, u64::MAX).saturating_add(1)
    }
}

const MILLION: u64 = 1_000_000;
const GROWTH_STEPS_MAX: u32 = 10_000;

fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

/// Whole milliseconds, rounded up; seven days fit.
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}
