//! An adaptive limit, with each algorithm, and with a priority that depends on the arguments.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reliability::error::Rejected;
use reliability::resilience::concurrency_limit::{Algorithm, Gradient2, Priority, Shares};
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

#[resilient(concurrency_limit(
    aimd(backoff = 0.8, timeout = "2s"),
    shares(high = 0.8, normal = 0.6, low = 0.25),
    priority = importance(sku),
))]
async fn by_sku(sku: &str, amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

#[resilient(concurrency_limit(
    vegas(
        alpha = 2,
        beta = 8,
        alpha_share = 0,
        beta_share = 0.3,
        smoothing = 0.5,
        no_load_smoothing = 1,
        probe_every = 1_000,
        probe_share = 0.9,
    ),
    window = "50ms",
    window_max = "500ms",
))]
async fn every_parameter(amount: u32) -> Result<u32, Rejected> {
    Ok(amount)
}

#[resilient(concurrency_limit(gradient2(tolerance = 1.2, queue = 10), shares(low = 0.1)))]
async fn some_parameters(amount: u32) -> Result<u32, Rejected> {
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

    assert_eq!(now(every_parameter(6)).unwrap(), 6);
    assert_eq!(now(some_parameters(7)).unwrap(), 7);

    let settings = |name| {
        let entry = registry::find(name).unwrap();
        entry.policy().settings().concurrency_limit.unwrap()
    };
    let Algorithm::Vegas(vegas) = settings("every_parameter").algorithm else {
        panic!("it is Vegas");
    };
    assert_eq!((vegas.alpha, vegas.beta, vegas.probe_every), (2, 8, 1_000));
    assert_eq!((vegas.alpha_share, vegas.beta_share, vegas.probe_share), (0.0, 0.3, 0.9));
    assert_eq!((vegas.smoothing, vegas.no_load_smoothing), (0.5, 1.0));
    let some = settings("some_parameters");
    let expected = Gradient2 { tolerance: 1.2, queue: 10, ..Gradient2::standard() };
    assert_eq!(some.algorithm, Algorithm::Gradient2(expected));
    assert_eq!(some.shares, Shares { low: 0.1, ..Shares::standard() });
    let Algorithm::Aimd(aimd) = settings("by_sku").algorithm else { panic!("it is AIMD") };
    assert_eq!((aimd.backoff, aimd.timeout), (0.8, Duration::from_secs(2)));

    let vegas = registry::find("vegas").unwrap();
    let limit = vegas.policy().concurrency_limit().unwrap();
    assert_eq!((limit.limit(), limit.settings().samples), (10, 50));
    let _half: Vec<_> = (0..5).map(|_| limit.acquire().unwrap()).collect();
    assert!(limit.acquire_as(Priority::Low).is_err());
}
