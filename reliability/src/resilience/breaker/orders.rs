//! What an operator orders, whatever the state.

use super::circuit::circuit::{Closed, Disabled, ForcedOpen, HalfOpen, Open};
use super::circuit::{Circuit, Seen};
use super::engine::Engine;
use crate::sync::atomic::Ordering;

impl Engine {
    pub(super) fn force_open(&self) {
        self.insist(|seen| match seen.machine() {
            Circuit::Closed { .. } => self.go::<Closed, _>(seen, ForcedOpen),
            Circuit::Open { .. } => self.go::<Open, _>(seen, ForcedOpen),
            Circuit::HalfOpen { .. } => self.go::<HalfOpen, _>(seen, ForcedOpen),
            Circuit::ForcedOpen => Ok(seen),
            Circuit::Disabled => self.go::<Disabled, _>(seen, ForcedOpen),
        });
    }

    pub(super) fn disable(&self) {
        self.insist(|seen| match seen.machine() {
            Circuit::Closed { .. } => self.go::<Closed, _>(seen, Disabled),
            Circuit::Open { .. } => self.go::<Open, _>(seen, Disabled),
            Circuit::HalfOpen { .. } => self.go::<HalfOpen, _>(seen, Disabled),
            Circuit::ForcedOpen => self.go::<ForcedOpen, _>(seen, Disabled),
            Circuit::Disabled => Ok(seen),
        });
    }

    pub(super) fn reset(&self) {
        self.insist(|seen| self.close(seen, Closed::EMPTY));
        self.tally.trips.store(0, Ordering::Relaxed);
    }

    pub(super) fn metrics_only(&self) {
        self.insist(|seen| match seen.get::<Closed>() {
            Some(closed) => self.cell.update(seen, Closed { observing: true, ..closed }),
            None => self.close(seen, Closed { observing: true, ..Closed::EMPTY }),
        });
    }

    /// Forgets all calls, if any are remembered.
    pub(super) fn empty_window(&self) {
        self.insist(|seen| match seen.get::<Closed>() {
            Some(closed) => self.restart(seen, closed),
            None => Ok(seen),
        });
    }

    fn close(&self, seen: Seen, closed: Closed) -> Result<Seen, Seen> {
        match seen.machine() {
            Circuit::Closed { .. } => self.go::<Closed, _>(seen, closed),
            Circuit::Open { .. } => self.go::<Open, _>(seen, closed),
            Circuit::HalfOpen { .. } => self.go::<HalfOpen, _>(seen, closed),
            Circuit::ForcedOpen => self.go::<ForcedOpen, _>(seen, closed),
            Circuit::Disabled => self.go::<Disabled, _>(seen, closed),
        }
    }

    /// Tries until nobody comes in between.
    fn insist(&self, attempt: impl Fn(Seen) -> Result<Seen, Seen>) {
        let mut seen = self.cell.load();
        while let Err(found) = attempt(seen) {
            seen = found;
        }
    }
}
