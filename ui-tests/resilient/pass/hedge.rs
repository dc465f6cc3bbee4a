//! A hedge, with each of its settings, around bodies that borrow, own, destructure and generalise.

use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reliability::error::Rejected;
use reliability::resilience::hedge::After;
use reliability::resilience::{registry, resilient};
use reliability::sync::Quantile;

#[resilient(hedge, idempotent)]
async fn plain() -> Result<u32, Rejected> {
    Ok(1)
}

#[resilient(hedge(after = p99.9, max = 2, initial = "300ms", budget(ratio = 0.1)), idempotent)]
async fn borrows(sku: &str, amount: u32) -> Result<u32, Rejected> {
    Ok(sku.len() as u32 * amount)
}

#[resilient(
    fallback = none,
    deadline = "3s",
    retry(attempts = 3, budget = "hedge-warehouse"),
    breaker,
    bulkhead(concurrent = 8),
    hedge(after = "80ms"),
    timeout = "1s",
    idempotency_key = order.id,
)]
async fn whole(order: Order, (a, b): (u32, u32), _: u8) -> Result<u32, Rejected> {
    let Order { mut items, .. } = order;
    items.push(a);
    Ok(items.len() as u32 + b)
}

#[derive(Clone)]
struct Order {
    id: u32,
    items: Vec<u32>,
}

fn none(_: Order, _: (u32, u32), _: u8, error: Rejected) -> Result<u32, Rejected> {
    Err(error)
}

#[resilient(hedge(after = p90), idempotent)]
async fn general<T: Display + Clone, const N: usize>(
    values: [T; N],
    Order { mut items, .. }: Order,
    _: Arc<u32>,
) -> Result<String, Rejected>
where
    T: Sync,
{
    items.push(0);
    Ok(values.iter().map(ToString::to_string).collect())
}

struct Prices {
    asked: AtomicU32,
}

impl Prices {
    #[resilient(hedge, timeout = adaptive(p95), idempotent)]
    async fn shared(&self, amount: u32) -> Result<u32, Rejected> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(amount)
    }

    #[resilient(hedge, idempotent)]
    async fn counted(self: Arc<Self>, amounts: Vec<u32>) -> Result<u32, Rejected> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(amounts.into_iter().sum())
    }

    #[resilient(hedge, idempotent)]
    async fn borrowed<'a>(&'a self, sku: &'a str) -> Result<&'a str, Rejected> {
        Ok(sku)
    }
}

#[resilient(timeout = adaptive(p99 * 2, min = "50ms", max = "2s"))]
async fn adaptive(amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

fn now<F: Future + Send>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the work is ready at once"),
    }
}

fn main() {
    let order = Order { id: 17, items: vec![1] };
    assert_eq!(now(plain()).unwrap(), 1);
    assert_eq!(now(borrows("tea", 2)).unwrap(), 6);
    assert_eq!(now(whole(order.clone(), (2, 5), 0)).unwrap(), 7);
    assert_eq!(now(general([1, 2], order, Arc::new(0))).unwrap(), "12");
    let prices = Arc::new(Prices { asked: AtomicU32::new(0) });
    assert_eq!(now(prices.shared(3)).unwrap(), 3);
    assert_eq!(now(prices.borrowed("tea")).unwrap(), "tea");
    assert_eq!(now(Arc::clone(&prices).counted(vec![3, 4])).unwrap(), 7);
    assert_eq!(prices.asked.load(Ordering::Relaxed), 2);
    assert_eq!(now(adaptive(4)).unwrap(), 4);

    let settings = |name| registry::find(name).unwrap().policy().settings();
    let hedge = settings("borrows").hedge.unwrap();
    assert_eq!(hedge.after, After::Quantile(Quantile::of(0.999)));
    assert_eq!((hedge.max, hedge.initial), (2, Some(Duration::from_millis(300))));
    assert_eq!(settings("whole").hedge.unwrap().after, After::Fixed(Duration::from_millis(80)));
    let timeout = settings("adaptive").timeout.unwrap();
    assert_eq!(timeout.longest(), Duration::from_secs(2));
}
