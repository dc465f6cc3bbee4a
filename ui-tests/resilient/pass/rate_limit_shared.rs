//! A rate limit that several processes share: alone, with a key, beside other layers, in a method,
//! and with a policy from elsewhere. No server listens, so that each process decides by its own quota.

use std::sync::{Arc, LazyLock};

use reliability::error::{Reason, Rejected};
use reliability::resilience::rate_limit::Quota;
use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
use reliability::resilience::{Policy, resilient};

fn limit(name: &'static str) -> RedisRateLimit {
    let limit = RedisRateLimit::builder(name, "redis://127.0.0.1:1/")
        .quota(Quota::per_second(100))
        .while_away(WhileAway::Local(Quota::per_day(1)));
    limit.build().unwrap()
}

static ALONE: LazyLock<RedisRateLimit> = LazyLock::new(|| limit("alone"));
static KEYED: LazyLock<Arc<RedisRateLimit>> = LazyLock::new(|| Arc::new(limit("keyed")));

mod limits {
    use super::*;

    pub static BESIDE: LazyLock<RedisRateLimit> = LazyLock::new(|| limit("beside"));
}

#[resilient(rate_limit(shared = ALONE))]
async fn alone() -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(rate_limit(shared = KEYED, key = format_args!("{tenant}:{region}")))]
async fn keyed(tenant: String, region: u32) -> Result<String, Rejected> {
    Ok(format!("{tenant} in {region}"))
}

#[resilient(
    deadline = "3s",
    retry(attempts = 2, backoff = constant("1ms")),
    breaker,
    rate_limit(shared = limits::BESIDE),
    timeout = "1s",
    idempotent
)]
async fn beside<T: Clone>(value: T) -> Result<T, Rejected> {
    Ok(value)
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::builder("policy").shared_rate_limit(limit("policy")).build().unwrap()
});

struct Shop {
    tenant: String,
}

impl Shop {
    #[resilient(policy = POLICY, rate_limit(shared, key = self.tenant))]
    async fn price(&self) -> Result<usize, Rejected> {
        Ok(self.tenant.len())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(alone().await, Ok(7));
    assert_eq!(alone().await.map_err(|refused| refused.reason()), Err(Reason::RateLimited));
    assert_eq!(keyed("acme".into(), 3).await.as_deref(), Ok("acme in 3"));
    assert!(keyed("acme".into(), 3).await.is_err());
    assert_eq!(beside("tea").await, Ok("tea"));
    let shop = Shop { tenant: "acme".into() };
    assert_eq!(shop.price().await, Ok(4));
    assert!(shop.price().await.is_err());
    assert_eq!(KEYED.calls_away(), 2);
}
