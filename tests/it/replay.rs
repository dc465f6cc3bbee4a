//! Recordings that are gone through again: the same decisions, or the first that is another one.

mod attacks;
mod cached;
mod hedged;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::breaker::{Breaker, Settings, Window};
use reliability::resilience::policy::record::{EventKind, Outcome, Recording, ReplayError};
use reliability::resilience::timeout::Timeout;
use reliability::resilience::{Backoff, Bulkhead, Jitter, Policy, Retry, RetryBudget};
use reliability::sync::Quantile;
use reliability::testing::{self, Script};
use reliability::time::Deadline;

const MILLI: Duration = Duration::from_millis(1);

/// An error of a chosen class, or a refusal.
#[derive(Debug, Clone, PartialEq)]
enum Failed {
    As(Class, Option<Duration>),
    Refused(Rejected),
}

impl Fault for Failed {
    fn class(&self) -> Class {
        match self {
            Failed::As(class, _) => *class,
            Failed::Refused(rejected) => rejected.class(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Failed::As(_, retry_after) => *retry_after,
            Failed::Refused(rejected) => rejected.retry_after(),
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            Failed::As(..) => None,
            Failed::Refused(rejected) => Some(rejected),
        }
    }
}

impl From<Rejected> for Failed {
    fn from(rejected: Rejected) -> Self {
        Failed::Refused(rejected)
    }
}

/// What can be set in a test.
#[derive(Debug, Clone, Copy)]
struct Shape {
    attempts: u32,
    window: u32,
    timed_window: bool,
    concurrent: u32,
    timeout: u32,
    adaptive: bool,
    deadline: u32,
    breaker_outside: bool,
}

fn shape() -> impl Strategy<Value = Shape> {
    let numbers = (1..5_u32, 2..8_u32, 1..4_u32, 5..40_u32, 45..200_u32);
    (numbers, any::<[bool; 3]>()).prop_map(|(numbers, flags)| {
        let (attempts, window, concurrent, timeout, deadline) = numbers;
        let [timed_window, adaptive, breaker_outside] = flags;
        Shape {
            attempts,
            window,
            timed_window,
            concurrent,
            timeout,
            adaptive,
            deadline,
            breaker_outside,
        }
    })
}

fn policy(shape: Shape) -> Policy {
    let window = match shape.timed_window {
        true => Window::time(100 * MILLI),
        false => Window::count(shape.window),
    };
    let breaker = Settings::standard()
        .window(window)
        .min_calls(2)
        .slow_calls(20 * MILLI, 0.7)
        .open_for(30 * MILLI)
        .open_growth(2.0, Duration::from_secs(1))
        .open_jitter(0.5)
        .probes(2);
    let breaker = Breaker::builder("replayed").settings(breaker).seed(7).build().unwrap();
    let budget = RetryBudget::builder("replayed").capacity(3).ratio(0.5).build().unwrap();
    let retry = Retry::attempts(shape.attempts)
        .backoff(Backoff::exponential(7 * MILLI).max(40 * MILLI).jitter(Jitter::Full))
        .budget(budget)
        .retry_after_max(50 * MILLI);
    let bulkhead = Bulkhead::builder("replayed").concurrent(shape.concurrent).queue(2);
    let bulkhead = bulkhead.wait(15 * MILLI).build().unwrap();
    let timeout = match shape.adaptive {
        true => Timeout::adaptive(Quantile::P90).min(2 * MILLI).max(shape.timeout * MILLI).into(),
        false => Timeout::Fixed(shape.timeout * MILLI),
    };
    let builder = Policy::builder("replayed").fallback().deadline(shape.deadline * MILLI);
    let builder = match shape.breaker_outside {
        true => builder.breaker(breaker).retry(retry),
        false => builder.retry(retry).breaker(breaker),
    };
    builder.bulkhead(bulkhead).timeout(timeout).build().unwrap()
}

/// One call: when it begins, what its attempts do, and whether its caller gives up.
#[derive(Debug, Clone)]
struct Plan {
    begins: u32,
    /// Of each attempt: how long it takes, and how it ends.
    attempts: Vec<(u32, u8)>,
    gives_up: Option<u32>,
    deadline: Option<u32>,
}

fn plan() -> impl Strategy<Value = Plan> {
    // As many as there are requests, at most.
    let attempts = prop::collection::vec((prop_oneof![Just(0), 1..60_u32], 0..9_u8), 16);
    let maybe = |most: u32| prop_oneof![4 => Just(None), 1 => (1..most).prop_map(Some)];
    (0..300_u32, attempts, maybe(60), maybe(80)).prop_map(
        |(begins, attempts, gives_up, deadline)| Plan { begins, attempts, gives_up, deadline },
    )
}

fn script(plan: &Plan) -> Script<u32, Failed> {
    plan.attempts.iter().fold(Script::new(), |script, (after, end)| {
        let script = match end {
            0 => script.err(Failed::As(Class::Transient, None)),
            1 => script.err(Failed::As(Class::Permanent, None)),
            2 => script.err(Failed::As(Class::Overloaded, Some(20 * MILLI))),
            3 => script.err(Failed::As(Class::Overloaded, Some(90 * MILLI))),
            4 => script.err(Failed::As(Class::Cancelled, None)),
            5 => script.hang(),
            6 => script.panic(),
            _ => script.ok(7),
        };
        script.after(*after * MILLI)
    })
}

async fn call(policy: Policy, plan: Plan) {
    tokio::time::sleep(plan.begins * MILLI).await;
    let script = script(&plan);
    let call = policy.call_or(|| script.call(), |_| async { Ok(0) });
    let gives_up = plan.gives_up.map_or(Duration::from_secs(60), |after| after * MILLI);
    let ended = match plan.deadline {
        Some(after) => {
            tokio::time::timeout(gives_up, Deadline::after(after * MILLI).scope(call)).await
        }
        None => tokio::time::timeout(gives_up, call).await,
    };
    drop(ended);
}

/// A run of those calls, recorded.
fn record(build: impl FnOnce() -> Policy, plans: &[Plan]) -> Recording {
    // Panics of the script are a part of the run.
    testing::run(|_| async {
        let policy = build();
        let recorded = policy.record(100_000);
        let calls: Vec<_> =
            plans.iter().map(|plan| tokio::spawn(call(policy.clone(), plan.clone()))).collect();
        for call in calls {
            drop(call.await);
        }
        recorded.finish()
    })
}

fn recorded(shape: Shape, plans: &[Plan]) -> Recording {
    record(|| policy(shape), plans)
}

fn quietly<T>(run: impl FnOnce() -> T) -> T {
    use std::panic;
    use std::sync::Once;
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info
                .payload()
                .downcast_ref::<String>()
                .is_none_or(|text| text != "the script says so")
            {
                usual(info);
            }
        }));
    });
    run()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_goes_the_same_way_again(
        shape in shape(),
        plans in prop::collection::vec(plan(), 1..25),
    ) {
        let recording = quietly(|| recorded(shape, &plans));
        prop_assert!(recording.events().len() >= plans.len());
        let replayed = testing::replay(&recording, || Ok(policy(shape)));
        prop_assert!(replayed.is_ok(), "{}\n{recording}", replayed.unwrap_err());
        let read: Recording = recording.to_string().parse().unwrap();
        prop_assert_eq!(read, recording);
    }
}

/// Calls that meet every layer.
fn plans() -> Vec<Plan> {
    let plan = |number: u32| Plan {
        begins: number * 5,
        attempts: (0..16)
            .map(|attempt| ((number + attempt) % 30, (number + attempt) as u8 % 8))
            .collect(),
        gives_up: None,
        deadline: None,
    };
    (0..60).map(plan).collect()
}

const SHAPE: Shape = Shape {
    attempts: 3,
    window: 5,
    timed_window: false,
    concurrent: 2,
    timeout: 20,
    adaptive: false,
    deadline: 100,
    breaker_outside: false,
};

#[test]
fn another_setting_shows_the_first_decision_that_is_another_one() {
    let recording = quietly(|| recorded(SHAPE, &plans()));
    assert_eq!(testing::replay(&recording, || Ok(policy(SHAPE))), Ok(()));
    let others = [
        Shape { attempts: 1, ..SHAPE },
        Shape { concurrent: 1, ..SHAPE },
        Shape { timeout: 18, ..SHAPE },
        Shape { deadline: 22, ..SHAPE },
        Shape { breaker_outside: true, ..SHAPE },
    ];
    for other in others {
        let replayed = testing::replay(&recording, || Ok(policy(other)));
        let Err(ReplayError::Differs(difference)) = replayed else {
            panic!("{other:?}: {replayed:?}");
        };
        assert_eq!(difference.recorded.as_ref(), recording.events().get(difference.index));
        assert_ne!(difference.recorded, difference.now);
        assert!(difference.to_string().contains("recorded: at="), "{difference}");
    }
}

#[test]
fn the_first_difference_is_the_first() {
    let recording = quietly(|| recorded(SHAPE, &plans()));
    let retried = |events: &[reliability::resilience::policy::record::Event]| {
        events.iter().position(|event| matches!(event.kind, EventKind::Retries { .. }))
    };
    let first = retried(recording.events()).unwrap();
    let replayed = testing::replay(&recording, || Ok(policy(Shape { attempts: 1, ..SHAPE })));
    let Err(ReplayError::Differs(difference)) = replayed else { panic!("{replayed:?}") };
    assert_eq!(difference.index, first, "{difference}");
}

#[test]
fn a_run_on_many_threads_goes_the_same_way_again() {
    for round in 0..40_u32 {
        let policy_now =
            || policy(Shape { timeout: 5_000, deadline: 60_000, concurrent: 3, ..SHAPE });
        let recorded_policy = Arc::new(policy_now());
        let recorded = recorded_policy.record(100_000);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
        runtime.block_on(async {
            let calls = (0..200_u32).map(|number| {
                let policy = Arc::clone(&recorded_policy);
                tokio::spawn(async move {
                    let work = || async move {
                        for _ in 0..(number + round) % 4 {
                            tokio::task::yield_now().await;
                        }
                        match number % 5 {
                            0 => Err(Failed::As(Class::Transient, None)),
                            1 => Err(Failed::As(Class::Permanent, None)),
                            _ => Ok(number),
                        }
                    };
                    let call = policy.call_or(work, |_| async { Ok(0) });
                    if number % 7 == 0 {
                        drop(tokio::time::timeout(MILLI / 2, call).await);
                    } else {
                        drop(call.await);
                    }
                })
            });
            for call in calls.collect::<Vec<_>>() {
                call.await.unwrap();
            }
        });
        let recording = recorded.finish();
        assert!(recording.events().len() > 400, "{}", recording.events().len());
        if let Err(error) = testing::replay(&recording, || Ok(policy_now())) {
            panic!("round {round}: {error}");
        }
    }
}

#[test]
fn a_recording_is_bounded_and_says_what_is_missing() {
    let (policy, recording) = testing::run(|_| async {
        let policy = policy(SHAPE);
        let recorded = policy.record(10);
        for _ in 0..50 {
            let script = Script::<u32, Failed>::new().ok(7);
            policy.call(|| script.call()).await.unwrap();
        }
        assert_eq!(recorded.so_far().events().len(), 10);
        (policy.clone(), recorded.finish())
    });
    assert_eq!((recording.events().len(), recording.left_out()), (10, 140));
    assert!(matches!(recording.events()[9].kind, EventKind::Ended(Outcome::Ok)));
    let replayed = testing::replay(&recording, || Ok(policy));
    assert_eq!(replayed, Err(ReplayError::LeftOut(140)));
}

#[test]
fn a_policy_that_is_not_recorded_any_more_is_left_alone() {
    testing::run(|_| async {
        let policy = policy(SHAPE);
        let recorded = policy.record(10);
        let hanging = Script::<u32, Failed>::new().hang().forever();
        let mut call = Box::pin(policy.call(|| hanging.call()));
        assert!(tokio::time::timeout(MILLI, call.as_mut()).await.is_err());
        let recording = recorded.finish();
        assert!(matches!(recording.events().last().unwrap().kind, EventKind::Waits { .. }));
        assert!(call.await.is_err());
        // A second one does not know the calls that began before it.
        let again = policy.record(10);
        assert_eq!(again.so_far(), Recording::default());
    });
}
