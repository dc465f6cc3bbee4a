//! A shared policy with a hedge: two of the body at once, of every kind of argument.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::error::Rejected;
use reliability::resilience::{Hedge, Policy, resilient};

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    let hedge = Hedge::after(Duration::from_millis(1));
    Policy::builder("shared").hedge(hedge).build().unwrap()
});

/// The first one never answers.
async fn late(asked: &AtomicU32) {
    if asked.fetch_add(1, Ordering::Relaxed) == 0 {
        std::future::pending::<()>().await;
    }
}

struct Order {
    id: u32,
}

impl Clone for Order {
    fn clone(&self) -> Self {
        Order { id: self.id }
    }
}

#[resilient(policy = SHARED, idempotent)]
async fn by_pattern(Order { id }: Order, asked: &AtomicU32) -> Result<u32, Rejected> {
    late(asked).await;
    Ok(id)
}

#[resilient(policy = SHARED, idempotency_key = order)]
async fn borrows<'a>(order: &'a str, mut more: u32, asked: &AtomicU32) -> Result<&'a str, Rejected> {
    late(asked).await;
    more += 1;
    Ok(order.get(..more as usize).unwrap_or(order))
}

#[derive(Clone)]
struct Client {
    policy: Policy,
    asked: std::sync::Arc<AtomicU32>,
}

impl Client {
    #[resilient(policy = self.policy, idempotent)]
    async fn owned(self) -> Result<u32, Rejected> {
        late(&self.asked).await;
        Ok(7)
    }

    #[resilient(policy = self.policy, idempotent)]
    async fn generic<T: Clone + Into<u64>>(&self, value: T) -> Result<impl Into<u64>, Rejected> {
        late(&self.asked).await;
        Ok(value)
    }
}

fn is_send(future: impl Future + Send) {
    drop(future);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let asked = || AtomicU32::new(0);
    assert_eq!(by_pattern(Order { id: 3 }, &asked()).await, Ok(3));
    assert_eq!(borrows("order-7", 4, &asked()).await, Ok("order"));
    let client = || Client { policy: SHARED.clone(), asked: Default::default() };
    assert_eq!(client().owned().await, Ok(7));
    let seven: u64 = client().generic(7_u32).await.map(Into::into).unwrap();
    assert_eq!(seven, 7);
    is_send(client().owned());
    is_send(client().generic(7_u8));
    assert_eq!(SHARED.totals().hedges_won(), 4);
}
