use crate::time::Instant;

/// How many there are per minute lately: a sum in which each occurrence counts less the older it is.
///
/// Its weight falls to 1/e within a minute, so that a steady stream of n per minute settles at n, and
/// one that stops is below a tenth of it after 2.3 minutes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    sum: f64,
    at: Instant,
}

const MEMORY_SECONDS: f64 = 60.0;

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self { sum: 0.0, at: now }
    }

    pub(super) fn count(&mut self, now: Instant) {
        self.sum = self.per_minute(now) + 1.0;
        self.at = self.at.max(now);
    }

    pub(super) fn per_minute(&self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.at).as_secs_f64();
        self.sum * (-age / MEMORY_SECONDS).exp()
    }
}
