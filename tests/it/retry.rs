//! Schedules and budgets as their users see them: what they spare a dependency in an outage.

use std::collections::BTreeMap;
use std::time::Duration;

use reliability::error::{Class, Fault};
use reliability::resilience::retry::{Backoff, Jitter, RetryBudget};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 33)
    }
}

/// A thousand clients fail at the same moment. How many hit the dependency in the busiest of the
/// hundred-millisecond slices, when each makes six retries?
fn busiest_slice(backoff: Backoff) -> usize {
    let mut numbers = Numbers(7);
    let mut slices = BTreeMap::<u128, usize>::new();
    for _ in 0..1_000 {
        let (mut at, mut previous) = (Duration::ZERO, Duration::ZERO);
        for retry in 1..=6 {
            previous = backoff.delay(retry, previous, numbers.next());
            at += previous;
            *slices.entry(at.as_millis() / 100).or_default() += 1;
        }
    }
    slices.into_values().max().unwrap_or(0)
}

#[test]
fn jitter_takes_the_waves_out_of_a_thousand_clients_that_failed_together() {
    let backoff = Backoff::exponential(Duration::from_millis(400));
    assert_eq!(busiest_slice(backoff.jitter(Jitter::None)), 1_000);
    assert!(busiest_slice(backoff.jitter(Jitter::Equal)) < 600);
    assert!(busiest_slice(backoff.jitter(Jitter::Full)) < 500);
    assert!(busiest_slice(Backoff::decorrelated(Duration::from_millis(400))) < 500);
}

/// Every call fails, and each makes as many as four attempts.
fn attempts_in_an_outage(calls: u32, budget: Option<&RetryBudget>) -> u32 {
    let mut attempts = 0;
    for _ in 0..calls {
        attempts += 1;
        if let Some(budget) = budget {
            budget.deposit();
        }
        for _retry in 1..4 {
            if budget.is_some_and(|budget| budget.withdraw().is_err()) {
                break;
            }
            attempts += 1;
        }
    }
    attempts
}

#[test]
fn in_an_outage_a_budget_bounds_the_load_on_top() {
    let budget = RetryBudget::builder("outage").build().unwrap();
    assert_eq!(attempts_in_an_outage(10_000, None), 40_000);
    let bounded = attempts_in_an_outage(10_000, Some(&budget));
    assert!((12_090..=12_100).contains(&bounded), "{bounded} attempts");
}

#[test]
fn a_dependency_that_fails_every_tenth_attempt_is_retried_every_time() {
    let budget = RetryBudget::builder("flaky").build().unwrap();
    for attempt in 0..100_000 {
        budget.deposit();
        if attempt % 10 == 0 {
            budget.withdraw().unwrap();
        }
    }
    assert!(budget.tokens() > 99.0);
}

#[test]
fn functions_that_name_one_budget_spend_from_one_bucket() {
    let price = RetryBudget::shared("it-inventory").unwrap();
    let stock = RetryBudget::shared(String::from("it-inventory")).unwrap();
    let declared = RetryBudget::builder("it-inventory").capacity(2).ratio(0.0).shared().unwrap();
    price.withdraw().unwrap();
    stock.withdraw().unwrap();
    let rejected = declared.withdraw().unwrap_err();
    assert_eq!(rejected.to_string(), "it-inventory: the retry budget is used up");

    let invalid = RetryBudget::builder("it-inventory").capacity(3).ratio(0.0).shared().unwrap_err();
    assert_eq!(invalid.class(), Class::Permanent);
    assert!(invalid.to_string().contains("must be 2, as it was declared first, but is 3"));
}
