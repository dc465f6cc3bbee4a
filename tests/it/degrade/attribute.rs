//! `degrade(..)` in `#[resilient(..)]`.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use reliability::error::recovery::{Degradation, DegradationBuilder};
use reliability::error::{Class, Reason};
use reliability::resilience::degrade::{Degrade, Measures};
use reliability::resilience::{Layer, Policy, Priority, registry, resilient};

use crate::failed::Failed;

static TIGHTER: Degradation = Degradation::declared("attribute-tighter");

#[resilient(
    degrade(when = TIGHTER, retry = off, hedge = off, concurrency = 0.5),
    retry(attempts = 3, backoff = constant("1ms")),
    bulkhead(concurrent = 2),
    hedge(after = "10ms"),
    timeout = "1s",
    idempotent,
    name = "attribute-tighter",
)]
async fn tighter(attempts: &AtomicU32) -> Result<u32, Failed> {
    attempts.fetch_add(1, Ordering::Relaxed);
    Err(Failed::As(Class::Transient))
}

#[tokio::test(start_paused = true)]
async fn retries_are_left_out_while_it_is_raised() {
    let attempts = AtomicU32::new(0);
    assert!(tighter(&attempts).await.is_err());
    assert_eq!(attempts.swap(0, Ordering::Relaxed), 3);
    TIGHTER.raise();
    assert!(tighter(&attempts).await.is_err());
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    TIGHTER.lift();
    let settings = registry::find("attribute-tighter").unwrap().policy().settings();
    let expected = Measures::none().without_retries().without_hedges().concurrency(0.5);
    assert_eq!(settings.degrade.unwrap().measures, expected);
}

static ANSWERED: LazyLock<Degradation> = LazyLock::new(|| Degradation::standard("answered"));

#[resilient(
    fallback = failed,
    degrade(when = ANSWERED, answer = cheap),
    timeout = "1s",
    name = "attribute-answered",
)]
async fn answered(sku: String) -> Result<usize, Failed> {
    if sku.is_empty() { Err(Failed::As(Class::Permanent)) } else { Ok(sku.len()) }
}

fn failed(_sku: String, _error: Failed) -> Result<usize, Failed> {
    Ok(0)
}

async fn cheap(sku: String, error: Failed) -> Result<usize, Failed> {
    match error {
        Failed::Refused(rejected) => assert_eq!(rejected.reason(), Reason::Degraded),
        Failed::As(_) => panic!("the call was not made"),
    }
    Ok(1_000 + sku.len())
}

#[tokio::test]
async fn another_function_answers_without_the_call_being_made() {
    let ask = |sku: &str| answered(sku.into());
    assert_eq!((ask("tea").await, ask("").await), (Ok(3), Ok(0)));
    ANSWERED.raise();
    assert_eq!((ask("tea").await, ask("").await), (Ok(1_003), Ok(1_000)));
    ANSWERED.lift();
    assert_eq!((ask("tea").await, ask("").await), (Ok(3), Ok(0)));
    let policy = registry::find("attribute-answered").unwrap().policy().clone();
    assert_eq!(policy.degraded().unwrap().answered, 2);
    assert_eq!((policy.totals().fallbacks(), policy.totals().rejected(Reason::Degraded)), (4, 2));
}

static BY_LEVEL: Degradation = DegradationBuilder::declared("by-level").levels(2).declare();

struct Shop;

#[resilient(
    degrade(
        when = BY_LEVEL,
        retry = off,
        shed(below = normal),
        severe(shed(below = critical)),
        priority = priority,
        answer = Self::cheap,
    ),
    retry,
    idempotent,
)]
impl Shop {
    async fn stock(&self, priority: Priority) -> Result<u32, Failed> {
        Ok(7 + u32::from(priority == Priority::Critical))
    }

    #[resilient(skip)]
    fn cheap(&self, _priority: Priority, _error: Failed) -> Result<u32, Failed> {
        Ok(0)
    }
}

#[tokio::test]
async fn measures_of_the_second_level_take_over_what_they_do_not_say() {
    let all = async || {
        let mut answers = Vec::new();
        for priority in Priority::ALL {
            answers.push(Shop.stock(priority).await.unwrap());
        }
        answers
    };
    assert_eq!(all().await, [8, 7, 7, 7]);
    BY_LEVEL.raise();
    assert_eq!(all().await, [8, 7, 7, 0]);
    BY_LEVEL.raise();
    assert_eq!(all().await, [8, 0, 0, 0]);
    BY_LEVEL.lift();
    let policy = registry::find("Shop::stock").unwrap().policy().clone();
    let settings = policy.settings().degrade.unwrap();
    assert!(!settings.severe.unwrap().retry, "as at level 1");
}

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    let switch = Degradation::standard("attribute-shared");
    let degrade = Degrade::when(&switch, Measures::none().shed_below(Priority::High)).answered();
    Policy::builder("attribute-shared").degrade(degrade).build().unwrap()
});

/// A policy from elsewhere brings its measures along; what is the function's own is said here.
#[resilient(policy = SHARED, degrade(priority = priority, answer = of_shared))]
async fn shared(priority: Priority) -> Result<u32, Failed> {
    Ok(100 + u32::from(priority == Priority::Critical))
}

fn of_shared(_priority: Priority, _error: Failed) -> Result<u32, Failed> {
    Ok(10)
}

#[tokio::test]
async fn a_shared_policy_is_told_the_priority_and_gets_the_answer() {
    SHARED.degradation().unwrap().raise();
    assert_eq!(shared(Priority::Critical).await, Ok(101));
    assert_eq!(shared(Priority::Low).await, Ok(10));
    assert_eq!(SHARED.layers(), [Layer::Degrade]);
}
