//! The layers, with figures that no case comes near by itself.

use std::time::Duration;

use reliability::error::recovery::Degradation;
use reliability::resilience::concurrency_limit::Priority;
use reliability::resilience::degrade::{Degrade, Measures};
use reliability::resilience::rate_limit::Quota;
use reliability::resilience::timeout::Timeout;
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Cache, Chaos, ConcurrencyLimit, Hedge, Invalid, Jitter, Layer,
    Policy, PolicyBuilder, RateLimit, Retry, RetryBudget, breaker,
};
use reliability::sync::Quantile;

/// Thousandths of tokens that the budget holds when a call begins.
pub(super) const BUDGET: u64 = 5_000;
/// Permits of the rate limit; another one comes after 36 minutes.
pub(super) const PERMITS: u32 = 40;
/// Between two attempts.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// Until a hedge is sent.
pub(super) const HEDGE: Duration = Duration::from_secs(900);
/// What a call waits for anything.
pub(super) const LONG: Duration = Duration::from_secs(3_600);

/// Whether a policy takes the layers in this order.
pub(super) fn accepts(layers: &[Layer]) -> bool {
    policy(layers, Follows::Nothing).is_ok()
}

/// What the duration of `timeout` follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    Nothing,
    /// What attempts took lately.
    Latency,
}

/// A policy of these layers.
pub(super) fn policy(layers: &[Layer], follows: Follows) -> Result<Policy, Invalid> {
    let begin = Policy::builder("cancelled");
    layers.iter().fold(begin, |policy, layer| add(policy, *layer, follows)).build()
}

/// Adds the layer, with figures that no case comes near.
fn add(policy: PolicyBuilder, layer: Layer, follows: Follows) -> PolicyBuilder {
    match layer {
        Layer::Fallback => policy.fallback(),
        Layer::Deadline => policy.deadline(2 * LONG),
        Layer::Degrade => {
            // It is raised, so that each call goes the long way.
            let switch = Degradation::standard("cancelled");
            switch.raise();
            let measures = Measures::none().shed_below(Priority::Normal);
            policy.degrade(Degrade::when(&switch, measures))
        }
        Layer::Retry => policy.retry(retry()),
        Layer::Breaker => {
            let settings = breaker::Settings::standard().probes(1);
            policy.breaker(Breaker::builder("cancelled").settings(settings).build().unwrap())
        }
        Layer::Bulkhead => {
            let bulkhead = Bulkhead::builder("cancelled").concurrent(1).queue(5).wait(LONG);
            policy.bulkhead(bulkhead.build().unwrap())
        }
        Layer::Timeout if follows == Follows::Latency => {
            policy.timeout(Timeout::adaptive(Quantile::P99).min(LONG / 2).max(LONG))
        }
        Layer::Timeout => policy.timeout(LONG),
        Layer::Cache => {
            policy.cache(Cache::builder("cancelled").ttl(LONG).wait(LONG).build().unwrap())
        }
        Layer::Chaos => {
            policy.chaos(Chaos::builder("cancelled").latency(LONG / 2, 1.0).build().unwrap())
        }
        Layer::RateLimit => {
            let limit = RateLimit::builder("cancelled").quota(Quota::per_day(PERMITS)).wait(LONG);
            policy.rate_limit(limit.build().unwrap())
        }
        Layer::ConcurrencyLimit => {
            policy.concurrency_limit(ConcurrencyLimit::standard("cancelled"))
        }
        Layer::Hedge => policy.hedge(Hedge::after(HEDGE)),
        other => panic!("`{other}` is missing here"),
    }
}

fn retry() -> Retry {
    let budget = RetryBudget::builder("cancelled").capacity(10).ratio(0.5).build().unwrap();
    while budget.tokens() * 1_000.0 > BUDGET as f64 {
        budget.withdraw().unwrap();
    }
    Retry::attempts(3).backoff(Backoff::constant(PAUSE).jitter(Jitter::None)).budget(budget)
}
