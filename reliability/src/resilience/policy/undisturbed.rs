//! The steps of a call where the feature `chaos` is off: nothing stands in for the work.

use core::time::Duration;

use super::call::Call;
use super::inner::Inner;
use crate::error::{Failure, Rejected};

impl<E> Call<'_, E> {
    pub(super) fn refused(&self, rejected: Rejected) -> Failure<E> {
        Failure::Rejected(rejected)
    }

    pub(super) fn disturb_request(&mut self) -> Result<Option<Duration>, Failure<E>> {
        Ok(None)
    }

    pub(super) fn disturb_first_request(&mut self) -> Result<Option<Duration>, Failure<E>> {
        Ok(None)
    }
}

impl Inner {
    pub(super) fn steps_of_hedged_attempt(&self) -> usize {
        self.steps.len()
    }
}
