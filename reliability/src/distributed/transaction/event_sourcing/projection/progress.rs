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
    /// How many events were taken in since this projector was made.
    pub applied: u64,
    /// How many events are parked.
    pub parked: usize,
    /// How old the last record that was looked at was then; nothing when all have been.
    pub lag: Duration,
    /// Whether there was nothing left to look at.
    pub is_caught_up: bool,
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
