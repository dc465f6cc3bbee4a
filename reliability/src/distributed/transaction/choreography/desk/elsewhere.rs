//! What is left to programs of another version, in a way that one of them gets it.
//!
//! The programs of a participant are woken by the same things, so the one that does not know what there
//! is to do would come first as often as not; and where they ask in the same rhythm, each time. So it
//! gives back at once what it sees for the first time, and lets the others go first from then on. What
//! comes to it all the same is known to nobody now, and rests.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use core::time::Duration;
use std::time::SystemTime;

use super::Desk;
use crate::distributed::transaction::saga::Saga;
use crate::sync::Mutex;

/// How much later than others one comes who has left something to them: longer than they take to hear of
/// it, and short enough that nobody minds.
const STEP_BACK: Duration = Duration::from_millis(10);
/// For how long.
const POLITE: Duration = Duration::from_secs(60);
/// How long something rests that comes to those who do not know it, in milliseconds. Not always the same,
/// so that it does not become due whenever the same program asks.
const REST_MS: core::ops::RangeInclusive<u64> = 2_500..=5_000;
/// The most things of which is known that they were left to others.
const MOST: usize = 1_000;

/// What was left to others.
#[derive(Debug)]
pub(super) struct Left(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    names: BTreeSet<String>,
    last: Option<SystemTime>,
}

impl Left {
    /// Nothing yet.
    pub(super) fn nothing() -> Self {
        Self(Mutex::new(Kept::default()))
    }
}

impl<D: Saga> Desk<D> {
    /// Leaves a transaction or an event to others: for how long it rests.
    pub(in super::super) fn leave(&self, name: &str) -> Duration {
        let mut kept = self.left.0.lock();
        kept.last = Some(self.room.clock.now());
        if kept.names.contains(name) {
            return Duration::from_millis(fastrand::u64(REST_MS));
        }
        if kept.names.len() >= MOST {
            kept.names.clear();
        }
        kept.names.insert(name.to_string());
        Duration::ZERO
    }

    /// Lets others go first, when something was left to them not long ago.
    pub(in super::super) async fn step_back(&self) {
        let last = self.left.0.lock().last;
        let since = last.map(|last| self.room.clock.now().duration_since(last).unwrap_or_default());
        if since.is_some_and(|since| since < POLITE) {
            tokio::time::sleep(STEP_BACK).await;
        }
    }
}
