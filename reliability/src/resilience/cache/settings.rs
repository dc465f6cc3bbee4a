use core::ops::RangeInclusive;
use core::time::Duration;

use crate::error::{Class, Name};
use crate::resilience::Invalid;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::saturating_nanos;

/// For how long answers are kept, and how long a call waits for another one's.
///
/// What [`Cache::settings`](super::Cache::settings) shows and
/// [`Cache::reconfigure`](super::Cache::reconfigure) changes. The values are checked where they are
/// put to use, all at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::cache::{Cache, Settings};
///
/// let prices = Cache::standard("price");
/// assert_eq!(prices.settings(), Settings::standard());
///
/// prices.reconfigure(|settings| settings.stale = Duration::from_secs(300))?;
/// assert_eq!(prices.settings().stale, Duration::from_secs(300));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// For how long an answer is everybody's: 1 ms to 365 days. Default: 30 s.
    pub ttl: Duration,
    /// For how long after that it is better than nothing: up to 365 days. Default: zero, because
    /// whether an old answer is honest only the owner of the data knows.
    pub stale: Duration,
    /// For how long errors are answers, by class. Default: not at all.
    pub negative: Negative,
    /// How long a call waits for the answer of another one: 1 ms to an hour. Default: 10 s, longer
    /// than a call should take, so that it ends only waits that no deadline ends.
    pub wait: Duration,
    /// How long a stale answer is left alone after a refresh that failed: up to an hour. Default:
    /// 1 s, so that a dependency in trouble costs one caller a second its patience, and not one
    /// after the other.
    pub refresh_pause: Duration,
    /// How many answers are kept, or their weight where they are weighed: 1 to 4,294,967,295.
    /// Default: 10,000. It is fixed when the cache is built.
    pub capacity: u32,
}

/// For how long errors are kept, by class; zero is not at all.
///
/// An error that somebody cancelled is never kept.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::cache::Cache;
///
/// // Who asks for a record that is not there need not ask again for ten seconds.
/// let prices = Cache::standard("price");
/// prices.reconfigure(|settings| settings.negative.permanent = Duration::from_secs(10))?;
/// assert_eq!(prices.settings().negative.transient, Duration::ZERO);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Negative {
    /// Errors that will come again: an unknown record. Up to a day.
    pub permanent: Duration,
    /// Errors that may be over in a moment. Up to a day.
    pub transient: Duration,
    /// The other side asked for time. Up to a day.
    pub overloaded: Duration,
}

pub(super) const TTL: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY.saturating_mul(365);
pub(super) const STALE_MAX: Duration = DAY.saturating_mul(365);
pub(super) const NEGATIVE_MAX: Duration = DAY;
pub(super) const WAIT: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;
pub(super) const PAUSE_MAX: Duration = HOUR;
pub(super) const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

impl Settings {
    /// Answers for 30 s, nothing stale, no errors, 10,000 of them.
    pub const fn standard() -> Self {
        let none = Duration::ZERO;
        Self {
            ttl: Duration::from_secs(30),
            stale: none,
            negative: Negative { permanent: none, transient: none, overloaded: none },
            wait: Duration::from_secs(10),
            refresh_pause: Duration::from_secs(1),
            capacity: 10_000,
        }
    }

    /// For how long anything is kept.
    pub(super) fn kept(&self) -> Duration {
        let Negative { permanent, transient, overloaded } = self.negative;
        let values = self.ttl.saturating_add(self.stale);
        [permanent, transient, overloaded].into_iter().fold(values, Duration::max)
    }

    /// Refuses what makes no sense, with the name of the setting.
    pub(super) fn validate(&self, name: &Name) -> Result<(), Invalid> {
        let Negative { permanent, transient, overloaded } = self.negative;
        let to = |max| Duration::ZERO..=max;
        for (setting, value, range) in [
            ("ttl", self.ttl, TTL),
            ("stale", self.stale, to(STALE_MAX)),
            ("negative.permanent", permanent, to(NEGATIVE_MAX)),
            ("negative.transient", transient, to(NEGATIVE_MAX)),
            ("negative.overloaded", overloaded, to(NEGATIVE_MAX)),
            ("wait", self.wait, WAIT),
            ("refresh_pause", self.refresh_pause, to(PAUSE_MAX)),
        ] {
            if !range.contains(&value) {
                let expected = alloc::format!("{:?} to {:?}", range.start(), range.end());
                let got = alloc::format!("{value:?}");
                return Err(Invalid::new(name.clone(), setting, expected, got));
            }
        }
        if self.capacity == 0 {
            let expected = alloc::format!("1 to {}", u32::MAX);
            return Err(Invalid::new(name.clone(), "capacity", expected, 0)
                .with_advice("leave out the cache where nothing is to be kept"));
        }
        Ok(())
    }
}

impl Default for Settings {
    /// The standard settings.
    fn default() -> Self {
        Self::standard()
    }
}

/// [`Settings`] that can change while entries are judged by them.
///
/// Who meets a change may see one figure of before and one of after it: each is a duration that
/// somebody asked for.
#[derive(Debug)]
pub(super) struct LiveSettings {
    ttl_nanos: AtomicU64,
    stale_nanos: AtomicU64,
    /// Permanent, transient, overloaded.
    negative_nanos: [AtomicU64; 3],
    wait_nanos: AtomicU64,
    refresh_pause_nanos: AtomicU64,
    capacity: u32,
}

impl LiveSettings {
    pub(super) fn new(settings: &Settings) -> Self {
        let word = || AtomicU64::new(0);
        let live = Self {
            ttl_nanos: word(),
            stale_nanos: word(),
            negative_nanos: [word(), word(), word()],
            wait_nanos: word(),
            refresh_pause_nanos: word(),
            capacity: settings.capacity,
        };
        live.store(settings);
        live
    }

    pub(super) fn store(&self, settings: &Settings) {
        let set = |word: &AtomicU64, duration| {
            word.store(saturating_nanos(duration), Ordering::Relaxed);
        };
        set(&self.ttl_nanos, settings.ttl);
        set(&self.stale_nanos, settings.stale);
        let [permanent, transient, overloaded] = &self.negative_nanos;
        set(permanent, settings.negative.permanent);
        set(transient, settings.negative.transient);
        set(overloaded, settings.negative.overloaded);
        set(&self.wait_nanos, settings.wait);
        set(&self.refresh_pause_nanos, settings.refresh_pause);
    }

    pub(super) fn load(&self) -> Settings {
        let negative = |class| Duration::from_nanos(self.negative_nanos(class));
        Settings {
            ttl: Duration::from_nanos(self.ttl_nanos()),
            stale: Duration::from_nanos(self.stale_nanos()),
            negative: Negative {
                permanent: negative(Class::Permanent),
                transient: negative(Class::Transient),
                overloaded: negative(Class::Overloaded),
            },
            wait: self.wait(),
            refresh_pause: self.refresh_pause(),
            capacity: self.capacity,
        }
    }

    #[inline]
    pub(super) fn ttl_nanos(&self) -> u64 {
        self.ttl_nanos.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn stale_nanos(&self) -> u64 {
        self.stale_nanos.load(Ordering::Relaxed)
    }

    pub(super) fn negative_nanos(&self, class: Class) -> u64 {
        let [permanent, transient, overloaded] = &self.negative_nanos;
        match class {
            Class::Permanent => permanent.load(Ordering::Relaxed),
            Class::Transient => transient.load(Ordering::Relaxed),
            Class::Overloaded => overloaded.load(Ordering::Relaxed),
            Class::Cancelled => 0,
        }
    }

    pub(super) fn wait(&self) -> Duration {
        Duration::from_nanos(self.wait_nanos.load(Ordering::Relaxed))
    }

    pub(super) fn refresh_pause(&self) -> Duration {
        Duration::from_nanos(self.refresh_pause_nanos.load(Ordering::Relaxed))
    }
}
