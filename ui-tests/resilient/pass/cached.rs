//! A cache in front of what asks: keys that borrow, keys of several parts, errors that can be kept
//! and errors that cannot, with and without retries and fallbacks.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::{Cache, Policy, resilient};

/// An error that cannot be cloned.
#[derive(Debug)]
struct Once(String);

impl Fault for Once {
    fn class(&self) -> Class {
        Class::Permanent
    }
}

impl From<Rejected> for Once {
    fn from(rejected: Rejected) -> Self {
        Self(rejected.to_string())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sku(u32);

#[resilient(cache(ttl = "30s", key = sku))]
async fn borrowed(sku: &str) -> Result<usize, Rejected> {
    Ok(sku.len())
}

#[resilient(cache(ttl = "30s", stale = "5m", key = sku, capacity = 10_000, wait = "2s"))]
async fn owned(sku: String) -> Result<String, Once> {
    Ok(sku)
}

#[resilient(cache(ttl = "30s", key = (tenant, sku, 7_u8)), retry, timeout = "1s", idempotent)]
async fn of_several_parts(tenant: &str, sku: &Sku) -> Result<(String, Sku), Rejected> {
    Ok((tenant.to_owned(), sku.clone()))
}

#[resilient(
    fallback = list_price,
    cache(ttl = "30s", key = sku, negative(permanent = "10s", transient = "1s")),
    deadline = "1s",
)]
async fn priced(sku: Sku, amount: u32) -> Result<u32, Rejected> {
    Ok(sku.0 * amount)
}

fn list_price(sku: Sku, _amount: u32, _error: Rejected) -> Result<u32, Rejected> {
    Ok(sku.0)
}

#[resilient(cache(ttl = "30s", key = format!("{a}/{b}")))]
async fn destructured((a, b): (u32, u32)) -> Result<u32, Rejected> {
    Ok(a + b)
}

#[resilient(cache(ttl = "30s", key = value))]
async fn generic<T: Clone + Send + Sync + std::hash::Hash + Eq + 'static, E>(
    value: &T,
) -> Result<T, E>
where
    E: Fault + From<Rejected>,
{
    Ok(value.clone())
}

#[resilient(cache(ttl = "30s", stale = "5m", key = sku, refresh = background), deadline = "1s")]
async fn refreshed_behind(sku: Sku, client: Arc<str>) -> Result<String, Once> {
    Ok(format!("{client}{}", sku.0))
}

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    let cache = Cache::builder("shared").ttl(Duration::from_secs(30)).build().unwrap();
    Policy::builder("shared").cache(cache).timeout(Duration::from_secs(1)).build().unwrap()
});

#[resilient(policy = SHARED, cache(key = sku))]
async fn by_a_shared_policy(sku: &str) -> Result<String, Once> {
    Ok(sku.to_owned())
}

struct Shop {
    name: String,
}

impl Shop {
    #[resilient(cache(ttl = "30s", key = (&self.name, sku)), idempotent, retry)]
    async fn price(&self, sku: &Sku) -> Result<u32, Once> {
        Ok(sku.0 + self.name.len() as u32)
    }

    #[resilient(cache(ttl = "30s", key = sku))]
    async fn count(&mut self, sku: Sku) -> Result<u32, Once> {
        self.name.push('!');
        Ok(sku.0)
    }

    #[resilient(cache(ttl = "30s", stale = "1m", key = (), refresh = background))]
    async fn shared(self: Arc<Self>) -> Result<String, Once> {
        Ok(self.name.clone())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for _ in 0..2 {
        assert_eq!(borrowed("tea").await, Ok(3));
        assert_eq!(by_a_shared_policy("tea").await.unwrap(), "tea");
        assert_eq!(owned("tea".to_owned()).await.unwrap(), "tea");
        assert_eq!(of_several_parts("eu", &Sku(7)).await, Ok(("eu".to_owned(), Sku(7))));
        assert_eq!(priced(Sku(7), 3).await, Ok(21));
        assert_eq!(destructured((1, 2)).await, Ok(3));
        assert_eq!(generic::<_, Once>(&7).await.unwrap(), 7);
        assert_eq!(generic::<_, Rejected>(&"seven").await, Ok("seven"));
        assert_eq!(refreshed_behind(Sku(7), "c".into()).await.unwrap(), "c7");
    }
    assert_eq!(SHARED.cache().unwrap().snapshot().hits, 1);
    let mut shop = Shop { name: "corner".to_owned() };
    assert_eq!(shop.price(&Sku(7)).await.unwrap(), 13);
    assert_eq!(shop.count(Sku(7)).await.unwrap(), 7);
    assert_eq!(shop.count(Sku(7)).await.unwrap(), 7);
    assert_eq!(shop.name, "corner!", "the second time it was known");
    assert_eq!(Arc::new(shop).shared().await.unwrap(), "corner!");
}
