use core::time::Duration;

use tokio::sync::watch;

use crate::journal::Position;

/// How far a projection has come.
///
/// # Examples
///
/// See [`Projector`](super::Projector).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The place of the last record that was looked at.
    pub position: Position,
    /// The place of the last record of the journal when there was much to take in; `None` if nobody
    /// has asked for it, or the journal's store does not know.
    pub end: Option<Position>,
    /// How many events were taken in since this projector was made.
    pub applied: u64,
    /// How many events are parked.
    pub parked: usize,
    /// How old the last record that was looked at was then; nothing when all have been.
    pub lag: Duration,
    /// Whether there was nothing left to look at.
    pub is_caught_up: bool,
}

impl Progress {
    pub(super) const fn nothing() -> Self {
        let (position, end, lag) = (Position::START, None, Duration::ZERO);
        Self { position, end, applied: 0, parked: 0, lag, is_caught_up: false }
    }

    /// How much of the journal it has looked at, in percent: 100 when there is nothing left, and at
    /// most 99 before. It counts places, between which there may be gaps, so it is good for a bar
    /// that grows. `None` where the [`end`](Self::end) is not known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::event_sourcing::Progress;
    /// fn shown(progress: &Progress) -> String {
    ///     let applied = progress.applied;
    ///     match progress.percent() {
    ///         Some(percent) => format!("{percent} %, {applied} events"),
    ///         None => format!("{applied} events"),
    ///     }
    /// }
    /// ```
    pub fn percent(&self) -> Option<u8> {
        if self.is_caught_up {
            return Some(100);
        }
        let ((major, minor), (all, of)) = (self.position.parts(), self.end?.parts());
        // The first number is the same for all records, or that of the transaction that has written
        // them, and the second one counts them.
        let (done, all) = if of > 0 { (minor, of) } else { (major, all) };
        let percent = u128::from(done) * 100 / u128::from(all.max(1));
        Some(u8::try_from(percent).unwrap_or(99).min(99))
    }
}

/// Shows how far a projection comes while it works.
///
/// # Examples
///
/// See [`Projector`](super::Projector).
#[derive(Debug, Clone)]
pub struct ProgressWatch(pub(super) watch::Receiver<Progress>);

impl ProgressWatch {
    /// How far it has come.
    pub fn now(&self) -> Progress {
        *self.0.borrow()
    }

    /// Returns when it has come further; never again once the projector is gone.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Progress {
        if self.0.changed().await.is_err() {
            core::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }
}
