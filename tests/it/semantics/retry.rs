//! Delays between attempts, and budgets for retries.
//!
//! | event | what happens |
//! |---|---|
//! | `retry`, `retry 12` | the next retry, or the twelfth, asks how long to wait |
//!
//! and for budgets
//!
//! | event | what happens |
//! |---|---|
//! | `call` | a call begins: its first attempt deposits |
//! | `retry` | a retry withdraws |
//! | `call-and-retry` | both |
//! | `end` | a retry has ended, which changes nothing |

use std::time::Duration;

use reliability::resilience::retry::{Backoff, Jitter, RetryBudget};

use super::replay::{Subject, replay};
use super::table::Settings;
use super::tables;

struct Schedule {
    backoff: Backoff,
    random: u64,
    retry: u32,
    delay: Option<Duration>,
}

impl Subject for Schedule {
    fn new(settings: &mut Settings) -> Self {
        let first = settings.duration("first").expect("a schedule has a first delay");
        let shape = settings.take("shape");
        let mut backoff = match shape.as_deref().expect("a schedule has a shape") {
            "constant" => Backoff::constant(first),
            "linear" => Backoff::linear(first),
            "exponential" => Backoff::exponential(first),
            "fibonacci" => Backoff::fibonacci(first),
            "decorrelated" => Backoff::decorrelated(first),
            other => panic!("no schedule is called `{other}`"),
        };
        if let Some(max) = settings.duration("max") {
            backoff = backoff.max(max);
        }
        if let Some(factor) = settings.number("factor") {
            backoff = backoff.factor(factor);
        }
        backoff = match settings.take("jitter").as_deref() {
            None => backoff,
            Some("none") => backoff.jitter(Jitter::None),
            Some("full") => backoff.jitter(Jitter::Full),
            Some("equal") => backoff.jitter(Jitter::Equal),
            Some(other) => panic!("no jitter is called `{other}`"),
        };
        // A share of all random numbers; the cast saturates, so that 1 is the largest.
        let random = settings.number("random").unwrap_or(0.5_f64);
        let random = (random * 2_f64.powi(64)) as u64;
        Self { backoff, random, retry: 0, delay: None }
    }

    fn advance(&mut self, _by: Duration) {}

    fn step(&mut self, event: &[&str]) {
        self.retry = match *event {
            ["retry"] => self.retry + 1,
            ["retry", number] => number.parse().unwrap(),
            _ => panic!("`{}` is no event", event.join(" ")),
        };
        let previous = self.delay.unwrap_or_default();
        self.delay = Some(self.backoff.delay(self.retry, previous, self.random));
    }

    fn observe(&self, key: &str) -> Option<String> {
        match key {
            "delay" => Some(self.delay.map_or("none".into(), |delay| format!("{delay:?}"))),
            "valid" => {
                Some(if self.backoff.validate("stock").is_ok() { "yes" } else { "no" }.into())
            }
            _ => None,
        }
    }

    fn key_of(_word: &str) -> Option<&'static str> {
        None
    }
}

struct Budget {
    /// `None` where the builder refused the settings.
    budget: Option<RetryBudget>,
    decision: &'static str,
    granted: u32,
}

impl Subject for Budget {
    fn new(settings: &mut Settings) -> Self {
        let builder = RetryBudget::builder("stock");
        let ratio = settings.number("ratio").unwrap_or(RetryBudget::DEFAULT_RATIO);
        let capacity = settings.number("capacity").unwrap_or(RetryBudget::DEFAULT_CAPACITY);
        let budget = builder.ratio(ratio).capacity(capacity).build().ok();
        Self { budget, decision: "none", granted: 0 }
    }

    fn advance(&mut self, _by: Duration) {}

    fn step(&mut self, event: &[&str]) {
        match *event {
            ["call"] => self.deposit(),
            ["retry"] => self.withdraw(),
            ["call-and-retry"] => {
                self.deposit();
                self.withdraw();
            }
            ["end"] => {}
            _ => panic!("`{}` is no event", event.join(" ")),
        }
    }

    fn observe(&self, key: &str) -> Option<String> {
        Some(match key {
            "decision" => self.decision.to_owned(),
            "granted" => self.granted.to_string(),
            "tokens" => self.budget.as_ref().map_or(-1.0, RetryBudget::tokens).to_string(),
            _ => return None,
        })
    }

    fn key_of(word: &str) -> Option<&'static str> {
        matches!(word, "granted" | "refused" | "invalid").then_some("decision")
    }
}

impl Budget {
    fn deposit(&mut self) {
        match &self.budget {
            Some(budget) => budget.deposit(),
            None => self.decision = "invalid",
        }
    }

    fn withdraw(&mut self) {
        self.decision = match &self.budget {
            None => "invalid",
            Some(budget) if budget.withdraw().is_ok() => "granted",
            Some(_) => "refused",
        };
        self.granted += u32::from(self.decision == "granted");
    }
}

#[test]
fn as_the_interval_functions_of_resilience4j() {
    replay::<Schedule>(&tables::RESILIENCE4J_INTERVALS);
}

#[test]
fn as_the_delays_of_polly() {
    replay::<Schedule>(&tables::POLLY_DELAYS);
}

#[test]
fn as_the_backoffs_of_finagle() {
    replay::<Schedule>(&tables::FINAGLE_BACKOFF);
}

#[test]
fn as_the_budget_of_finagle() {
    replay::<Budget>(&tables::FINAGLE_BUDGET);
}

#[test]
fn as_the_throttling_of_grpc() {
    replay::<Budget>(&tables::GRPC_THROTTLING);
}

#[test]
fn as_the_budget_of_failsafe_go() {
    replay::<Budget>(&tables::FAILSAFE_GO_BUDGET);
}
