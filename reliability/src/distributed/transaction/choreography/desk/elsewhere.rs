//! What is left to programs of another version, in a way that one of them gets it.
//!
//! The programs of a participant are woken by the same things, so the one that does not know what there
//! is to do would come first as often as not; and where they ask in the same rhythm, each time. So it
//! gives back at once what it sees for the first time, and lets the others go first from then on. What
//! comes to it all the same is known to nobody now, and rests.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use core::time::Duration;
use std::time::SystemTime;

use super::Desk;
use crate::distributed::transaction::saga::Saga;
use crate::journal::Sequence;
use crate::sync::Mutex;

/// How much later than others one comes who has left something to them: longer than they take to hear of
/// it, and short enough that nobody minds.
const STEP_BACK: Duration = Duration::from_millis(10);
/// For how long; and how long a full list of what was left stays as it is.
const POLITE: Duration = Duration::from_secs(60);
/// How long something rests that comes to those who do not know it, in milliseconds. Not always the same,
/// so that it does not become due whenever the same program asks.
const REST_MS: core::ops::RangeInclusive<u64> = 2_500..=5_000;
/// The most things of which is known that they were left to others: what comes beside them rests at once.
const MOST: usize = 1_000;

/// What was left to others.
#[derive(Debug)]
pub(super) struct Left(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How far each went when it was left.
    names: BTreeMap<String, Sequence>,
    /// When the first of them was left.
    first: Option<SystemTime>,
    last: Option<SystemTime>,
}

impl Left {
    /// Nothing yet.
    pub(super) fn nothing() -> Self {
        Self(Mutex::new(Kept::default()))
    }

    fn leave(&self, name: &str, upto: Sequence, now: SystemTime) -> Duration {
        let mut kept = self.0.lock();
        kept.last = Some(now);
        let known = kept.names.get(name).copied();
        let is_full = known.is_none() && kept.names.len() >= MOST;
        let age = kept.first.map(|first| now.duration_since(first).unwrap_or_default());
        // Made room for at once, as many would push each other out for ever, and none would rest.
        if known == Some(upto) || (is_full && age.is_some_and(|age| age < POLITE)) {
            return Duration::from_millis(fastrand::u64(REST_MS));
        }
        if is_full {
            kept.names.clear();
        }
        if kept.names.is_empty() {
            kept.first = Some(now);
        }
        kept.names.insert(name.to_string(), upto);
        Duration::ZERO
    }
}

impl<D: Saga> Desk<D> {
    /// Leaves a transaction or an event to others: for how long it rests. One that has grown since it
    /// was left is left anew, as the others may not have seen what has come.
    pub(in super::super) fn leave(&self, name: &str, upto: Sequence) -> Duration {
        self.left.leave(name, upto, self.room.clock.now())
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

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::format;

    use super::*;
    use crate::time::WallClock;

    const ZERO: Duration = Duration::ZERO;

    /// More than are remembered, and nobody who knows them: all but the first come back slowly.
    #[test]
    fn what_comes_beside_too_many_rests_and_they_are_forgotten_after_a_while() {
        let (left, now) = (&Left::nothing(), WallClock::system().now());
        let leave = |name: &str, now| left.leave(name, Sequence::new(1), now);
        let round = |now| (0..MOST + 500).map(move |it| leave(&format!("{it}"), now));
        let at_once = |now| round(now).filter(Duration::is_zero).count();
        assert_eq!([at_once(now), at_once(now), at_once(now + POLITE / 2)], [MOST, 0, 0]);
        assert!(round(now).all(|rest| rest >= Duration::from_millis(*REST_MS.start())));
        // Those that are there by now get the others at once as well, and that is it for another while.
        let later = now + POLITE;
        assert_eq!(leave("another", later), ZERO);
        assert_eq!([at_once(later), at_once(later)], [MOST - 1, 0]);
    }

    /// An event came: whoever knows what to do about it is not to wait until this program has rested.
    #[test]
    fn what_has_grown_is_left_anew() {
        let (left, now) = (Left::nothing(), WallClock::system().now());
        let leave = |upto| left.leave("order-1", Sequence::new(upto), now);
        assert_eq!(leave(1), ZERO);
        assert_ne!(leave(1), ZERO);
        assert_eq!(leave(2), ZERO);
        assert_ne!(leave(2), ZERO);
        // Forgotten, and begun once more.
        assert_eq!(leave(1), ZERO);
    }

    #[test]
    fn what_has_grown_is_left_anew_though_there_is_no_room_for_others() {
        let (left, now) = (Left::nothing(), WallClock::system().now());
        for it in 0..MOST {
            left.leave(&format!("{it}"), Sequence::new(1), now);
        }
        assert_eq!(left.leave("7", Sequence::new(2), now), ZERO);
        assert_ne!(left.leave("another", Sequence::new(2), now), ZERO);
    }
}
