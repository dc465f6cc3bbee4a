//! The switch of one chaos: a word that is zero while it is off.
//!
//! ```text
//!        switch_on                      now >= until
//!  off ─────────────▶ on (until) ──────────────────────▶ off
//!        (release)        │   switch_off                  ▲
//!                         └───────────────────────────────┘
//! ```

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::Instant;

/// On, with no end.
pub(super) const FOREVER: u64 = u64::MAX;
const OFF: u64 = 0;

#[derive(Debug)]
pub(super) struct Switch {
    /// 0 while off, else the instant until which it is on.
    until_nanos: AtomicU64,
}

/// How a look at the switch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Off,
    On,
    /// It was on, its time is over, and it is this look that found out.
    Expired,
}

impl Switch {
    pub(super) fn new() -> Self {
        Self { until_nanos: AtomicU64::new(OFF) }
    }

    /// All that an attempt pays while there is no chaos.
    #[inline]
    pub(super) fn is_off(&self) -> bool {
        self.until_nanos.load(Ordering::Relaxed) == OFF
    }

    /// On until that instant. True if it was off.
    ///
    /// Release, against the acquire in [`look`](Switch::look): whoever sees it on sees the settings
    /// with which it was switched on.
    pub(super) fn on_until(&self, until_nanos: u64) -> bool {
        self.until_nanos.swap(until_nanos.max(1), Ordering::Release) == OFF
    }

    /// True if it was on.
    pub(super) fn off(&self) -> bool {
        self.until_nanos.swap(OFF, Ordering::Relaxed) != OFF
    }

    /// Switches off what is over. One of those who find out is told.
    pub(super) fn look(&self, now: Instant) -> Look {
        let until = self.until_nanos.load(Ordering::Acquire);
        if until == OFF {
            return Look::Off;
        }
        if until == FOREVER || now.as_nanos() < until {
            return Look::On;
        }
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        // Whoever switched it on anew meanwhile is not to be undone.
        match self.until_nanos.compare_exchange(until, OFF, success, failure) {
            Ok(_) => Look::Expired,
            Err(_) => Look::Off,
        }
    }

    /// Whether it is on, without switching off what is over.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        match self.until_nanos.load(Ordering::Relaxed) {
            OFF => false,
            FOREVER => true,
            until => now.as_nanos() < until,
        }
    }
}
