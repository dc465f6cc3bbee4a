//! A rate limit that several processes share, as a layer.

use alloc::string::String;
use core::task::{Context, Poll, ready};

use super::Policy;
use super::builder::PolicyBuilder;
use super::call::{Call, More};
use super::inner::Inner;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::step::{Step, Waiting};
use crate::error::Rejected;
use crate::resilience::rate_limit::redis::RedisRateLimit;

impl PolicyBuilder {
    /// Lets so many calls of several processes together pass in so much time: each call asks the
    /// server. It stands where a [`rate_limit`](Self::rate_limit) would, and a policy has one of them.
    ///
    /// Calls that come too early are refused, or wait for their turn with the limit's
    /// [`wait`](crate::resilience::rate_limit::redis::RedisRateLimitBuilder::wait). A deadline that is
    /// written outside covers the question and the wait. Each attempt asks, where the limit stands
    /// inside of `retry`.
    ///
    /// A call that says whose it is, by
    /// [`Call::with_shared_rate_limit_key`](super::Call::with_shared_rate_limit_key), is counted under
    /// that key, which has the whole quota; all others have one together. What a call says by
    /// [`Call::with_rate_limit_key`](super::Call::with_rate_limit_key) is a hash of this process's, and
    /// no word to the others: it does not count here.
    ///
    /// # Cancel safety
    ///
    /// Whoever drops a call that waits for its turn gives the turn back. One that is dropped before
    /// the server has answered may have spent its permit, and no more than that one.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::Policy;
    /// use reliability::resilience::rate_limit::Quota;
    /// use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
    ///
    /// // Nothing listens there, so that the process decides by its local quota.
    /// let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1:1/")
    ///     .quota(Quota::per_second(100))
    ///     .while_away(WhileAway::Local(Quota::per_hour(1)))
    ///     .build()?;
    /// let policy = Policy::builder("partner").shared_rate_limit(limit).build()?;
    ///
    /// assert_eq!(policy.call(async || Ok::<_, Rejected>(7)).await?, 7);
    /// assert!(policy.call(async || Ok::<_, Rejected>(7)).await.is_err());
    /// assert_eq!(policy.shared_rate_limit().map(RedisRateLimit::calls_away), Some(2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn shared_rate_limit(self, limit: RedisRateLimit) -> Self {
        self.step(Step::SharedRateLimit(limit))
    }
}

impl Policy {
    /// Its rate limit that several processes share, to inspect or to operate by hand.
    pub fn shared_rate_limit(&self) -> Option<&RedisRateLimit> {
        self.inner.shared_rate_limit()
    }
}

impl<E> Call<'_, E> {
    /// Says whose call it is where the policy has a
    /// [`shared_rate_limit`](super::PolicyBuilder::shared_rate_limit), for all of its attempts: the
    /// text stands in the key of the server. Calls that do not say it have one quota together.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::rate_limit::Quota;
    /// use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
    /// use reliability::resilience::{Call, Classifier, Policy};
    ///
    /// // Nothing listens there, so that the process decides by its local quota.
    /// let limit = RedisRateLimit::builder("report", "redis://127.0.0.1:1/")
    ///     .while_away(WhileAway::Local(Quota::per_hour(1)))
    ///     .build()?;
    /// let policy = Policy::builder("report").shared_rate_limit(limit).build()?;
    ///
    /// let classifier = Classifier::by_fault();
    /// let mut call = Call::new(&policy, &classifier).with_shared_rate_limit_key("acme");
    /// let outcome = call.attempt(async { Ok::<_, Rejected>(7) }).await;
    /// assert_eq!(call.conclude(outcome), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_shared_rate_limit_key(mut self, key: impl core::fmt::Display) -> Self {
        self.set_shared_rate_limit_key(alloc::format!("{key}"));
        self
    }

    pub(in crate::resilience) fn set_shared_rate_limit_key(&mut self, key: String) {
        self.more().whose.set_text(key);
        self.has_something_to_drop();
    }

    /// Asks the server, and waits for the turn that it names. Ready when the call is let in there.
    #[cold]
    pub(super) fn poll_shared_rate_limit(
        &mut self,
        limit: &RedisRateLimit,
        cx: &mut Context<'_>,
    ) -> Poll<Result<bool, Rejected>> {
        let answer = ready!(self.poll_asking(limit, cx));
        self.more().waiting = None;
        #[cfg(feature = "record")]
        self.tell(|_| EventKind::Answered {
            limited: answer.is_err(),
            retry_after: answer.as_ref().err().and_then(Rejected::retry_after),
        });
        answer?;
        self.step += 1;
        Poll::Ready(Ok(true))
    }

    fn poll_asking(
        &mut self,
        limit: &RedisRateLimit,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Rejected>> {
        let More { held, waiting, whose, .. } = self.more();
        let ask = || Waiting::SharedRateLimit(limit.ask_in_policy(whose.text()));
        let waiting = waiting.get_or_insert_with(ask);
        // What the server said then is a part of the recording, and nobody is asked again.
        #[cfg(feature = "record")]
        if crate::time::frozen::is_again() {
            return self.answered_then().map(|refused| match refused {
                None => Ok(()),
                Some(retry_after) => Err(limit.refused_then(retry_after)),
            });
        }
        waiting.poll(cx, held)
    }
}

impl Inner {
    pub(super) fn shared_rate_limit(&self) -> Option<&RedisRateLimit> {
        self.steps.iter().find_map(|step| match step {
            Step::SharedRateLimit(limit) => Some(limit),
            _ => None,
        })
    }
}
