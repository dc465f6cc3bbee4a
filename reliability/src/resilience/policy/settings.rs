use core::time::Duration;

use super::builder::check_limits;
use super::inner::Inner;
use super::{Layer, Policy};
#[cfg(feature = "chaos")]
use crate::resilience::chaos;
use crate::resilience::degrade::{self, Around, Degrading};
use crate::resilience::rate_limit::KeyedRateLimit;
use crate::resilience::retry::{self, Retrying};
use crate::resilience::timeout::Timeout;
use crate::resilience::{
    Breaker, Bulkhead, ConcurrencyLimit, Invalid, RateLimit, RetryBudget, breaker, bulkhead,
    concurrency_limit, hedge, rate_limit,
};

/// What can be changed while a [`Policy`](super::Policy) works.
///
/// Shown by [`Policy::settings`], changed by [`Policy::reconfigure`]. A field is `None` when the
/// policy has no such layer; layers cannot be added or taken away.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Policy;
///
/// # fn main() -> Result<(), reliability::resilience::Invalid> {
/// let policy = Policy::builder("price").timeout(Duration::from_millis(800)).build()?;
///
/// policy.reconfigure(|settings| settings.timeout = Some(Duration::from_millis(500).into()))?;
/// assert_eq!(policy.settings().timeout, Some(Duration::from_millis(500).into()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The time that the whole call may take.
    pub deadline: Option<Duration>,
    /// The time that one attempt may take.
    pub timeout: Option<Timeout>,
    /// What is done less of while a degradation is raised.
    pub degrade: Option<degrade::Settings>,
    /// How many attempts there are, and the pause between them.
    pub retry: Option<retry::Settings>,
    /// What retries and hedges are taken from.
    pub retry_budget: Option<retry::BudgetSettings>,
    /// When a second request is sent, and how many.
    pub hedge: Option<hedge::Settings>,
    /// When the breaker opens, and for how long.
    pub breaker: Option<breaker::Settings>,
    /// How many calls may pass in how much time, and how long others wait.
    pub rate_limit: Option<rate_limit::Settings>,
    /// How the limit of calls at once is found, and what it stays within.
    pub concurrency_limit: Option<concurrency_limit::Settings>,
    /// How many calls may run at once, and how long others wait.
    pub bulkhead: Option<bulkhead::Settings>,
    /// How often what is injected, while it is switched on.
    #[cfg(feature = "chaos")]
    pub chaos: Option<chaos::Settings>,
    /// For how long answers are kept.
    #[cfg(feature = "cache")]
    pub cache: Option<crate::resilience::cache::Settings>,
}

impl Policy {
    /// What can be changed while it works, as it is now.
    pub fn settings(&self) -> Settings {
        let inner = &*self.inner;
        Settings {
            deadline: inner.deadline(),
            timeout: inner.recent.timeout.rule().as_ref().map(Timeout::of_rule),
            degrade: inner.degrade().map(Degrading::settings),
            retry: inner.retry.as_ref().map(Retrying::settings),
            retry_budget: inner.budget().map(RetryBudget::settings),
            hedge: inner.hedge.as_ref().and_then(|it| it.settings(&inner.recent.hedge_after)),
            breaker: inner.breaker().map(Breaker::settings),
            rate_limit: inner
                .rate_limit()
                .map(RateLimit::settings)
                .or_else(|| inner.keyed_rate_limit().map(KeyedRateLimit::settings))
                .or_else(|| inner.shared_rate_limit_settings()),
            concurrency_limit: inner.concurrency_limit().map(ConcurrencyLimit::settings),
            bulkhead: inner.bulkhead().map(Bulkhead::settings),
            #[cfg(feature = "chaos")]
            chaos: inner.chaos().map(chaos::Chaos::settings),
            #[cfg(feature = "cache")]
            cache: inner.cache.as_ref().map(crate::resilience::Cache::settings),
        }
    }

    /// Changes settings. Calls under way go on; window, state and permits are kept.
    ///
    /// A breaker, limit, bulkhead, cache, chaos or budget that is shared with other policies changes
    /// for them, too.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a value makes no sense, or a layer would have to be added or taken away.
    /// Then nothing has changed.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    /// Whether the policy, and each of its layers, can work with these settings. Everything is
    /// checked before anything changes: what was put back would have let calls in meanwhile.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        self.check_layers(settings)?;
        let inner = &*self.inner;
        check_limits(&inner.name, settings.deadline, settings.timeout.as_ref())?;
        if let Some((degrading, settings)) = inner.degrade().zip(settings.degrade.as_ref()) {
            degrading.check(settings, Around::new(&inner.name, &inner.layers))?;
        }
        if let Some(retry) = &settings.retry {
            Retrying::check(&inner.name, retry)?;
        }
        if let Some((budget, settings)) = inner.budget().zip(settings.retry_budget.as_ref()) {
            budget.check(settings)?;
        }
        if let Some(hedge) = &settings.hedge {
            hedge.check(&inner.name)?;
        }
        if let Some((breaker, settings)) = inner.breaker().zip(settings.breaker.as_ref()) {
            breaker.check(settings)?;
        }
        if let Some((limit, settings)) = inner.rate_limit().zip(settings.rate_limit.as_ref()) {
            limit.check_settings(settings)?;
        }
        let limit = inner.keyed_rate_limit().zip(settings.rate_limit.as_ref());
        if let Some((limit, settings)) = limit {
            limit.check_settings(settings)?;
        }
        #[cfg(all(feature = "redis", not(reliability_loom)))]
        if let Some((limit, new)) = inner.shared_rate_limit().zip(settings.rate_limit.as_ref()) {
            limit.check_settings(new)?;
        }
        let limit = inner.concurrency_limit().zip(settings.concurrency_limit.as_ref());
        if let Some((limit, settings)) = limit {
            limit.check(settings)?;
        }
        if let Some((bulkhead, settings)) = inner.bulkhead().zip(settings.bulkhead.as_ref()) {
            bulkhead.check(settings)?;
        }
        #[cfg(feature = "chaos")]
        if let Some((chaos, new)) = inner.chaos().zip(settings.chaos.as_ref()) {
            let bounded = settings.deadline.is_some() || settings.timeout.is_some();
            super::chaos::check_hang(&inner.name, new, bounded)?;
            chaos.check(new)?;
        }
        #[cfg(feature = "cache")]
        if let Some((cache, settings)) = inner.cache.as_ref().zip(settings.cache.as_ref()) {
            cache.check(settings)?;
        }
        Ok(())
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        let inner = &*self.inner;
        if let Some((degrading, settings)) = inner.degrade().zip(settings.degrade.as_ref()) {
            degrading.apply(settings);
        }
        if let Some(settings) = &settings.retry {
            inner.apply_retry(settings);
        }
        if let Some((budget, settings)) = inner.budget().zip(settings.retry_budget.as_ref()) {
            budget.apply(settings);
        }
        if let Some((breaker, settings)) = inner.breaker().zip(settings.breaker.as_ref()) {
            breaker.apply(settings);
        }
        if let Some((hedge, settings)) = inner.hedge.as_ref().zip(settings.hedge.as_ref()) {
            hedge.apply(settings, &inner.recent.hedge_after, &inner.recent.snapshot());
        }
        inner.set_deadline(settings.deadline);
        inner.recent.set_timeout(settings.timeout.as_ref().map(Timeout::rule));
        if let Some((limit, settings)) = inner.rate_limit().zip(settings.rate_limit.as_ref()) {
            limit.apply(settings);
        }
        let limit = inner.keyed_rate_limit().zip(settings.rate_limit.as_ref());
        if let Some((limit, settings)) = limit {
            limit.apply(settings);
        }
        #[cfg(all(feature = "redis", not(reliability_loom)))]
        if let Some((limit, new)) = inner.shared_rate_limit().zip(settings.rate_limit.as_ref()) {
            limit.apply(new);
        }
        let limit = inner.concurrency_limit().zip(settings.concurrency_limit.as_ref());
        if let Some((limit, settings)) = limit {
            limit.apply(settings);
        }
        if let Some((bulkhead, settings)) = inner.bulkhead().zip(settings.bulkhead.as_ref()) {
            bulkhead.apply(settings);
        }
        #[cfg(feature = "chaos")]
        if let Some((chaos, settings)) = inner.chaos().zip(settings.chaos.as_ref()) {
            chaos.apply(settings);
        }
        #[cfg(feature = "cache")]
        if let Some((cache, settings)) = inner.cache.as_ref().zip(settings.cache.as_ref()) {
            cache.apply(settings);
        }
    }

    fn check_layers(&self, new: &Settings) -> Result<(), Invalid> {
        let now = self.settings();
        let fixed = |what: &'static str, [now, new]: [bool; 2]| {
            let words = |is_there| if is_there { "present" } else { "absent" };
            let invalid = Invalid::new(self.name().clone(), what, words(now), words(new));
            Err(invalid.with_advice("layers are fixed when the policy is built"))
        };
        if let Some(layer) = Layer::ALL.into_iter().find(|it| now.has(*it) != new.has(*it)) {
            return fixed(layer.as_str(), [now.has(layer), new.has(layer)]);
        }
        let budgets = [&now, new].map(|settings| settings.retry_budget.is_some());
        if budgets[0] == budgets[1] { Ok(()) } else { fixed("retry_budget", budgets) }
    }
}

impl Inner {
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    fn shared_rate_limit_settings(&self) -> Option<rate_limit::Settings> {
        self.shared_rate_limit().map(|limit| limit.in_policy())
    }

    #[cfg(not(all(feature = "redis", not(reliability_loom))))]
    fn shared_rate_limit_settings(&self) -> Option<rate_limit::Settings> {
        None
    }
}

impl Settings {
    /// Whether there are settings of that layer. A fallback has none.
    fn has(&self, layer: Layer) -> bool {
        match layer {
            Layer::Fallback => false,
            #[cfg(feature = "cache")]
            Layer::Cache => self.cache.is_some(),
            #[cfg(not(feature = "cache"))]
            Layer::Cache => false,
            Layer::Deadline => self.deadline.is_some(),
            Layer::Degrade => self.degrade.is_some(),
            Layer::Retry => self.retry.is_some(),
            Layer::Breaker => self.breaker.is_some(),
            Layer::RateLimit => self.rate_limit.is_some(),
            Layer::ConcurrencyLimit => self.concurrency_limit.is_some(),
            Layer::Bulkhead => self.bulkhead.is_some(),
            Layer::Hedge => self.hedge.is_some(),
            Layer::Timeout => self.timeout.is_some(),
            #[cfg(feature = "chaos")]
            Layer::Chaos => self.chaos.is_some(),
            #[cfg(not(feature = "chaos"))]
            Layer::Chaos => false,
        }
    }
}
