//! The steps of a call where the feature `record` is off: nothing is written down.

use super::Call;
use super::degrade::Seen;

/// A step that nobody looks at.
pub(super) struct Turn;

impl<E> Call<'_, E> {
    #[inline]
    pub(super) fn turn(&self) -> Turn {
        Turn
    }

    #[inline]
    pub(super) fn takes_turns(&self) -> bool {
        false
    }

    pub(super) fn tell_request_begins(&self, _: usize) {}

    pub(super) fn looked_then(&self) -> Option<Seen> {
        None
    }

    pub(super) fn draw(&self) -> u64 {
        self.policy.randomness.draw()
    }
}
