//! `slo!` and `#[slo]`.

use reliability::resilience::resilient;
use reliability::sre::{Outcome, Slo, slo};
use reliability::telemetry::traced;

use crate::fault::PriceError;

/// With everything.
pub(crate) static PRICES: Slo = reliability::slo! {
    name: "lints",
    description: "all that can be promised",
    window: month("+02:00"),
    availability: 99.9,
    latency: ["99% < 500ms", "p50 < 100ms"],
    throughput: "99% >= 10/h",
    correctness: "99.99%",
    alerts: [page(burn = 1.9, long = "1h", short = "5m"), ticket(burn = 1, long = "3d")],
    min_events: 10,
    freeze_below: 20,
    roll_back_below: 10,
    hysteresis: 3,
};

/// With everything.
#[slo(
    objective = PRICES,
    good = |answer| match *answer {
        Ok(_) => Outcome::Good,
        Err(PriceError::Unknown) => Outcome::Excluded,
        Err(_) => Outcome::Bad,
    },
    correct = is_right,
)]
pub(crate) async fn price(sku: &str, amount: u32) -> Result<u32, PriceError> {
    core::future::ready(()).await;
    if sku.is_empty() { Err(PriceError::Unknown) } else { Ok(amount) }
}

const fn is_right(answer: &Result<u32, PriceError>) -> bool {
    answer.is_ok()
}

/// Sync, and judged by its error.
#[slo(objective = PRICES)]
pub(crate) fn look_up(sku: &str) -> Result<usize, PriceError> {
    if sku.is_empty() { Err(PriceError::Lost) } else { Ok(sku.len()) }
}

/// In one stack with the others.
#[slo(objective = PRICES)]
#[traced(skip_all, metrics)]
#[resilient(retry(backoff = constant("1ms")), idempotent)]
pub(crate) async fn stacked(calls: &mut u32) -> Result<u32, PriceError> {
    *calls = calls.wrapping_add(1);
    core::future::ready(()).await;
    if *calls < 2 { Err(PriceError::Lost) } else { Ok(*calls) }
}

/// Something with methods.
#[derive(Debug)]
pub(crate) struct Shop(pub(crate) u32);

impl Shop {
    /// Takes `&mut self`, and answers with a part of it.
    #[slo(objective = PRICES)]
    pub(crate) fn sell(&mut self) -> Result<&mut u32, PriceError> {
        self.0 = self.0.checked_sub(1).ok_or(PriceError::Unknown)?;
        Ok(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn functions_do_their_work() {
        assert!(matches!(price("tea", 7).await, Ok(7)));
        assert!(price("", 7).await.is_err());
        assert!(matches!(look_up("tea"), Ok(3)));
        assert!(matches!(stacked(&mut 0).await, Ok(2)));
        assert!(matches!(Shop(3).sell(), Ok(2)));
        let status = PRICES.status();
        assert!(status.objectives.len() > 3, "{status}");
    }
}
