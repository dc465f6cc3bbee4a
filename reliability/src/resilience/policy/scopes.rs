//! What the work finds out about its call while it is polled: deadline and idempotency key.

use core::task::Poll;
use core::time::Duration;

use super::call::{Call, Phase};
use super::key::{Entered as KeyEntered, IdempotencyKey};
use crate::time::{Entered as ScopeEntered, Instant, Scope};

/// The scopes around the work while it is polled; dropped as it unwinds, they end as well.
struct Inside {
    _key: Option<KeyEntered>,
    scope: Option<ScopeEntered>,
}

impl<E> Call<'_, E> {
    /// Polls the work inside the scopes that it can ask for: deadline and idempotency key.
    #[inline]
    pub(super) fn poll_work<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.phase = Phase::Polling;
        let result = self.poll_inside(self.policy.deadline(), poll);
        self.phase = Phase::Working;
        result
    }

    /// Polls the fallback inside the same scopes, but under the deadline only if that covers it.
    pub(super) fn poll_fallback<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let covered = self.policy.deadline_covers_fallback();
        let deadline = if covered { self.policy.deadline() } else { None };
        self.poll_inside(deadline, poll)
    }

    #[inline]
    fn poll_inside<T>(
        &mut self,
        deadline: Option<Duration>,
        poll: impl FnOnce() -> Poll<T>,
    ) -> Poll<T> {
        let has_key = self.more.as_ref().is_some_and(|more| more.key.is_some());
        let bare = deadline.is_none() && !has_key;
        let inside = if bare { None } else { Some(self.enter_scopes(deadline)) };
        let result = poll();
        if let Some(inside) = inside {
            self.leave_scopes(inside);
        }
        result
    }

    #[inline]
    fn enter_scopes(&self, deadline: Option<Duration>) -> Inside {
        let key = self.more.as_ref().and_then(|more| more.key.as_ref());
        Inside {
            _key: key.map(IdempotencyKey::enter),
            scope: deadline.map(|deadline| self.scope(deadline).enter()),
        }
    }

    #[inline]
    fn leave_scopes(&mut self, inside: Inside) {
        if let Some(scope) = inside.scope {
            self.note_deadline(scope.leave());
        }
    }

    /// The deadline began in code that was polled.
    #[inline]
    fn note_deadline(&mut self, started: Option<Instant>) {
        if let Some(started) = started {
            self.times_mut().deadline_started.get_or_insert(started);
        }
    }

    #[inline]
    fn scope(&self, deadline: Duration) -> Scope {
        match self.times().and_then(|times| times.deadline_started) {
            Some(started) => Scope::current().until(started.saturating_add(deadline)),
            None => Scope::current().within(deadline),
        }
    }
}
