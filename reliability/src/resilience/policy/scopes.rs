//! What the work finds out about its call while it is polled: deadline and idempotency key.

use core::task::Poll;
use core::time::Duration;

use super::call::{Call, Phase};
use super::key::IdempotencyKey;
use crate::time::{Instant, Scope};

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
        let key = self.more.as_ref().and_then(|more| more.key.as_ref());
        let _key = key.map(IdempotencyKey::enter);
        let scope = deadline.map(|deadline| self.scope(deadline).enter());
        let result = poll();
        if let Some(scope) = scope {
            self.note_deadline(scope.leave());
        }
        result
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
