use super::*;
use crate::error::recovery::Degradation;
use crate::resilience::concurrency_limit::{ConcurrencyLimit, Priority};
use crate::resilience::degrade::{Degrade, Measures};
use crate::resilience::{Hedge, Invalid};
use crate::time::ManualClock;

const NONE: Measures = Measures::none();

fn switch() -> Degradation {
    Degradation::builder("search").levels(2).build().unwrap()
}

fn shedding(switch: &Degradation, measures: Measures) -> PolicyBuilder {
    Policy::builder("search").seed(7).degrade(Degrade::when(switch, measures))
}

async fn call_as(policy: &Policy, priority: Priority) -> Result<u32, Rejected> {
    let classifier = Classifier::by_fault();
    let mut call = Call::new(policy, &classifier).with_priority(priority);
    let outcome = call.attempt(async { Ok::<_, Rejected>(7) }).await;
    call.conclude(outcome).map_err(Failure::into_error)
}

#[tokio::test]
async fn while_nothing_is_degraded_a_call_is_as_without() {
    let switch = switch();
    let policy = shedding(&switch, NONE.shed(0.999).without_retries())
        .retry(retrying(3, Duration::ZERO))
        .build()
        .unwrap();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Ok(7)]).await;
    assert_eq!((result, attempts), (Ok(7), 3));
    assert_eq!(policy.degraded().unwrap().not_retried, 0);
}

#[tokio::test]
async fn a_call_that_is_shed_is_told_why_and_for_how_long() {
    let clock = ManualClock::new();
    let lasts = Duration::from_secs(20);
    let switch = Degradation::builder("search").lasts(lasts).clock(clock.clock()).build().unwrap();
    let policy = shedding(&switch, NONE.shed_below(Priority::Normal))
        .breaker(Breaker::standard("search"))
        .build()
        .unwrap();
    switch.raise();
    clock.advance(Duration::from_secs(5));
    let refused = call_as(&policy, Priority::Low).await.unwrap_err();
    assert_eq!((refused.reason(), refused.class()), (Reason::Degraded, Class::Overloaded));
    assert_eq!(refused.policy().as_str(), "search");
    let left = refused.retry_after().unwrap();
    assert!(
        left > Duration::from_millis(14_900) && left <= Duration::from_millis(15_001),
        "{left:?}"
    );
    for priority in [Priority::Critical, Priority::High, Priority::Normal] {
        assert_eq!(call_as(&policy, priority).await, Ok(7), "{priority:?}");
    }
    let now = policy.degraded().unwrap();
    assert_eq!((now.shed(Priority::Low), now.all_shed()), (1, 1));
    assert_eq!(policy.totals().rejected(Reason::Degraded), 1);
    assert_eq!(policy.breaker().unwrap().snapshot().window.calls, 3, "it was not asked");

    // Its time is over without anybody lifting it.
    clock.advance(lasts);
    assert_eq!(call_as(&policy, Priority::Low).await, Ok(7));
    assert_eq!(policy.degraded().unwrap().degradation.lasted, lasts + MS);
}

#[tokio::test]
async fn the_share_that_is_shed_is_what_was_asked_for() {
    let switch = switch();
    let policy = shedding(&switch, NONE.shed(0.25)).build().unwrap();
    switch.raise();
    let mut shed = 0;
    for _ in 0..4_000 {
        shed += u32::from(call_as(&policy, Priority::Critical).await.is_err());
    }
    assert!((900..=1_100).contains(&shed), "{shed} of 4000");
    assert_eq!(policy.degraded().unwrap().all_shed(), u64::from(shed));
}

#[tokio::test]
async fn a_share_of_some_priorities_leaves_the_others_alone() {
    let switch = switch();
    let policy = shedding(&switch, NONE.shed(0.5).shed_below(Priority::High)).build().unwrap();
    switch.raise();
    let mut shed = [0; 4];
    for priority in Priority::ALL {
        for _ in 0..400 {
            shed[priority as usize] += u32::from(call_as(&policy, priority).await.is_err());
        }
    }
    assert_eq!(shed[..2], [0, 0]);
    assert!(shed[2..].iter().all(|shed| (150..=250).contains(shed)), "{shed:?}");
}

#[tokio::test]
async fn without_retries_the_first_attempt_is_the_last() {
    let switch = switch();
    let policy = shedding(&switch, NONE.without_retries())
        .retry(retrying(3, Duration::ZERO))
        .build()
        .unwrap();
    switch.raise();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT)]).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 1));
    let (result, attempts) = scripted(&policy, &[Err(PERMANENT)]).await;
    assert_eq!((result, attempts), (Err(PERMANENT), 1));
    assert_eq!(policy.degraded().unwrap().not_retried, 1, "the other would not have been retried");
    assert_eq!(policy.totals().retries(), 0);
}

/// A call that came in before keeps its retries, and one that came in meanwhile goes without.
#[tokio::test(start_paused = true)]
async fn what_is_done_for_a_call_is_decided_when_it_comes_in() {
    let switch = switch();
    let policy =
        shedding(&switch, NONE.without_retries()).retry(retrying(3, 10 * MS)).build().unwrap();
    let attempts = Cell::new(0);
    let mut before = pin!(policy.call(|| {
        attempts.set(attempts.get() + 1);
        let outcome = if attempts.get() == 3 { Ok(7) } else { Err(TRANSIENT) };
        async { outcome }
    }));
    assert_eq!(poll_once(&mut before).await, None, "it pauses");
    switch.raise();
    let (meanwhile, _) = scripted(&policy, &[Err(TRANSIENT)]).await;
    assert_eq!(meanwhile, Err(TRANSIENT));
    assert_eq!(before.await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn without_hedges_a_request_is_sent_once() {
    let switch = switch();
    let policy =
        shedding(&switch, NONE.without_hedges()).hedge(Hedge::after(10 * MS)).build().unwrap();
    let sent = Cell::new(0);
    let late = || {
        sent.set(sent.get() + 1);
        async {
            tokio::time::sleep(50 * MS).await;
            Ok::<_, E>(7)
        }
    };
    assert_eq!(policy.call(late).await, Ok(7));
    assert_eq!(sent.replace(0), 2);
    switch.raise();
    assert_eq!(policy.call(late).await, Ok(7));
    assert_eq!((sent.get(), policy.totals().hedges()), (1, 1));
}

/// Those that were sent stay, and those that were to come are sent: it was decided when the call came in.
#[tokio::test(start_paused = true)]
async fn a_call_under_way_keeps_its_hedges_when_the_switch_rises() {
    for raised_after in [5, 15, 25] {
        let switch = switch();
        let hedge = Hedge::after(10 * MS).max(2);
        let policy = shedding(&switch, NONE.without_hedges()).hedge(hedge).build().unwrap();
        let sent = Cell::new(0);
        let requests = || {
            sent.set(sent.get() + 1);
            let number = sent.get();
            async move {
                // Only the last one, sent after 20 ms, has an answer.
                tokio::time::sleep(if number == 3 { 10 * MS } else { 500 * MS }).await;
                Ok::<_, E>(number)
            }
        };
        let mut call = pin!(policy.call(requests));
        assert_eq!(poll_once(&mut call).await, None);
        tokio::select! {
            biased;
            early = &mut call => panic!("{early:?}"),
            () = tokio::time::sleep(raised_after * MS) => assert_eq!(switch.raise(), 1),
        }
        assert_eq!(call.await, Ok(3), "raised after {raised_after} ms");
        assert_eq!((policy.totals().hedges(), policy.totals().hedges_won()), (2, 1));
    }
}

/// The predicate is asked whether a call would have been retried, to count it.
#[tokio::test]
async fn a_panic_in_the_predicate_gives_back_what_a_degraded_call_held() {
    let switch = switch();
    let bulkhead = Bulkhead::builder("search").concurrent(1).build().unwrap();
    let policy = shedding(&switch, NONE.without_retries())
        .retry(retrying(3, Duration::ZERO))
        .bulkhead(bulkhead.clone())
        .build()
        .unwrap();
    let retries = |error: &E| match error {
        E::Of(Class::Transient) => true,
        _ => panic!("no such error"),
    };
    let classifier = Classifier::when(retries);
    switch.raise();
    let mut run = Box::pin(async {
        let mut call = Call::new(&policy, &classifier);
        let outcome = call.attempt(async { Err::<u32, _>(PERMANENT) }).await;
        call.judge(outcome)
    });
    let polled = std::panic::AssertUnwindSafe(|| {
        run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    });
    assert!(std::panic::catch_unwind(polled).is_err());
    assert_eq!(bulkhead.in_use(), 0);
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT)]).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 1), "and it works as before");
}

#[tokio::test]
async fn a_part_of_a_concurrency_limit_is_all_that_is_filled() {
    let switch = switch();
    let limit = ConcurrencyLimit::builder("search").initial(10).build().unwrap();
    let policy =
        shedding(&switch, NONE.concurrency(0.5)).concurrency_limit(limit.clone()).build().unwrap();
    let inside: Vec<_> = (0..5).map(|_| limit.acquire().unwrap()).collect();
    assert_eq!(call_as(&policy, Priority::Critical).await, Ok(7));
    switch.raise();
    let refused = call_as(&policy, Priority::Critical).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Degraded);
    assert_eq!(limit.rejected(Priority::Critical), 0, "the limit itself had room");
    inside.into_iter().for_each(|permit| permit.success());
    assert_eq!(call_as(&policy, Priority::Critical).await, Ok(7));
    assert_eq!((limit.in_flight(), policy.degraded().unwrap().crowded), (0, 1));
}

#[tokio::test]
async fn a_part_of_a_bulkhead_is_filled_and_nobody_waits_for_more() {
    let switch = switch();
    let bulkhead = Bulkhead::builder("search").concurrent(4).queue(10).build().unwrap();
    let policy =
        shedding(&switch, NONE.concurrency(0.5)).bulkhead(bulkhead.clone()).build().unwrap();
    switch.raise();
    let first = bulkhead.try_enter().unwrap();
    assert_eq!(call_as(&policy, Priority::Critical).await, Ok(7));
    let second = bulkhead.try_enter().unwrap();
    let refused = call_as(&policy, Priority::Critical).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Degraded);
    assert_eq!((bulkhead.queued(), bulkhead.in_use()), (0, 2));
    drop((first, second));
    assert_eq!(bulkhead.in_use(), 0);
}

/// A retry finds no more room than the first attempt.
#[tokio::test]
async fn each_attempt_finds_only_a_part_of_the_bulkhead() {
    let switch = switch();
    let bulkhead = Bulkhead::builder("search").concurrent(2).build().unwrap();
    let policy = shedding(&switch, NONE.concurrency(0.5))
        .retry(retrying(2, Duration::ZERO))
        .bulkhead(bulkhead.clone())
        .build()
        .unwrap();
    switch.raise();
    let taken = Cell::new(None);
    let result = policy
        .call(|| {
            taken.set(bulkhead.try_enter().ok());
            async { Err::<u32, _>(TRANSIENT) }
        })
        .await;
    assert_eq!(result, Err(E::Refused(Reason::Degraded)));
}

#[tokio::test]
async fn the_second_level_has_measures_of_its_own() {
    let switch = switch();
    let measures = NONE.shed_below(Priority::Normal);
    let severe = Degrade::when(&switch, measures).severe(measures.shed_below(Priority::Critical));
    let policy = Policy::builder("search").degrade(severe).build().unwrap();
    let mut let_in = Vec::new();
    for level in [0, 1, 2] {
        switch.raise_to(level);
        let mut of_level = 0;
        for priority in Priority::ALL {
            of_level += u32::from(call_as(&policy, priority).await.is_ok());
        }
        let_in.push(of_level);
    }
    assert_eq!(let_in, [4, 3, 1]);
}

#[tokio::test]
async fn the_fallback_answers_and_its_own_answer_is_counted() {
    let switch = switch();
    let policy = Policy::builder("search")
        .fallback()
        .degrade(Degrade::when(&switch, NONE.shed(1.0)))
        .build()
        .unwrap();
    switch.raise();
    let answer = |error: E| async move {
        assert_eq!(error, E::Refused(Reason::Degraded));
        Ok(10)
    };
    assert_eq!(policy.call_or(|| async { Ok(100) }, answer).await, Ok(10));
    assert_eq!((policy.degraded().unwrap().answered, policy.totals().fallbacks()), (1, 1));
}

#[tokio::test]
async fn settings_change_while_it_works() {
    let switch = switch();
    let policy = shedding(&switch, NONE.shed_below(Priority::Normal)).build().unwrap();
    switch.raise();
    assert!(call_as(&policy, Priority::Normal).await.is_ok());
    let change = |measures: Measures| {
        policy.reconfigure(|settings| settings.degrade.as_mut().unwrap().measures = measures)
    };
    change(NONE.shed_below(Priority::High)).unwrap();
    assert!(call_as(&policy, Priority::Normal).await.is_err());
    let invalid: Invalid = change(NONE.shed(1.0)).unwrap_err();
    assert_eq!(invalid.setting(), "shed");
    assert_eq!(policy.settings().degrade.unwrap().measures, NONE.shed_below(Priority::High));
}

/// A builder that is cloned makes policies that count and change by themselves.
#[tokio::test]
async fn policies_of_one_builder_share_the_switch_and_nothing_else() {
    let switch = switch();
    let builder = shedding(&switch, NONE.shed_below(Priority::High));
    let [one, other] = [builder.clone(), builder].map(|builder| builder.build().unwrap());
    one.degradation().unwrap().raise();
    assert!(call_as(&other, Priority::Low).await.is_err());
    assert_eq!(one.degraded().unwrap().all_shed(), 0);
    assert_eq!(other.degraded().unwrap().all_shed(), 1);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_way_out() {
    let switch = switch();
    let told = |measures| shedding(&switch, measures).build().unwrap_err().to_string();
    for (measures, expected) in [
        (NONE, "`search`: `degrade` must be at least one measure"),
        (NONE.without_retries(), "`retry` must be on in a policy without `retry`"),
        (NONE.without_hedges(), "`hedge` must be on in a policy without `hedge`"),
        (NONE.concurrency(0.5), "`concurrency` must be 1 in a policy without"),
        (NONE.concurrency(0.0), "`concurrency` must be above 0, at most 1"),
        (NONE.concurrency(f64::NAN), "`concurrency` must be above 0, at most 1"),
        (NONE.shed(1.0), "`shed` must be below 1 where all calls are meant"),
        (NONE.shed(-0.1), "`shed` must be a share from 0 to 1"),
        (NONE.shed_below(Priority::Low), "`shed_below` must be critical, high or normal"),
    ] {
        assert!(told(measures).contains(expected), "{}", told(measures));
    }
}
