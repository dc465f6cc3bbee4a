//! What users test with, tested: time, scripts and assertions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use expect_test::expect;
use reliability::error::{Class, Fault, Reason, Rejected};
use reliability::resilience::breaker::{Breaker, Settings, State};
use reliability::resilience::{Backoff, Bulkhead, Jitter, Policy, Retry, RetryBudget};
use reliability::testing::{self, FakeTime, Period, Script, assert_policy};
use reliability::time::{Clock, ManualClock};

#[derive(Debug, Clone, PartialEq, Fault)]
enum Failed {
    #[fault(transient)]
    Reset,
    #[fault(permanent)]
    Unknown,
    #[fault(from)]
    Rejected(Rejected),
}

const MILLI: Duration = Duration::from_millis(1);

fn policy(name: &'static str) -> Policy {
    let breaker = Breaker::builder(name).settings(Settings::consecutive()).build().unwrap();
    let backoff = Backoff::constant(100 * MILLI).jitter(Jitter::None);
    Policy::builder(name)
        .fallback()
        .retry(Retry::attempts(2).backoff(backoff).budget(RetryBudget::standard(name)))
        .breaker(breaker)
        .timeout(50 * MILLI)
        .build()
        .unwrap()
}

/// The message of the panic that the code ends in.
fn message(code: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(code)).expect_err("it panics");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn an_hour_of_outage_takes_no_time_and_goes_step_by_step() {
    testing::run(|time| async move {
        let policy = policy("outage");
        let watched = testing::watch(&policy);
        let inventory = Script::<u32, Failed>::named("inventory").hang().times(5).ok(7).forever();
        for _ in 0..3 {
            assert!(policy.call(|| inventory.call()).await.is_err());
        }
        watched.saw().breaker_is(State::Open).breaker_opened(1);
        time.pass("4s").await;
        assert!(policy.call(|| inventory.call()).await.is_err());
        time.pass(Duration::from_secs(3_600)).await;
        for _ in 0..3 {
            assert_eq!(policy.call(|| inventory.call()).await, Ok(7));
        }
        let saw = watched.saw().breaker_is(State::Closed).breaker_opened(1);
        saw.ok(3)
            .rejected(Reason::TimedOut, 2)
            .rejected(Reason::BreakerOpen, 2)
            .retries(3)
            .nothing_else();
        assert_eq!((inventory.calls(), inventory.cancelled(), inventory.in_flight()), (8, 5, 0));
        assert!(time.elapsed() > Duration::from_secs(3_604));
    });
}

#[test]
fn what_happens_while_time_passes_happens_at_its_time() {
    testing::run(|time| async move {
        let script = Script::<u32, Failed>::new().ok(1).after("30ms").times(3);
        let calls: Vec<_> = [10, 20, 50]
            .map(|begin| {
                let (script, time) = (script.clone(), time.clone());
                tokio::spawn(async move {
                    time.pass(begin * MILLI).await;
                    script.call().await.unwrap();
                    time.elapsed()
                })
            })
            .into();
        time.pass("45ms").await;
        assert_eq!((script.calls(), script.in_flight()), (2, 1));
        time.pass("1s").await;
        let mut ends = Vec::new();
        for call in calls {
            ends.push(call.await.unwrap());
        }
        assert_eq!(ends, [40 * MILLI, 50 * MILLI, 80 * MILLI]);
        assert_eq!(script.times_of_calls(), [Duration::ZERO, 10 * MILLI, 40 * MILLI]);
    });
}

#[tokio::test(start_paused = true)]
async fn clocks_that_were_given_to_builders_follow() {
    let time = FakeTime::new();
    let manual = ManualClock::new();
    time.follow(&manual);
    let before = [time.clock(), manual.clock(), Clock::precise()].map(|clock| clock.now());
    time.pass("2m").await;
    let after = [time.clock(), manual.clock(), Clock::precise()].map(|clock| clock.now());
    for (before, after) in before.into_iter().zip(after) {
        assert_eq!(after.saturating_duration_since(before), Duration::from_secs(120));
    }
    assert_eq!(time.now(), after[0]);
}

#[tokio::test(start_paused = true)]
async fn settling_lets_tasks_run_and_no_time_pass() {
    let time = FakeTime::new();
    let bulkhead = Bulkhead::builder("b").concurrent(1).build().unwrap();
    let inside = bulkhead.try_enter_owned().unwrap();
    let waiting = tokio::spawn({
        let bulkhead = bulkhead.clone();
        async move { bulkhead.enter().await.map(drop) }
    });
    time.settle().await;
    assert_eq!(bulkhead.queued(), 1);
    drop(inside);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!(time.elapsed(), Duration::ZERO);
}

#[test]
fn a_script_gives_its_answers_in_order_to_all_its_clones() {
    testing::run(|_| async {
        let script = Script::new().ok(1).err(Failed::Reset).times(2).panic().ok(2).forever();
        let other = script.clone();
        assert_eq!(script.call().await, Ok(1));
        assert_eq!(other.call().await, Err(Failed::Reset));
        drop(other.call());
        assert_eq!(script.call().await, Err(Failed::Reset));
        let panicked = tokio::spawn(other.call()).await.unwrap_err();
        assert!(panicked.is_panic());
        for _ in 0..100 {
            assert_eq!(script.call().await, Ok(2));
        }
        script.assert_used_up();
        assert_eq!((script.calls(), script.cancelled()), (104, 0), "one was never polled");
    });
}

#[test]
fn a_script_that_is_at_its_end_says_so() {
    let calls = |script: Script<u32, Failed>, calls: usize| {
        message(move || {
            testing::run(|_| async move {
                for _ in 0..calls {
                    script.call().await.unwrap();
                }
            });
        })
    };
    expect![
        "`inventory` has 2 answers, and this is call 3; add an answer, or end with `.forever()`"
    ]
    .assert_eq(&calls(Script::named("inventory").ok(1).times(2), 3));
    expect!["the script says so"].assert_eq(&calls(Script::new().panic(), 1));
    let unused = Script::<u32, Failed>::named("inventory").ok(1).times(3).hang();
    expect!["`inventory` was called 0 times and has 4 answers left"]
        .assert_eq(&message(|| unused.assert_used_up()));
    expect!["`after` says more of an answer: write it behind `ok`, `err` or `hang`"]
        .assert_eq(&message(|| drop(Script::<u32, Failed>::new().after("1s"))));
    expect!["an answer that is given 0 times is none: leave it out"]
        .assert_eq(&message(|| drop(Script::<u32, Failed>::new().ok(1).times(0))));
    expect![
        "`1 parsec` is no duration: the unit `parsec` is unknown: write ns, us, ms, s, m, h or d"
    ]
    .assert_eq(&message(|| assert_eq!(Period::from("1 parsec"), Period::from(MILLI))));
}

/// One of each kind of end.
async fn endings(policy: &Policy) {
    let script = Script::new()
        .ok(1)
        .err(Failed::Unknown)
        .err(Failed::Reset)
        .times(2)
        .hang()
        .panic()
        .err(Failed::Unknown);
    assert_eq!(policy.call(|| script.call()).await, Ok(1));
    assert_eq!(policy.call(|| script.call()).await, Err(Failed::Unknown));
    assert_eq!(policy.call(|| script.call()).await, Err(Failed::Reset));
    let hanging = tokio::time::timeout(MILLI, policy.call(|| script.call()));
    assert!(hanging.await.is_err());
    let panicking = tokio::spawn({
        let (policy, script) = (policy.clone(), script.clone());
        async move { policy.call(|| script.call()).await }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert_eq!(policy.call_or(|| script.call(), |_| async { Ok(9) }).await, Ok(9));
    script.assert_used_up();
}

#[test]
fn each_count_can_be_asserted_and_what_is_not_is_found() {
    testing::run(|_| async {
        let policy = policy("each-count");
        assert_policy(&policy).nothing_else();
        endings(&policy).await;
        let watched = testing::watch(&policy);
        for assertions in [assert_policy(&policy), {
            endings(&policy).await;
            watched.saw()
        }] {
            assertions
                .ok(1)
                .failed(Class::Permanent, 2)
                .failed(Class::Transient, 1)
                .retries(1)
                .cancelled(1)
                .panicked(1)
                .fallbacks(1)
                .retries_denied(0)
                .breaker_opened(0)
                .breaker_is(State::Closed)
                .nothing_else();
        }
    });
}

#[test]
fn an_assertion_that_fails_shows_everything_that_was_counted() {
    testing::run(|_| async {
        let policy = policy("readable");
        let watched = testing::watch(&policy);
        expect![[r#"
            policy `readable`: it should have counted 1 ok, but counted 0
            counted since it is watched:
                nothing"#]]
        .assert_eq(&message(|| drop(watched.saw().ok(1))));
        endings(&policy).await;
        expect![[r#"
            policy `readable`: it should have counted 3 rejected for breaker_open, but counted 0
            counted since it is watched:
                1 ok
                1 cancelled
                1 panicked
                1 retries
                1 fallbacks
                1 failed as transient
                2 failed as permanent"#]]
        .assert_eq(&message(|| drop(watched.saw().ok(1).rejected(Reason::BreakerOpen, 3))));
        expect![[r#"
            policy `readable`: nothing else should be counted, but it counted 1 cancelled, 1 panicked, 1 fallbacks, 1 failed as transient, 2 failed as permanent
            counted since it is watched:
                1 ok
                1 cancelled
                1 panicked
                1 retries
                1 fallbacks
                1 failed as transient
                2 failed as permanent"#]].assert_eq(&message(|| watched.saw().ok(1).retries(1).nothing_else()));
        expect![[r#"
            policy `readable`: its breaker should be open, but is closed
            counted since it was built:
                1 ok
                1 cancelled
                1 panicked
                1 retries
                1 fallbacks
                1 failed as transient
                2 failed as permanent"#]]
        .assert_eq(&message(|| drop(assert_policy(&policy).breaker_is(State::Open))));
        let plain = Policy::builder("plain").timeout(MILLI).build().unwrap();
        expect![[r#"
            policy `plain`: its breaker should be open, but is absent
            counted since it was built:
                nothing"#]]
        .assert_eq(&message(|| drop(assert_policy(&plain).breaker_is(State::Open))));
    });
}
