//! Layers together, and calls that are dropped on their way.
//!
//! | event | what happens |
//! |---|---|
//! | `call a err err ok` | a call begins; its attempts end so, one after the other, and further ones as the last |
//! | `a drop` | the future of the call `a` is dropped |
//! | `ask a err ok` | the same, for an answer that the cache may have |
//! | `hold` | somebody else takes a place in the bulkhead, or in the adaptive limit |
//! | `use` | somebody else uses a permit of the rate limit |
//! | `trip` | calls of others fail until the breaker is not closed any more |
//! | `look` | nothing |
//!
//! An attempt ends `ok`, `err` (transient), `fatal` (permanent), `panic`, or never (`hang`); with
//! `100ms:ok`, after that time. `a=ok` is what has become of the call `a`: `running`, `ok`, `fallback`
//! when the answer is the fallback's, `err`, `fatal`, the reason of a refusal, `cancelled` or
//! `panicked`. `runs` is how often the work began, `dropped` how often it was dropped before its end.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::error::Class;
use reliability::resilience::bulkhead::OwnedPermit;
use reliability::resilience::cache::Sharing;
use reliability::resilience::concurrency_limit::{self, Priority};
use reliability::resilience::rate_limit::{Algorithm, Quota};
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Cache, ConcurrencyLimit, Hedge, Jitter, Layer, Policy,
    PolicyBuilder, RateLimit, Retry, RetryBudget, breaker,
};

use super::replay::{Subject, replay};
use super::table::{Settings, duration, number};
use super::tables;
use super::tasks::{Status, Tasks};
use crate::failed::Failed;

struct Stack {
    /// `None` where the builder refused the settings.
    policy: Option<Policy>,
    tasks: Tasks,
    fallback: Action,
    runs: Arc<AtomicU32>,
    dropped: Arc<AtomicU32>,
    held: Vec<OwnedPermit>,
    inside: Vec<concurrency_limit::OwnedPermit>,
    begun: bool,
}

/// How one run of the work ends, and after what time.
#[derive(Clone, Copy)]
struct Action {
    after: Duration,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Failed(Class),
    Panic,
    Never,
}

/// Counts work that is dropped before it has ended.
struct Running {
    dropped: Arc<AtomicU32>,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.dropped.fetch_add(u32::from(!self.ended), Ordering::Relaxed);
    }
}

impl Action {
    fn parse(word: &str) -> Self {
        let (after, end) = word.split_once(':').unwrap_or(("0s", word));
        let end = match end {
            "ok" => End::Ok,
            "err" => End::Failed(Class::Transient),
            "fatal" => End::Failed(Class::Permanent),
            "panic" => End::Panic,
            "hang" => End::Never,
            _ => panic!("no work ends `{end}`"),
        };
        Self { after: duration(after), end }
    }

    async fn run<T>(self, answer: T) -> Result<T, Failed> {
        if !self.after.is_zero() {
            tokio::time::sleep(self.after).await;
        }
        match self.end {
            End::Ok => Ok(answer),
            End::Failed(class) => Err(Failed::As(class)),
            End::Panic => resume_unwind(Box::new("the work gave up")),
            End::Never => std::future::pending().await,
        }
    }
}

impl Subject for Stack {
    fn new(settings: &mut Settings) -> Self {
        let tasks = Tasks::new();
        let fallback = settings.take("fallback").unwrap_or_else(|| "ok".to_owned());
        let policy = tasks.enter(|| builder(settings).build()).ok();
        Self {
            policy,
            tasks,
            fallback: Action::parse(&fallback),
            runs: Arc::default(),
            dropped: Arc::default(),
            held: Vec::new(),
            inside: Vec::new(),
            begun: false,
        }
    }

    fn advance(&mut self, by: Duration) {
        self.tasks.advance(by);
    }

    fn step(&mut self, event: &[&str]) {
        self.begun = true;
        let Some(policy) = self.policy.clone() else { return };
        match *event {
            ["look"] => {}
            ["hold"] => {
                if let Some(bulkhead) = policy.bulkhead() {
                    self.held.push(bulkhead.try_enter_owned().unwrap());
                }
                if let Some(limit) = policy.concurrency_limit() {
                    let permit = self.tasks.enter(|| limit.acquire_owned(Priority::Critical));
                    self.inside.push(permit.unwrap());
                }
            }
            ["use"] => {
                let limit = policy.rate_limit().expect("a rate limit");
                assert!(self.tasks.enter(|| limit.check()).is_allowed());
            }
            ["trip"] => {
                let breaker = policy.breaker().expect("a breaker to trip");
                // Outside of the runtime the clock of the breaker would not stand still.
                self.tasks.enter(|| {
                    while breaker.state() == breaker::State::Closed {
                        breaker.acquire().unwrap().failure();
                    }
                });
            }
            [how @ ("call" | "ask"), name, ref script @ ..] => {
                let script = script.iter().map(|word| Action::parse(word)).collect();
                self.call(policy, name, how == "ask", script);
            }
            [name, "drop"] => self.tasks.cancel(name),
            _ => panic!("`{}` is no event", event.join(" ")),
        }
    }

    fn observe(&self, key: &str) -> Option<String> {
        let Some(policy) = &self.policy else {
            return (key == "made").then(|| if self.begun { "no" } else { "unknown" }.into());
        };
        let totals = policy.totals();
        let breaker = || {
            let breaker = policy.breaker().expect("a breaker to look at");
            self.tasks.enter(|| breaker.snapshot())
        };
        let bulkhead = || policy.bulkhead().expect("a bulkhead to look at");
        Some(match key {
            "made" => "yes".into(),
            "runs" => self.runs.load(Ordering::Relaxed).to_string(),
            "dropped" => self.dropped.load(Ordering::Relaxed).to_string(),
            "succeeded" => totals.ok().to_string(),
            "retries" => totals.retries().to_string(),
            "denied" => totals.retries_denied().to_string(),
            "hedges" => totals.hedges().to_string(),
            "hedges_denied" => totals.hedges_denied().to_string(),
            "hits" => policy.cache().expect("a cache").snapshot().hits.to_string(),
            "fallbacks" => totals.fallbacks().to_string(),
            "cancelled" => totals.cancelled().to_string(),
            "finished" => totals.finished().to_string(),
            "state" => breaker().state.to_string(),
            "calls" => breaker().window.calls.to_string(),
            "failures" => breaker().window.failures.to_string(),
            "in_use" => bulkhead().in_use().to_string(),
            "queued" => bulkhead().queued().to_string(),
            "tokens" => policy.retry_budget().expect("a budget").tokens().to_string(),
            name => self.tasks.status(name).unwrap_or_else(|| "not begun".into()),
        })
    }

    fn key_of(word: &str) -> Option<&'static str> {
        breaker::State::ALL.iter().any(|state| state.as_str() == word).then_some("state")
    }
}

impl Stack {
    fn call(&mut self, policy: Policy, name: &str, cached: bool, script: Vec<Action>) {
        let (runs, dropped) = (Arc::clone(&self.runs), Arc::clone(&self.dropped));
        let fallback = self.fallback;
        let mut made = 0;
        let work = move || {
            let action = script[made.min(script.len() - 1)];
            made += 1;
            let (runs, dropped) = (Arc::clone(&runs), Arc::clone(&dropped));
            async move {
                runs.fetch_add(1, Ordering::Relaxed);
                let mut running = Running { dropped, ended: false };
                let outcome = action.run("ok").await;
                running.ended = true;
                outcome
            }
        };
        self.tasks.begin(name, "running", |status| async move {
            let outcome = if cached {
                policy.call_cached("the answer", Sharing::values(), work).await
            } else if policy.layers().contains(&Layer::Fallback) {
                policy.call_or(work, |_| fallback.run("fallback")).await
            } else {
                policy.call(work).await
            };
            tell(&status, &outcome);
        });
    }
}

fn tell(status: &Status, outcome: &Result<&str, Failed>) {
    status.set(match outcome {
        Ok(answer) => answer,
        Err(Failed::As(Class::Transient)) => "err",
        Err(Failed::As(_)) => "fatal",
        Err(Failed::Refused(rejected)) => rejected.reason().as_str(),
    });
}

/// Adds the layers in the order in which they are written, each with its settings.
fn builder(settings: &mut Settings) -> PolicyBuilder {
    let layers = settings.take("layers").expect("a policy has layers");
    let attempts = settings.number("attempts").unwrap_or(3);
    let delay = settings.duration("delay").unwrap_or_default();
    let mut retry =
        Retry::attempts(attempts).backoff(Backoff::constant(delay).jitter(Jitter::None));
    let budget = settings.take("budget").map(|budget| {
        let (ratio, capacity) = pair(&budget);
        let budget = RetryBudget::builder("stock").ratio(number(ratio)).capacity(number(capacity));
        budget.build().unwrap()
    });
    if let Some(budget) = budget.clone() {
        retry = retry.budget(budget);
    }
    let mut bulkhead = Bulkhead::builder("stock");
    bulkhead = bulkhead.concurrent(settings.number("concurrent").unwrap_or(64));
    bulkhead = bulkhead.queue(settings.number("queue").unwrap_or(0));
    bulkhead = bulkhead.wait(settings.duration("wait").unwrap_or_default());
    let timeout = settings.duration("timeout");
    let places = settings.number("places");
    let rate = settings.take("rate");
    let rate_wait = settings.duration("rate_wait").unwrap_or_default();
    let hedge = settings.take("hedge");
    let deadline = settings.duration("deadline");
    let mut guard = breaker::Settings::standard();
    for (key, value) in settings.rest() {
        guard = super::breaker::with(guard, &key, &value);
    }
    layers.split(',').fold(Policy::builder("stock"), |policy, layer| match layer {
        "fallback" => policy.fallback(),
        "deadline" => policy.deadline(deadline.expect("a deadline")),
        "retry" => policy.retry(retry.clone()),
        "breaker" => {
            policy.breaker(Breaker::builder("stock").settings(guard.clone()).build().unwrap())
        }
        "bulkhead" => policy.bulkhead(bulkhead.clone().build().unwrap()),
        "timeout" => policy.timeout(timeout.expect("a timeout")),
        "cache" => policy.cache(Cache::builder("stock").build().unwrap()),
        "concurrency_limit" => {
            let places = places.expect("places in the adaptive limit");
            let limit = ConcurrencyLimit::builder("stock").min(places).max(places).initial(places);
            policy.concurrency_limit(limit.build().unwrap())
        }
        "rate_limit" => {
            let (permits, period) = pair(rate.as_deref().expect("a rate"));
            let quota = Quota::new(number(permits), duration(period));
            // In any stretch of time as long as the period, wherever it begins.
            let limit = RateLimit::builder("stock").quota(quota).algorithm(Algorithm::SlidingLog);
            policy.rate_limit(limit.wait(rate_wait).build().unwrap())
        }
        "hedge" => {
            let (after, max) = pair(hedge.as_deref().expect("a hedge"));
            let hedge = Hedge::after(duration(after)).max(number(max));
            let own = budget.clone().filter(|_| !layers.contains("retry"));
            policy.hedge(own.map_or(hedge.clone(), |budget| hedge.budget(budget)))
        }
        _ => panic!("no layer is called `{layer}`"),
    })
}

/// `a/b`.
fn pair(text: &str) -> (&str, &str) {
    text.split_once('/').unwrap_or_else(|| panic!("`{text}` is no pair"))
}

#[test]
fn as_the_compositions_of_failsafe_go() {
    replay::<Stack>(&tables::FAILSAFE_GO_COMPOSITION);
}

#[test]
fn as_the_cancellations_of_failsafe_go() {
    replay::<Stack>(&tables::FAILSAFE_GO_CANCELLATION);
}
