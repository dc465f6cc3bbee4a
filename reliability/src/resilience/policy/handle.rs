use alloc::sync::{Arc, Weak};
use core::fmt;
use core::future::Future;

use super::builder::check_limits;
use super::inner::Inner;
use super::{Call, Classifier, Layer, Next, PolicyBuilder, Settings, Totals};
use crate::error::{Failure, Fault, Name, Rejected};
use crate::resilience::retry::Retrying;
use crate::resilience::{Breaker, Bulkhead, Invalid};
use crate::sync::HistogramSnapshot;

/// The loop that `#[resilient]` writes out in the annotated function. A macro here as well: each
/// `async fn` between the caller and the work would copy the future once more.
macro_rules! attempts {
    ($call:ident, $work:ident) => {
        loop {
            let outcome = $call.attempt($work()).await;
            match $call.judge(outcome) {
                Next::Done(result) => break result,
                Next::Again(pause) => pause.await,
            }
        }
    };
}

/// What stands around a call: an ordered list of layers and what they have learned.
///
/// Clones share everything. Written first means outermost; orders that are certainly a mistake are
/// refused by [`build`](PolicyBuilder::build).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::{Breaker, Bulkhead, Policy, Retry};
///
/// let policy = Policy::builder("price")
///     .deadline(Duration::from_secs(3))
///     .retry(Retry::attempts(4))
///     .breaker(Breaker::builder("price").build()?)
///     .bulkhead(Bulkhead::builder("price").concurrent(64).build()?)
///     .timeout(Duration::from_millis(800))
///     .build()?;
///
/// let price: u32 = policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
/// assert_eq!(price, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Policy {
    pub(super) inner: Arc<Inner>,
}

impl Policy {
    /// Begins a policy of that name. Names are for people and metrics; they need not be unique.
    pub fn builder(name: impl Into<Name>) -> PolicyBuilder {
        PolicyBuilder::new(name.into())
    }

    /// Makes the call: `work` makes the future of each attempt, which is polled once the attempt
    /// is admitted, and dropped unpolled if it is refused.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, or what became of the policy's [`Rejected`].
    ///
    /// # Panics
    ///
    /// When the work, or a pause, has to wait under a timer outside of a tokio runtime whose time
    /// driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// As [`Call`].
    pub fn call<T, E, F, Fut>(&self, work: F) -> impl Future<Output = Result<T, E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Rejected>,
    {
        self.call_classified(Classifier::by_fault(), work)
    }

    /// As [`call`](Policy::call), for an error type that does not say its class itself.
    ///
    /// # Errors
    ///
    /// As [`call`](Policy::call).
    ///
    /// # Cancel safety
    ///
    /// As [`Call`].
    pub async fn call_classified<T, E, F, Fut>(
        &self,
        classifier: Classifier<E>,
        mut work: F,
    ) -> Result<T, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Rejected>,
    {
        let mut call = Call::new(self, classifier);
        attempts!(call, work).map_err(Failure::into_error)
    }

    /// As [`call`](Policy::call), with another answer for when there is none.
    ///
    /// # Errors
    ///
    /// What `fallback` returns; or, for failures that it is not asked about, as
    /// [`call`](Policy::call).
    ///
    /// # Cancel safety
    ///
    /// As [`Call`], and as `fallback`'s own.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io;
    /// use std::time::Duration;
    /// use reliability::error::{Class, Fault, Rejected};
    /// use reliability::resilience::Policy;
    ///
    /// let policy = Policy::builder("price").timeout(Duration::from_millis(50)).build()?;
    /// let price = policy
    ///     .call_or(
    ///         || std::future::pending::<Result<u32, Rejected>>(),
    ///         |error| async move {
    ///             assert_eq!(error.class(), Class::Transient);
    ///             Ok(42)
    ///         },
    ///     )
    ///     .await?;
    /// assert_eq!(price, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_or<T, E, F, Fut, B, BFut>(&self, mut work: F, fallback: B) -> Result<T, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        B: FnOnce(E) -> BFut,
        BFut: Future<Output = Result<T, E>>,
        E: Fault + From<Rejected>,
    {
        let mut call = Call::new(self, Classifier::by_fault());
        match attempts!(call, work) {
            Err(failure) if call.wants_fallback(&failure) => {
                call.fall_back(fallback(failure.into_error())).await
            }
            result => result.map_err(Failure::into_error),
        }
    }

    /// The name that was given to it.
    pub fn name(&self) -> &Name {
        &self.inner.name
    }

    /// Its layers, outermost first.
    pub fn layers(&self) -> &[Layer] {
        &self.inner.layers
    }

    /// Its breaker, to inspect or to operate by hand.
    pub fn breaker(&self) -> Option<&Breaker> {
        self.inner.breaker()
    }

    /// Its bulkhead, to inspect or to operate by hand.
    pub fn bulkhead(&self) -> Option<&Bulkhead> {
        self.inner.bulkhead()
    }

    /// How often calls ended in which way.
    pub fn totals(&self) -> Totals {
        self.inner.signals.totals()
    }

    /// How long calls took, from the moment when they first had to wait; a call that never waited
    /// counts as less than a microsecond.
    pub fn latency(&self) -> HistogramSnapshot {
        self.inner.signals.latency()
    }

    /// What can be changed while it works, as it is now.
    pub fn settings(&self) -> Settings {
        let inner = &*self.inner;
        Settings {
            deadline: inner.deadline(),
            timeout: inner.timeout(),
            attempts: inner.retry.as_ref().map(Retrying::attempts_max),
            backoff: inner.retry.as_ref().map(Retrying::backoff),
            concurrent: inner.bulkhead().map(Bulkhead::concurrent),
            breaker: inner.breaker().map(Breaker::settings),
        }
    }

    /// Changes the settings. Calls under way go on; window, state and permits are kept.
    ///
    /// A breaker or bulkhead that is shared with other policies changes for them, too.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a value makes no sense, or a layer would have to be added or taken away.
    /// Then nothing has changed.
    pub fn reconfigure(&self, settings: &Settings) -> Result<(), Invalid> {
        self.check_layers(settings)?;
        let inner = &*self.inner;
        check_limits(&inner.name, settings.deadline, settings.timeout)?;
        if let (Some(attempts), Some(backoff)) = (settings.attempts, &settings.backoff) {
            Retrying::check(&inner.name, attempts, backoff)?;
        }
        self.reconfigure_guards(settings)?;
        if let (Some(retry), Some(attempts), Some(backoff)) =
            (&inner.retry, settings.attempts, settings.backoff)
        {
            retry.reconfigure(attempts, backoff);
        }
        inner.set_deadline(settings.deadline);
        inner.set_timeout(settings.timeout);
        Ok(())
    }

    /// The bulkhead's limit is checked before the breaker changes, and set after it: were it put
    /// back instead, it would have let calls in meanwhile.
    fn reconfigure_guards(&self, settings: &Settings) -> Result<(), Invalid> {
        let bulkhead = self.bulkhead().zip(settings.concurrent);
        if let Some((bulkhead, concurrent)) = bulkhead {
            bulkhead.check_concurrent(concurrent)?;
        }
        if let Some((breaker, new)) = self.breaker().zip(settings.breaker.clone()) {
            breaker.reconfigure(|_| new)?;
        }
        match bulkhead {
            Some((bulkhead, concurrent)) => bulkhead.set_concurrent(concurrent),
            None => Ok(()),
        }
    }

    fn check_layers(&self, new: &Settings) -> Result<(), Invalid> {
        let now = self.settings();
        let kept = [
            ("deadline", now.deadline.is_some(), new.deadline.is_some()),
            ("timeout", now.timeout.is_some(), new.timeout.is_some()),
            ("attempts", now.attempts.is_some(), new.attempts.is_some()),
            ("backoff", now.backoff.is_some(), new.backoff.is_some()),
            ("concurrent", now.concurrent.is_some(), new.concurrent.is_some()),
            ("breaker", now.breaker.is_some(), new.breaker.is_some()),
        ];
        let words = |present: bool| if present { "present" } else { "absent" };
        match kept.into_iter().find(|(_, now, new)| now != new) {
            None => Ok(()),
            Some((setting, now, new)) => {
                Err(Invalid::new(self.name().clone(), setting, words(now), words(new))
                    .with_advice("layers are fixed when the policy is built"))
            }
        }
    }

    #[inline]
    pub(in crate::resilience) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn downgrade(&self) -> WeakPolicy {
        WeakPolicy(Arc::downgrade(&self.inner))
    }
}

/// A policy that is listed but not kept alive.
pub(crate) struct WeakPolicy(Weak<Inner>);

impl WeakPolicy {
    pub(crate) fn upgrade(&self) -> Option<Policy> {
        self.0.upgrade().map(|inner| Policy { inner })
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Policy");
        debug.field("name", self.name()).field("layers", &self.layers());
        debug.field("settings", &self.settings()).field("totals", &self.totals());
        if let Some(breaker) = self.breaker() {
            debug.field("breaker", breaker);
        }
        if let Some(bulkhead) = self.bulkhead() {
            debug.field("bulkhead", bulkhead);
        }
        debug.finish()
    }
}
