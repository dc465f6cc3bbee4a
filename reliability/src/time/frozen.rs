//! The time that a step sees while it is written down, or gone through again.

use core::cell::Cell;

use super::Instant;

std::thread_local! {
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
    static AGAIN: Cell<bool> = const { Cell::new(false) };
}

/// What precise clocks show on this thread, if time stands still here.
#[inline]
pub(crate) fn now() -> Option<Instant> {
    NOW.get()
}

/// Lets precise clocks of this thread show that time until the guard is dropped.
pub(crate) fn freeze(now: Instant) -> Frozen {
    Frozen { outer: NOW.replace(Some(now)) }
}

#[derive(Debug)]
#[must_use = "time goes on as soon as the guard is dropped"]
pub(crate) struct Frozen {
    outer: Option<Instant>,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        NOW.set(self.outer);
    }
}

/// Whether what happens on this thread has happened before: timers fire by the frozen time.
pub(crate) fn is_again() -> bool {
    AGAIN.get()
}

/// Goes through something again on this thread, until the guard is dropped.
pub(crate) fn again() -> Again {
    Again { outer: AGAIN.replace(true) }
}

#[derive(Debug)]
#[must_use = "it ends as soon as the guard is dropped"]
pub(crate) struct Again {
    outer: bool,
}

impl Drop for Again {
    fn drop(&mut self) {
        AGAIN.set(self.outer);
    }
}
