//! What a call is told about itself before its first attempt.

use super::call::{Call, Phase};
use super::key::IdempotencyKey;
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::rate_limit::KeyHash;

impl<E> Call<'_, E> {
    /// Gives the call a key that every attempt's body sees as [`IdempotencyKey::current`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::{Failure, Rejected};
    /// use reliability::resilience::{Call, Classifier, IdempotencyKey, Policy, Retry};
    ///
    /// let policy = Policy::builder("orders").retry(Retry::standard()).build()?;
    /// let errors = Classifier::by_fault();
    /// let mut call =
    ///     Call::new(&policy, &errors).with_idempotency_key(IdempotencyKey::new("order-17"));
    /// let outcome: Result<_, Failure<Rejected>> =
    ///     call.attempt(async { Ok(IdempotencyKey::current()) }).await;
    /// assert_eq!(call.conclude(outcome).ok().flatten(), Some(IdempotencyKey::new("order-17")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.set_idempotency_key(key);
        self
    }

    /// Says how much the call matters where the policy has a
    /// [`concurrency_limit`](super::PolicyBuilder::concurrency_limit); critical if not said.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::{Failure, Rejected};
    /// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Priority};
    /// use reliability::resilience::{Call, Classifier, Policy};
    ///
    /// let limit = ConcurrencyLimit::standard("report");
    /// let policy = Policy::builder("report").concurrency_limit(limit).build()?;
    ///
    /// let classifier = Classifier::by_fault();
    /// let mut call = Call::new(&policy, &classifier).with_priority(Priority::Low);
    /// let outcome = call.attempt(async { Ok::<_, Rejected>(7) }).await;
    /// assert_eq!(call.conclude(outcome), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.set_priority(priority);
        self
    }

    /// Says whose call it is where the policy has a
    /// [`keyed_rate_limit`](super::PolicyBuilder::keyed_rate_limit), for all of its attempts. Calls
    /// that do not say it have one quota together, that of [`KeyHash::NONE`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::rate_limit::{KeyHash, KeyedRateLimit, Quota};
    /// use reliability::resilience::{Call, Classifier, Policy};
    ///
    /// let limit = KeyedRateLimit::builder("report").quota(Quota::per_hour(1)).build()?;
    /// let policy = Policy::builder("report").keyed_rate_limit(limit).build()?;
    ///
    /// let classifier = Classifier::by_fault();
    /// for (tenant, is_let_in) in [("acme", true), ("other", true), ("acme", false)] {
    ///     let mut call = Call::new(&policy, &classifier).with_rate_limit_key(KeyHash::of(tenant));
    ///     let outcome = call.attempt(async { Ok::<_, Rejected>(7) }).await;
    ///     assert_eq!(call.conclude(outcome).is_ok(), is_let_in, "{tenant}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn with_rate_limit_key(mut self, key: KeyHash) -> Self {
        self.set_rate_limit_key(key);
        self
    }

    #[inline]
    pub(in crate::resilience) fn set_priority(&mut self, priority: Priority) {
        self.priority = priority;
    }

    #[inline]
    pub(in crate::resilience) fn set_rate_limit_key(&mut self, key: KeyHash) {
        // Of nobody it is by itself: then there may be nothing more to the call.
        if key != KeyHash::NONE || self.more.is_some() {
            self.more().whose.set_hash(key);
        }
    }

    #[inline]
    pub(in crate::resilience) fn set_idempotency_key(&mut self, key: IdempotencyKey) {
        self.more().whose.set_key(key);
        self.has_something_to_drop();
    }

    #[inline]
    pub(super) fn has_something_to_drop(&mut self) {
        if self.phase == Phase::Over {
            self.phase = Phase::Finished;
        }
    }
}
