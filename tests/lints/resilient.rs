//! `#[resilient]`.

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;

use reliability::error::recovery::{Degradation, DegradationBuilder};
use reliability::resilience::{IdempotencyKey, Policy, Priority, resilient};

use crate::fault::PriceError;

/// With everything.
#[resilient(
    fallback(list_price, except(cancelled)),
    deadline = "3s",
    retry(
        attempts = 4,
        backoff = exponential("1ms", max = "2ms", factor = 1.5),
        jitter = equal,
        budget(name = "lints", ratio = 0.5, capacity = 10),
        also(breaker_open),
        retry_after_max = "30s",
    ),
    breaker(
        window = time("10s"),
        failure_rate = 0.5,
        slow_calls("500ms", 0.8),
        min_calls = 20,
        open_for = "5s",
        open_growth(2.0, "60s"),
        open_jitter = 0.2,
        probes = 3,
        half_open_for = "30s",
        when = is_serious,
    ),
    bulkhead(concurrent = 64, queue = 128, wait = "100ms"),
    timeout = "800ms",
    idempotency_key = sku,
    name = "everything",
    clock = coarse,
)]
pub(crate) async fn price(
    sku: &str,
    (first, mut second): (String, String),
    counts: &mut [u32; 2],
    #[cfg(test)] amount: u32,
) -> Result<String, PriceError> {
    second.push('!');
    for count in counts {
        *count = count.wrapping_add(amount);
    }
    if sku.is_empty() {
        return Err(PriceError::Lost);
    }
    let key = IdempotencyKey::current().map_or_else(String::new, |key| key.to_string());
    Ok([first, second, key].concat())
}

async fn list_price(
    _sku: &str,
    (first, _): (String, String),
    _counts: &mut [u32; 2],
    #[cfg(test)] _amount: u32,
    error: PriceError,
) -> Result<String, PriceError> {
    core::future::ready(()).await;
    if first.is_empty() { Err(error) } else { Ok(first) }
}

const fn is_serious(error: &PriceError) -> bool {
    !matches!(error, PriceError::Unknown)
}

static LESS: Degradation = DegradationBuilder::declared("lints").levels(2).declare();

/// With everything else.
#[resilient(
    cache(ttl = "30s", stale = "5m", key = (region.len(), sku), capacity = 100, wait = "1s"),
    deadline = "3s",
    degrade(
        when = LESS,
        retry = off,
        hedge = off,
        concurrency = 0.5,
        shed(below = high, share = 0.5),
        severe(shed = 0.9),
        answer = cheaper,
    ),
    retry(attempts = 3, backoff = decorrelated("1ms", max = "2ms"), budget = "lints-2"),
    breaker(window = consecutive(5)),
    rate_limit("1000/s", burst = 100, wait = "10ms", key = region, capacity = 100),
    concurrency_limit(
        vegas(alpha = 3, beta = 6, probe_every = 300),
        min = 4,
        initial = 20,
        max = 100,
        window = "100ms",
        samples = 100,
        drop_rate = 0.05,
        shares(high = 0.9, normal = 0.8, low = 0.5),
        priority = Priority::High,
    ),
    bulkhead(
        concurrent = 64,
        queue = 128,
        wait = "100ms",
        shed(target = "5ms", interval = "100ms"),
    ),
    hedge(after = p95, max = 2, initial = "300ms"),
    timeout = adaptive(p99 * 2, min = "50ms", max = "1s"),
    chaos(
        latency("1ms".."2ms", rate = 0.05),
        error(rate = 0.01, make = lost),
        hang(rate = 0.001),
        seed = 7,
    ),
    idempotent,
    monitor,
)]
pub(crate) async fn stock(region: String, sku: &str) -> Result<usize, PriceError> {
    core::future::ready(()).await;
    if sku.is_empty() { Err(PriceError::Unknown) } else { Ok(region.len()) }
}

async fn cheaper(_region: String, sku: &str, _error: PriceError) -> Result<usize, PriceError> {
    Ok(core::future::ready(sku.len()).await)
}

const fn lost() -> PriceError {
    PriceError::Lost
}

/// Repeats without a fallback.
#[resilient(retry(backoff = constant("1ms")), when = is_serious, idempotent)]
pub(crate) async fn shout<T: Into<String> + Clone + Send>(
    words: T,
    times: &u8,
) -> Result<impl Into<String> + use<T>, PriceError> {
    let loudness = core::future::ready(usize::from(*times)).await;
    Ok(words.into().to_uppercase().repeat(loudness))
}

/// Something with methods.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    policy: Policy,
    stock: u32,
}

impl Store {
    pub(crate) fn new() -> Result<Self, reliability::resilience::Invalid> {
        let policy = Policy::builder("store").timeout(Duration::from_secs(1)).build()?;
        Ok(Self { policy, stock: 3 })
    }

    /// Takes `&mut self` and a policy of its own.
    #[resilient(policy = self.policy, idempotent)]
    pub(crate) async fn restock(&mut self) -> Result<u32, PriceError> {
        self.stock = core::future::ready(5).await;
        Ok(self.stock)
    }

    /// Takes `self` by value.
    #[resilient(fallback = Self::empty, bulkhead(concurrent = 1), timeout = "1s")]
    pub(crate) async fn count(self: Arc<Self>) -> Result<u32, PriceError> {
        core::future::ready(()).await;
        if self.stock == 0 { Err(PriceError::Lost) } else { Ok(self.stock) }
    }

    fn empty(self: Arc<Self>, error: PriceError) -> Result<u32, PriceError> {
        if self.stock == 0 { Ok(0) } else { Err(error) }
    }

    /// Has a policy per key.
    #[resilient(key = region, capacity = 10, breaker)]
    pub(crate) async fn ask(&self, region: &str) -> Result<usize, PriceError> {
        core::future::ready(()).await;
        Ok(region.len())
    }
}

#[resilient(timeout = "1s")]
impl Store {
    /// Is annotated by its block.
    pub(crate) async fn peek(&self) -> Result<&u32, PriceError> {
        core::future::ready(()).await;
        Ok(&self.stock)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::allow_attributes, reason = "a test may")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn functions_do_their_work() {
        let mut counts = [0, 0];
        let pair = || ("a".to_owned(), "b".to_owned());
        assert!(matches!(price("k", pair(), &mut counts, 1).await.as_deref(), Ok("ab!k")));
        assert!(matches!(price("", pair(), &mut counts, 1).await.as_deref(), Ok("a")));
        assert_eq!(counts, [5, 5]);
        let loud = shout("hey", &1).await.map(Into::<String>::into);
        assert!(matches!(loud.as_deref(), Ok("HEY")));
    }

    #[tokio::test]
    async fn layers_do_their_work() {
        assert!(matches!(stock("north".to_owned(), "tea").await, Ok(5)));
        assert!(stock("north".to_owned(), "").await.is_err());
    }

    #[tokio::test]
    async fn methods_do_their_work() {
        let mut store = Store::new().expect("the settings are right");
        assert!(matches!(store.restock().await, Ok(5)));
        assert!(matches!(store.peek().await, Ok(5)));
        assert!(matches!(store.ask("berlin").await, Ok(6)));
        assert!(matches!(Arc::new(store).count().await, Ok(5)));
    }
}
