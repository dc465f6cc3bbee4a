//! A rate limit that counts per key: by an argument, a field, a method call, a part of `self`; with
//! arguments that the body takes along, beside a retry, a cache and a policy from elsewhere.

use std::sync::LazyLock;

use reliability::error::{Reason, Rejected};
use reliability::resilience::rate_limit::{Algorithm, KeyHash, KeyedRateLimit, Quota};
use reliability::resilience::{Policy, registry, resilient};

#[resilient(rate_limit("1/d", key = tenant))]
async fn by_argument(tenant: String) -> Result<String, Rejected> {
    Ok(tenant)
}

struct Request {
    tenant: u64,
    path: String,
}

impl Request {
    fn owner(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

#[resilient(
    deadline = "3s",
    rate_limit("1/d", burst = 2, wait = "50ms", key = request.tenant, capacity = 50_000),
    clock = coarse,
)]
async fn by_field(request: Request) -> Result<usize, Rejected> {
    Ok(request.path.len())
}

#[resilient(rate_limit("1/d", algorithm = fixed_window, key = request.owner()))]
async fn by_method(request: &Request) -> Result<u64, Rejected> {
    Ok(request.tenant)
}

#[resilient(rate_limit("1/d", key = (tenant, sku)), retry, idempotent)]
async fn by_both(tenant: u32, sku: &str) -> Result<usize, Rejected> {
    Ok(tenant as usize + sku.len())
}

/// The argument is used by the key alone.
#[resilient(rate_limit("1/d", key = tenant))]
async fn by_nothing_else(tenant: &str, amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

#[resilient(cache(ttl = "30s", key = sku), rate_limit("1/d", key = tenant))]
async fn cached(tenant: u32, sku: u32) -> Result<u32, Rejected> {
    Ok(tenant + sku)
}

struct Client {
    tenant: String,
}

#[resilient(rate_limit("1/d", key = self.tenant), crate = ::reliability)]
impl Client {
    async fn stock(&self) -> Result<usize, Rejected> {
        Ok(self.tenant.len())
    }

    async fn close(self) -> Result<String, Rejected> {
        Ok(self.tenant)
    }
}

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    let limit = KeyedRateLimit::builder("shared").quota(Quota::per_day(1)).build();
    Policy::builder("shared").keyed_rate_limit(limit.unwrap()).build().unwrap()
});

#[resilient(policy = SHARED, rate_limit(key = tenant))]
async fn under_a_shared_policy(tenant: u64) -> Result<u64, Rejected> {
    Ok(tenant)
}

#[resilient(key = town, rate_limit("1/d", key = tenant))]
async fn for_each_town_and_tenant(town: &str, tenant: u32) -> Result<usize, Rejected> {
    Ok(town.len() + tenant as usize)
}

fn limited<T>(result: Result<T, Rejected>) -> bool {
    result.is_err_and(|rejected| rejected.reason() == Reason::RateLimited)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(by_argument("a".into()).await.as_deref(), Ok("a"));
    assert_eq!(by_argument("b".into()).await.as_deref(), Ok("b"));
    assert!(limited(by_argument("a".into()).await));

    let request = |tenant, path: &str| Request { tenant, path: path.into() };
    for _ in 0..2 {
        assert_eq!(by_field(request(1, "tea")).await, Ok(3));
    }
    assert!(limited(by_field(request(1, "tea")).await));
    assert_eq!(by_field(request(2, "tea")).await, Ok(3));
    let entry = registry::find("by_field").unwrap();
    let limit: &KeyedRateLimit<KeyHash> = entry.policy().keyed_rate_limit().unwrap();
    assert_eq!(limit.settings().quota, Quota::per_day(1).burst(2));
    assert_eq!((limit.algorithm(), limit.capacity()), (Algorithm::TokenBucket, 50_000));
    assert_eq!(limit.len(), 2);

    assert_eq!(by_method(&request(1, "acme/tea")).await, Ok(1));
    assert!(limited(by_method(&request(2, "acme/milk")).await));
    assert_eq!(by_method(&request(3, "other")).await, Ok(3));

    assert_eq!((by_both(1, "tea").await, by_both(1, "milk").await), (Ok(4), Ok(5)));
    assert_eq!(by_nothing_else("a", 7).await, Ok(7));

    assert_eq!((cached(1, 1).await, cached(2, 1).await), (Ok(2), Ok(2)));
    assert!(limited(cached(1, 2).await));

    let client = |tenant: &str| Client { tenant: tenant.into() };
    assert_eq!((client("a").stock().await, client("bb").stock().await), (Ok(1), Ok(2)));
    assert!(limited(client("a").stock().await));
    assert_eq!(client("a").close().await.as_deref(), Ok("a"));

    assert_eq!((under_a_shared_policy(1).await, under_a_shared_policy(2).await), (Ok(1), Ok(2)));
    assert!(limited(under_a_shared_policy(1).await));

    assert_eq!(for_each_town_and_tenant("rome", 1).await, Ok(5));
    assert_eq!(for_each_town_and_tenant("oslo", 1).await, Ok(5));
    assert!(limited(for_each_town_and_tenant("rome", 1).await));
}
