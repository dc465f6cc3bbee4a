//! What the work finds out about its call while it is polled: deadline and idempotency key.

use core::task::Poll;
use core::time::Duration;

use super::call::{Call, Phase, Unwinding};
use super::key::{self, IdempotencyKey};
use crate::time::{Entered, Scope};

/// The scopes that the work is polled in; dropping it ends them.
struct Inside {
    scope: Option<Entered>,
    _key: Option<key::Entered>,
}

impl<E> Call<'_, E> {
    /// Polls the work inside the scopes that it can ask for: deadline and idempotency key.
    // Always: the work is polled here, and the policy of most calls has neither.
    #[inline(always)]
    pub(super) fn poll_work<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let is_plain = self.policy.is_plain && self.more.is_none();
        let inside = if is_plain { None } else { Some(self.enter(self.policy.deadline_nanos())) };
        let unwinding = Unwinding(&mut self.phase);
        let result = poll();
        core::mem::forget(unwinding);
        // Nobody looks at it meanwhile. Afterwards it need not be written for a call that ends well.
        self.phase = Phase::Working;
        if let Some(inside) = &inside {
            self.note_deadline(inside);
        }
        result
    }

    /// Polls the fallback inside the same scopes, but under the deadline only if that covers it.
    pub(super) fn poll_fallback<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let covered = self.policy.deadline_covers_fallback();
        let deadline = if covered { self.policy.deadline_nanos() } else { None };
        let inside = self.enter(deadline);
        let result = poll();
        self.note_deadline(&inside);
        result
    }

    #[inline]
    fn enter(&self, deadline: Option<u64>) -> Inside {
        let key = self.more.as_ref().and_then(|more| more.whose.key());
        Inside {
            scope: deadline.map(|deadline| self.scope(deadline).enter()),
            _key: key.map(IdempotencyKey::enter),
        }
    }

    /// The deadline may have begun in code that was polled.
    // By reference: moved out of here, the scopes would be copied.
    #[inline]
    fn note_deadline(&mut self, inside: &Inside) {
        if let Some(started) = inside.scope.as_ref().and_then(Entered::started) {
            self.times_mut().deadline_started.get_or_insert(started);
        }
    }

    #[inline]
    fn scope(&self, deadline: u64) -> Scope {
        match self.times().and_then(|times| times.deadline_started) {
            Some(started) => {
                let deadline = Duration::from_nanos(deadline);
                Scope::current().until(started.saturating_add(deadline))
            }
            None => Scope::current().within_nanos(deadline),
        }
    }
}
