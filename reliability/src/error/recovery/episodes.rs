use core::time::Duration;

use crate::sync::Mutex;

/// How often, and how long, things were degraded. Looked at when that begins and ends, never by who
/// only asks for the level.
#[derive(Debug)]
pub(super) struct Episodes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    times: u64,
    ended_ms: u64,
    since_ms: Option<u64>,
}

impl Known {
    fn end(&mut self, at_ms: u64) {
        if let Some(since_ms) = self.since_ms.take() {
            self.ended_ms += at_ms.saturating_sub(since_ms);
        }
    }
}

impl Episodes {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Known::default()))
    }

    /// Does what may begin one, which answers with whether it has, and when one before it ended that
    /// nobody has noticed.
    pub(super) fn begin<T>(
        &self,
        now_ms: u64,
        raise: impl FnOnce() -> (T, bool, Option<u64>),
    ) -> T {
        let mut known = self.0.lock();
        let (answer, begun, ended_ms) = raise();
        if begun {
            known.end(ended_ms.unwrap_or(now_ms));
            known.times += 1;
            known.since_ms = Some(now_ms);
        }
        answer
    }

    /// One has ended, unless another one has begun meanwhile.
    pub(super) fn end(&self, at_ms: u64, is_normal: impl FnOnce() -> bool) {
        let mut known = self.0.lock();
        if is_normal() {
            known.end(at_ms);
        }
    }

    /// How many there were, and for how long, up to now.
    pub(super) fn so_far(&self, now_ms: u64) -> (u64, Duration) {
        let known = self.0.lock();
        let open_ms = known.since_ms.map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        (known.times, Duration::from_millis(known.ended_ms + open_ms))
    }
}
