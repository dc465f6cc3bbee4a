use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::inner::{Inner, Parts};
use super::layer::check_order;
use super::randomness::Randomness;
use super::step::Step;
use super::{Layer, Policy};
use crate::error::{ErrorMonitor, Name};
#[cfg(feature = "cache")]
use crate::resilience::Cache;
#[cfg(feature = "chaos")]
use crate::resilience::Chaos;
use crate::resilience::degrade::{Around, Degrade, Degrading};
use crate::resilience::rate_limit::{KeyHash, KeyedRateLimit};
use crate::resilience::retry::{Retry, Retrying};
use crate::resilience::timeout::Timeout;
use crate::resilience::{
    Breaker, Bulkhead, ConcurrencyLimit, Hedge, Invalid, RateLimit, RetryBudget, registry,
};

/// Makes a [`Policy`]; the order of the calls is the order of the layers, outermost first.
///
/// See [`Policy`] for an example.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::recovery::Degradation;
/// use reliability::resilience::degrade::{Degrade, Measures};
/// use reliability::resilience::rate_limit::{Quota, RateLimit};
/// use reliability::resilience::{Breaker, Bulkhead, ConcurrencyLimit, Hedge, Policy, Retry};
///
/// let overloaded = Degradation::standard("shop");
/// let policy = Policy::builder("price")
///     .fallback()
///     .deadline(Duration::from_secs(3))
///     .degrade(Degrade::when(&overloaded, Measures::none().without_retries()))
///     .retry(Retry::attempts(3))
///     .rate_limit(RateLimit::builder("price").quota(Quota::per_second(100)).build()?)
///     .breaker(Breaker::standard("price"))
///     .concurrency_limit(ConcurrencyLimit::standard("price"))
///     .bulkhead(Bulkhead::standard("price"))
///     .hedge(Hedge::standard())
///     .timeout(Duration::from_millis(500))
///     .seed(7)
///     .build()?;
/// assert_eq!(policy.layers().len(), 10);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct PolicyBuilder {
    name: Name,
    layers: Vec<Layer>,
    /// What the layers let calls in by, in the same order.
    steps: Vec<Step>,
    deadline: Option<Duration>,
    retry: Option<Retry>,
    hedge: Option<Hedge>,
    timeout: Option<Timeout>,
    seed: Option<u64>,
    may_be_empty: bool,
    monitor: Option<ErrorMonitor>,
    #[cfg(feature = "cache")]
    cache: Option<Cache>,
}

impl PolicyBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            layers: Vec::new(),
            steps: Vec::new(),
            deadline: None,
            retry: None,
            hedge: None,
            timeout: None,
            seed: None,
            may_be_empty: false,
            monitor: None,
            #[cfg(feature = "cache")]
            cache: None,
        }
    }

    /// The place of the fallback that is given to [`Policy::call_or`]; outermost if not said.
    pub fn fallback(mut self) -> Self {
        self.layers.push(Layer::Fallback);
        self
    }

    /// Answers with what is kept from before; for [`Policy::call_cached`]. A cache may be shared by
    /// several policies: those of the same question.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self.layers.push(Layer::Cache);
        self
    }

    /// The time that the whole call may take: attempts, pauses, waits. Above zero.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self.layers.push(Layer::Deadline);
        self
    }

    /// Does less while a [`Degradation`](crate::error::recovery::Degradation) is raised: fewer attempts,
    /// fewer calls at once, fewer calls at all.
    ///
    /// What is done for a call is decided once, when it comes in. Calls that are kept out are refused
    /// with [`Reason::Degraded`](crate::error::Reason::Degraded), which the `fallback` answers.
    pub fn degrade(self, degrade: Degrade) -> Self {
        self.step(Step::Degrade(Box::new(Degrading::new(degrade))))
    }

    /// More attempts. The work must bear repetition.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self.layers.push(Layer::Retry);
        self
    }

    /// Leaves a dependency alone that fails. A breaker may be shared by several policies.
    pub fn breaker(self, breaker: Breaker) -> Self {
        self.step(Step::Breaker(breaker))
    }

    /// Lets so many calls pass in so much time. A rate limit may be shared by several policies, and
    /// says by its [`wait`](crate::resilience::rate_limit::RateLimitBuilder::wait) whether calls
    /// that come too early are refused or wait for their turn.
    pub fn rate_limit(self, limit: RateLimit) -> Self {
        self.step(Step::RateLimit(limit))
    }

    /// Lets so many calls pass in so much time, for each key by itself: for each tenant, address or
    /// endpoint. It stands where a [`rate_limit`](Self::rate_limit) would, and a policy has one of
    /// the two.
    ///
    /// Whose a call is, it says by [`Call::with_rate_limit_key`](super::Call::with_rate_limit_key)
    /// or, in a service, by the layer's
    #[cfg_attr(
        feature = "tower",
        doc = "[`rate_limit_key`](crate::resilience::tower::PolicyLayer::rate_limit_key)."
    )]
    #[cfg_attr(not(feature = "tower"), doc = "`rate_limit_key`.")]
    /// Calls that do not say it, such as those of [`Policy::call`], have one quota together, as if
    /// they were all of one key: nobody passes without being counted.
    pub fn keyed_rate_limit(self, limit: KeyedRateLimit<KeyHash>) -> Self {
        self.step(Step::KeyedRateLimit(limit))
    }

    /// Bounds how many calls run at once by what the dependency turns out to bear. A limit may be
    /// shared by several policies.
    ///
    /// What the limit learns by is how long the work of an attempt takes, once it has to wait: an
    /// attempt that is ready at once is not timed, and says nothing about load.
    pub fn concurrency_limit(self, limit: ConcurrencyLimit) -> Self {
        self.step(Step::ConcurrencyLimit(limit))
    }

    /// Bounds how many calls run at once. A bulkhead may be shared by several policies.
    pub fn bulkhead(self, bulkhead: Bulkhead) -> Self {
        self.step(Step::Bulkhead(bulkhead))
    }

    /// Sends the request a second time where the first is late. The work must bear repetition, and
    /// two of it at once.
    ///
    /// It stands inside of everything that lets calls in, since a hedge belongs to the attempt that
    /// it helps. A `timeout` inside of it is that of each request, outside of it that of all together.
    /// With `retry`, both draw on one budget: the one that is written there, or else one with the
    /// defaults of [`RetryBudget`].
    pub fn hedge(mut self, hedge: Hedge) -> Self {
        self.hedge = Some(hedge);
        self.layers.push(Layer::Hedge);
        self
    }

    /// The time that one attempt may take: above zero, or what attempts took lately, with
    /// [`Timeout::adaptive`].
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.timeout = Some(timeout.into());
        self.layers.push(Layer::Timeout);
        self
    }

    /// Injects faults into attempts while it is switched on. A chaos may be shared by several
    /// policies. It is the innermost layer, because it stands in for the dependency; one that hangs
    /// wants a timeout or a deadline around it.
    #[cfg(feature = "chaos")]
    pub fn chaos(self, chaos: Chaos) -> Self {
        self.step(Step::Chaos(chaos))
    }

    /// For `chaos(..)` in an attribute, where the feature is off: a policy may be left without layers.
    #[cfg(not(feature = "chaos"))]
    pub(crate) fn without_chaos(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Shows the errors of all attempts to a monitor, also of those that a retry makes good.
    ///
    /// Not what was refused before the work began: that comes in floods, and is counted by reason.
    /// Calls that go well pay nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use std::time::Duration;
    /// use reliability::error::{ErrorMonitor, Reason, Rejected};
    /// use reliability::resilience::Policy;
    ///
    /// let errors = ErrorMonitor::standard("shop");
    /// let policy =
    ///     Policy::builder("price").timeout(Duration::from_millis(5)).monitor(&errors).build()?;
    /// let hung = policy.call(std::future::pending::<Result<(), Rejected>>).await;
    /// assert!(hung.is_err());
    /// assert_eq!(errors.snapshot().groups[0].count, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitor(mut self, monitor: &ErrorMonitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    /// Draws jitter from a sequence that begins with this seed, so that a run can be had again.
    /// Without it, jitter is left to chance.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(super) fn step(mut self, step: Step) -> Self {
        self.layers.push(step.layer());
        self.steps.push(step);
        self
    }

    /// The policy, listed in the [`registry`] as long as a clone of it lives.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the name is empty, there is no layer, a layer is given twice or in an order
    /// that is certainly a mistake, a duration is zero, the timeout is not shorter than the deadline,
    /// or a chaos hangs calls that nothing would end; and when a file of settings that is in force has
    /// some for this name that it cannot work with.
    pub fn build(self) -> Result<Policy, Invalid> {
        let policy = self.build_unlisted()?;
        registry::list(&policy);
        registry::lay_over(&policy, None)?;
        Ok(policy)
    }

    /// As [`build`](Self::build), for a policy that the registry finds by its declaration.
    pub(crate) fn build_unlisted(self) -> Result<Policy, Invalid> {
        if self.name.trim().is_empty() {
            let got = alloc::format!("`{}`", self.name);
            return Err(Invalid::new(self.name, "name", "a name", got)
                .with_advice("refusals, events and the registry tell policies apart by it"));
        }
        if self.layers.is_empty() && !self.may_be_empty {
            return Err(Invalid::new(self.name, "policy", "at least one layer", "empty")
                .with_advice("add a layer, such as `.timeout(Duration::from_secs(1))`"));
        }
        check_order(&self.name, &self.layers)?;
        check_limits(&self.name, self.deadline, self.timeout.as_ref())?;
        #[cfg(feature = "chaos")]
        let bounded = self.deadline.is_some() || self.timeout.is_some();
        #[cfg(feature = "chaos")]
        for step in &self.steps {
            if let Step::Chaos(chaos) = step {
                super::chaos::check_hang(&self.name, &chaos.settings(), bounded)?;
            }
        }
        check_degrade(&self.name, &self.layers, &self.steps)?;
        let (retry, hedge) = with_one_budget(&self.name, self.retry, self.hedge)?;
        let retry = retry.map(|retry| Retrying::new(&self.name, retry)).transpose()?;
        let mut steps = self.steps;
        let shared = hedge.as_ref().map(|(_, budget)| budget);
        if let Some(budget) = retry.as_ref().and_then(Retrying::budget).or(shared) {
            // In front of chaos, which stands in for the dependency.
            let last = steps.len() - usize::from(self.layers.last() == Some(&Layer::Chaos));
            steps.insert(last.min(steps.len()), Step::Earn(budget.clone()));
        }
        #[cfg(feature = "chaos")]
        if let Some(Step::Chaos(chaos)) = steps.last().filter(|_| !bounded) {
            // Others may have it as well, and change it.
            chaos.must_not_hang();
        }
        let inner = Inner::new(Parts {
            name: self.name,
            layers: self.layers,
            steps,
            retry,
            hedge,
            timeout: self.timeout,
            deadline: self.deadline,
            randomness: Randomness::new(self.seed),
            monitor: self.monitor,
            #[cfg(feature = "cache")]
            cache: self.cache,
        });
        Ok(Policy { inner: Arc::new(inner) })
    }
}

fn check_degrade(policy: &Name, layers: &[Layer], steps: &[Step]) -> Result<(), Invalid> {
    steps.iter().try_for_each(|step| match step {
        Step::Degrade(degrading) => {
            degrading.check(&degrading.settings(), Around::new(policy, layers))
        }
        _ => Ok(()),
    })
}

/// A hedge, and what it is taken from.
type Budgeted = (Hedge, RetryBudget);

/// Checks the hedge, and finds the budget that it shares with the retry.
fn with_one_budget(
    policy: &Name,
    retry: Option<Retry>,
    hedge: Option<Hedge>,
) -> Result<(Option<Retry>, Option<Budgeted>), Invalid> {
    let Some(hedge) = hedge else { return Ok((retry, None)) };
    hedge.check(policy)?;
    let written = retry.as_ref().and_then(Retry::own_budget);
    let budget = match (&retry, written, hedge.own_budget()) {
        (Some(_), _, Some(_)) => {
            let expected = "written on `retry`, for both";
            return Err(Invalid::new(policy.clone(), "budget", expected, "written on `hedge`")
                .with_advice("two budgets would let them add twice the load that each allows"));
        }
        (_, Some(budget), _) | (None, _, Some(budget)) => budget.clone(),
        (_, None, None) => RetryBudget::builder(policy.clone()).build()?,
    };
    Ok((retry.map(|retry| retry.budget(budget.clone())), Some((hedge, budget))))
}

/// Both above zero, and a timeout that can end an attempt before the deadline ends the call.
pub(super) fn check_limits(
    policy: &Name,
    deadline: Option<Duration>,
    timeout: Option<&Timeout>,
) -> Result<(), Invalid> {
    if deadline == Some(Duration::ZERO) {
        return Err(Invalid::new(policy.clone(), "deadline", "longer than zero", "0s"));
    }
    let Some(timeout) = timeout else { return Ok(()) };
    timeout.check(policy)?;
    let longest = timeout.longest();
    match deadline {
        Some(deadline) if longest >= deadline => {
            let expected = alloc::format!("shorter than the deadline of {deadline:?}");
            Err(Invalid::new(policy.clone(), "timeout", expected, alloc::format!("{longest:?}"))
                .with_advice("the deadline would end every attempt first"))
        }
        _ => Ok(()),
    }
}
