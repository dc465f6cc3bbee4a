//! Every shape of function that can be counted.
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use reliability::prelude::*;
use reliability::sre::{Outcome, Slo};

static SLO: Slo = reliability::slo! {
    name: "shapes",
    availability: 99.9,
    latency: "99% < 10s",
    correctness: 99,
};

#[slo(objective = SLO)]
async fn free(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

#[slo(objective = SLO, good = |answer: &u32| *answer > 0, correct = is_even)]
fn sync(amount: u32) -> u32 {
    amount
}

fn is_even(amount: &u32) -> bool {
    amount % 2 == 0
}

#[slo(objective = self::SLO, good = |answer| match answer {
    Some(_) => Outcome::Good,
    None => Outcome::Excluded,
})]
async fn maybe<const N: usize, T>(r#type: [T; N], (first, _): (T, u8)) -> Option<impl Debug>
where
    T: Debug + Clone + Send,
{
    let _ = r#type;
    Some(first)
}

/// Nothing can go wrong.
#[slo(objective = SLO)]
async fn nothing() {}

struct Shop {
    sold: u32,
}

impl Shop {
    #[slo(objective = SLO)]
    async fn look(&self) -> Result<u32, Rejected> {
        Ok(self.sold)
    }

    #[slo(objective = SLO)]
    #[must_use]
    async fn sell(&mut self, amount: u32) -> Result<u32, Rejected> {
        self.sold += amount;
        Ok(self.sold)
    }

    #[slo(objective = SLO)]
    async fn shared(self: Arc<Self>) -> Result<u32, Rejected> {
        Ok(self.sold)
    }

    #[slo(objective = SLO)]
    fn borrowed(&mut self) -> Result<&mut u32, Rejected> {
        Ok(&mut self.sold)
    }
}

trait Price {
    fn price(&self, sku: &str) -> impl Future<Output = Result<u32, Rejected>> + Send;
}

impl Price for Shop {
    #[slo(objective = SLO)]
    async fn price(&self, sku: &str) -> Result<u32, Rejected> {
        Ok(self.sold + sku.len() as u32)
    }
}

/// The stack is put in order, whoever stands first.
#[resilient(retry(attempts = 2), idempotent)]
#[slo(objective = SLO)]
#[traced(skip_all)]
async fn stacked(calls: &std::sync::atomic::AtomicU32) -> Result<u32, Rejected> {
    Ok(calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

macro_rules! counted {
    ($name:ident, $slo:path) => {
        #[slo(objective = $slo)]
        async fn $name() -> Result<u8, Rejected> {
            Ok(1)
        }
    };
}

counted!(by_a_macro, SLO);

mod shadowing {
    #![allow(dead_code)]
    enum Result {}
    enum Option {}
    enum Slo {}
    use reliability::sre::slo;

    #[slo(objective = super::SLO)]
    pub async fn inside(#[cfg(all())] amount: u8, #[cfg(any())] other: u8) -> std::result::Result<u8, String> {
        #[slo(objective = super::SLO)]
        async fn nested() -> std::result::Result<u8, String> {
            Ok(1)
        }
        Ok(nested().await? + amount)
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut shop = Shop { sold: 1 };
    assert_eq!(is_send(free("tea")).await, Ok(3));
    assert_eq!(sync(2), 2);
    assert!(maybe([1, 2], (3, 4)).await.is_some());
    nothing().await;
    assert!(shop.look().await.is_ok());
    assert!(shop.sell(2).await.is_ok());
    assert!(shop.borrowed().is_ok());
    assert!(is_send(shop.price("tea")).await.is_ok());
    assert!(Arc::new(shop).shared().await.is_ok());
    assert!(stacked(&0.into()).await.is_ok());
    assert!(by_a_macro().await.is_ok());
    assert_eq!(shadowing::inside(1).await, Ok(2));
    assert!(format!("{SLO:?}").contains("\"13 good, 0 bad\"") || format!("{SLO:?}").contains("13 good, 0 bad"), "{SLO:?}");
}
