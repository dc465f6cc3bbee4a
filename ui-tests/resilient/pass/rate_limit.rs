//! A rate limit with each algorithm, on a free function and on an `impl` block, and one for each key.

use reliability::error::{Reason, Rejected};
use reliability::resilience::rate_limit::{Algorithm, Quota};
use reliability::resilience::{RateLimit, registry, resilient};

#[resilient(
    deadline = "3s",
    breaker,
    rate_limit("100/s", burst = 20, algorithm = token_bucket, wait = "50ms", leases = 8),
    bulkhead(concurrent = 64),
    clock = coarse,
)]
async fn price(sku: &str) -> Result<usize, Rejected> {
    Ok(sku.len())
}

#[resilient(rate_limit("2/d"))]
async fn seldom() -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(rate_limit("1/d"), key = tenant, capacity = 10)]
async fn per_tenant(tenant: &str) -> Result<usize, Rejected> {
    Ok(tenant.len())
}

struct Shop;

#[resilient(rate_limit("5_000 / 10s", algorithm = sliding_counter))]
impl Shop {
    async fn stock(&self) -> Result<u32, Rejected> {
        Ok(7)
    }

    #[resilient(rate_limit("10/m", algorithm = fixed_window), crate = ::reliability)]
    async fn window(&self) -> Result<u32, Rejected> {
        Ok(7)
    }

    #[resilient(rate_limit("10/h", algorithm = sliding_log), retry, idempotent)]
    async fn log(&self) -> Result<u32, Rejected> {
        Ok(7)
    }

    #[resilient(rate_limit("1000/ms", burst = 3, algorithm = leaky_bucket))]
    async fn leaky(&self) -> Result<u32, Rejected> {
        Ok(7)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(price("tea").await, Ok(3));
    let limit = |name| -> RateLimit {
        registry::find(name).unwrap().policy().rate_limit().unwrap().clone()
    };
    let declared = limit("price");
    assert_eq!(declared.settings().quota, Quota::per_second(100).burst(20));
    assert_eq!((declared.algorithm(), declared.leases()), (Algorithm::TokenBucket, 8));

    assert_eq!((seldom().await, seldom().await), (Ok(7), Ok(7)));
    let refused = seldom().await.unwrap_err();
    assert_eq!(refused.reason(), Reason::RateLimited);
    assert!(refused.retry_after().is_some());

    assert_eq!(per_tenant("one").await, Ok(3));
    assert_eq!(per_tenant("two").await, Ok(3));
    assert!(per_tenant("one").await.is_err());

    let shop = Shop;
    assert_eq!((shop.stock().await, shop.window().await), (Ok(7), Ok(7)));
    assert_eq!((shop.log().await, shop.leaky().await), (Ok(7), Ok(7)));
    let quota = limit("Shop::stock").settings().quota;
    assert_eq!((quota.permits, quota.period.as_secs()), (5_000, 10));
    assert_eq!(limit("Shop::leaky").algorithm(), Algorithm::LeakyBucket);
}
