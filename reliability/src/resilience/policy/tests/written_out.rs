//! [`Policy::call`] is a future with a name; what it stands for is the loop that `#[resilient]` writes
//! out, as [`Policy::call_classified`] has it. Whatever the work does, both count the same.

use core::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use proptest::prelude::*;
use tokio::runtime::Builder;

use super::*;
use crate::resilience::rate_limit::Quota;
use crate::resilience::{ConcurrencyLimit, Hedge, RateLimit};

/// What one request does, once it has waited that long.
#[derive(Debug, Clone, Copy)]
enum Does {
    Answers,
    Fails(Class),
    AsksForTime,
    Hangs,
    Panics,
    PanicsWhenMade,
    PanicsWhenDropped,
}

#[derive(Debug, Clone)]
struct Plan {
    layers: u8,
    attempts: u32,
    pause: u64,
    hedge: Option<u64>,
    /// For each call, after how many polls it is dropped, and what its requests do.
    calls: Vec<(usize, Vec<(u64, Does)>)>,
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        4 => Just(Does::Answers),
        4 => Just(Does::Fails(Class::Transient)),
        1 => Just(Does::Fails(Class::Permanent)),
        1 => Just(Does::Fails(Class::Overloaded)),
        1 => Just(Does::Fails(Class::Cancelled)),
        1 => Just(Does::AsksForTime),
        1 => Just(Does::Hangs),
        1 => Just(Does::Panics),
        1 => Just(Does::PanicsWhenMade),
        1 => Just(Does::PanicsWhenDropped),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let request = (prop_oneof![Just(0), Just(1), 5_u64..40, 80_u64..120], does());
    let call = (1_usize..12, prop::collection::vec(request, 0..5));
    let hedge = prop::option::of(5_u64..30);
    let calls = prop::collection::vec(call, 1..8);
    let all = (any::<u8>(), 1_u32..4, prop_oneof![Just(0), 1_u64..40], hedge, calls);
    all.prop_map(|(layers, attempts, pause, hedge, calls)| Plan {
        layers,
        attempts,
        pause,
        hedge,
        calls,
    })
}

fn policy(plan: &Plan) -> Policy {
    let with = |bit: u8| plan.layers >> bit & 1 == 1;
    let breaker = || {
        let rules = breaker::Settings::standard().min_calls(2).open_for(50 * MS).open_jitter(0.0);
        Breaker::builder("b").settings(rules).build().unwrap()
    };
    let deadline = if with(0) { 150 * MS } else { Duration::from_secs(60) };
    let mut builder = Policy::builder("p").deadline(deadline);
    if plan.attempts > 1 {
        let budget = RetryBudget::builder("r").capacity(4).build().unwrap();
        let retry = retrying(plan.attempts, Duration::from_millis(plan.pause));
        builder = builder.retry(retry.budget(budget));
    }
    if with(1) {
        builder = builder.breaker(breaker());
    }
    if with(2) {
        let limit = RateLimit::builder("l").quota(Quota::per_second(20).burst(3)).wait(20 * MS);
        builder = builder.rate_limit(limit.build().unwrap());
    }
    if with(3) {
        builder = builder.concurrency_limit(ConcurrencyLimit::standard("c"));
    }
    if with(4) {
        builder = builder.bulkhead(Bulkhead::builder("h").concurrent(1).build().unwrap());
    }
    if with(5) && plan.hedge.is_none() {
        builder = builder.timeout(60 * MS);
    }
    if let Some(after) = plan.hedge {
        builder = builder.hedge(Hedge::after(Duration::from_millis(after)).max(2));
    }
    builder.build().unwrap()
}

/// Without a word about it.
fn panics() -> ! {
    resume_unwind(Box::new("the work's own"))
}

/// A request that is under way.
struct Request {
    does: Does,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Request {
    fn new((millis, does): (u64, Does)) -> Self {
        if matches!(does, Does::PanicsWhenMade) {
            panics();
        }
        let sleep = (millis > 0).then(|| Box::pin(tokio::time::sleep(millis as u32 * MS)));
        Self { does, sleep }
    }
}

impl Future for Request {
    type Output = Result<u32, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<u32, E>> {
        if let Some(sleep) = &mut self.sleep {
            core::task::ready!(sleep.as_mut().poll(cx));
        }
        match self.does {
            Does::Answers | Does::PanicsWhenDropped => Poll::Ready(Ok(7)),
            Does::Fails(class) => Poll::Ready(Err(E::Of(class))),
            Does::AsksForTime => Poll::Ready(Err(E::After(15 * MS))),
            Does::Hangs => Poll::Pending,
            Does::Panics | Does::PanicsWhenMade => panics(),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if matches!(self.does, Does::PanicsWhenDropped) && !std::thread::panicking() {
            panics();
        }
    }
}

/// What a run showed: how each call ended and when, and what the policy has counted.
async fn shown(plan: &Plan, named: bool) -> Vec<alloc::string::String> {
    let (policy, began) = (policy(plan), Clock::precise().now());
    let mut seen = Vec::new();
    for (polls, script) in &plan.calls {
        let next = Cell::new(0);
        let make = || {
            let at = next.replace(next.get() + 1);
            Request::new(script.get(at).copied().unwrap_or((0, Does::Answers)))
        };
        let mut call: Pin<Box<dyn Future<Output = Result<u32, E>> + '_>> = match named {
            true => Box::pin(policy.call(make)),
            false => Box::pin(policy.call_classified(Classifier::by_fault(), make)),
        };
        let mut ended = ControlFlow::Continue(());
        for _ in 0..*polls {
            let once = poll_fn(|cx| {
                Poll::Ready(catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))))
            });
            match once.await {
                Ok(Poll::Pending) => tokio::time::advance(7 * MS).await,
                Ok(Poll::Ready(result)) => {
                    ended = ControlFlow::Break(Ok(result));
                    break;
                }
                Err(_) => {
                    ended = ControlFlow::Break(Err("panicked"));
                    break;
                }
            }
        }
        // The loop of one that has panicked is gone already, and with it what panics when it goes.
        drop(catch_unwind(AssertUnwindSafe(|| drop(call))));
        let (made, at) = (next.get(), since(began));
        let tokens = policy.retry_budget().map(RetryBudget::tokens);
        let (latency, attempts) = (policy.latency(), policy.attempt_latency());
        seen.push(alloc::format!(
            "{ended:?} {made} {at:?} {tokens:?} {latency:?} {attempts:?} {policy:?}"
        ));
    }
    seen
}

proptest! {
    #[test]
    fn a_call_counts_what_the_loop_counts_that_it_stands_for(plan in plan()) {
        let run = |named| {
            let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.unwrap().block_on(shown(&plan, named))
        };
        prop_assert_eq!(run(true), run(false));
    }
}
