use alloc::collections::VecDeque;
use core::time::Duration;

use crate::time::Instant;

/// How many restarts there may be within a period: the core of restarting, without clock or task.
#[derive(Debug)]
pub(super) struct Intensity {
    most: usize,
    within: Duration,
    /// Of the restarts within the period, oldest first; never more than `most`.
    recent: VecDeque<Instant>,
}

impl Intensity {
    pub(super) fn new(most: u32, within: Duration) -> Self {
        let most = most as usize;
        Self { most, within, recent: VecDeque::with_capacity(most) }
    }

    /// Whether one more is within bounds; counts it if it is.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        while let Some(oldest) = self.recent.front()
            && now.saturating_duration_since(*oldest) >= self.within
        {
            self.recent.pop_front();
        }
        if self.recent.len() >= self.most {
            return false;
        }
        self.recent.push_back(now);
        true
    }
}
