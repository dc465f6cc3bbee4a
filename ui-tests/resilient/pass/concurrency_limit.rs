//! An adaptive limit, with each algorithm, and with a priority that depends on the arguments.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use reliability::error::Rejected;
use reliability::resilience::concurrency_limit::Priority;
use reliability::resilience::{registry, resilient};

#[resilient(concurrency_limit)]
async fn plain(amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

#[resilient(concurrency_limit(gradient2, min = 4, max = 200, initial = 20), timeout = "1s")]
async fn gradient(amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

#[resilient(
    retry(attempts = 3),
    concurrency_limit(vegas, max = 10, samples = 50, window = "200ms", drop_rate = 0.1),
    idempotent,
    clock = coarse,
)]
async fn vegas(amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

fn importance(sku: &str) -> Priority {
    if sku == "apple" { Priority::High } else { Priority::Low }
}

#[resilient(concurrency_limit(aimd, priority = importance(sku)))]
async fn by_sku(sku: &str, amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

/// The argument is used by the priority alone.
#[resilient(concurrency_limit(priority = priority))]
async fn as_told(priority: Priority, amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the work is ready at once"),
    }
}

fn main() {
    assert_eq!(now(plain(1)).unwrap(), 1);
    assert_eq!(now(gradient(2)).unwrap(), 2);
    assert_eq!(now(vegas(3)).unwrap(), 3);
    assert_eq!(now(by_sku("apple", 4)).unwrap(), 4);
    assert_eq!(now(as_told(Priority::Normal, 5)).unwrap(), 5);

    let vegas = registry::find("vegas").unwrap();
    let limit = vegas.policy().concurrency_limit().unwrap();
    assert_eq!((limit.limit(), limit.settings().samples), (10, 50));
    let _half: Vec<_> = (0..5).map(|_| limit.acquire().unwrap()).collect();
    assert!(limit.acquire_as(Priority::Low).is_err());
}
