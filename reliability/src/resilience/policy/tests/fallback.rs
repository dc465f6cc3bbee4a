use super::*;

#[tokio::test(start_paused = true)]
async fn the_fallback_gets_the_error_and_bounds_are_as_written() {
    let policy = Policy::builder("p").fallback().timeout(10 * MS).build().unwrap();
    let answer = policy
        .call_or(pending::<Result<String, E>>, |error| async move { Ok(format!("{error:?}")) })
        .await;
    assert_eq!(answer, Ok("Refused(TimedOut)".to_string()));
    assert_eq!(policy.totals().fallbacks(), 1);

    let hurried =
        Policy::builder("p").deadline(10 * MS).fallback().timeout(5 * MS).build().unwrap();
    let answer: Result<u32, E> = hurried.call_or(pending, |_| pending()).await;
    assert_eq!(answer, Err(E::Refused(Reason::DeadlineExceeded)));

    let late = Policy::builder("p").deadline(10 * MS).fallback().build().unwrap();
    let answer: Result<u32, E> = late.call_or(pending, |_| async { Ok(1) }).await;
    assert_eq!(answer, Err(E::Refused(Reason::DeadlineExceeded)), "the deadline is outermost");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_error_does_not_reach_the_fallback() {
    let policy = Policy::builder("p").fallback().timeout(MS).build().unwrap();
    let answer: Result<u32, E> =
        policy.call_or(|| async { Err(E::Of(Class::Cancelled)) }, |_| async { Ok(1) }).await;
    assert_eq!(answer, Err(E::Of(Class::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_under_the_deadline_sees_it() {
    let policy =
        Policy::builder("p").deadline(100 * MS).fallback().timeout(30 * MS).build().unwrap();
    let fallback = |_| async { Ok::<_, E>(Deadline::current()) };
    let start = Deadline::after(100 * MS);
    assert_eq!(policy.call_or(pending, fallback).await, Ok(Some(start)));

    let outside = Policy::builder("p").fallback().deadline(100 * MS).build().unwrap();
    assert_eq!(outside.call_or(pending, fallback).await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn dropping_or_breaking_the_fallback_leaves_the_count_as_it_was() {
    for polls in 1..=2 {
        let policy = full_policy();
        let failing = || async { Err::<(), _>(PERMANENT) };
        assert!(drop_after(polls, policy.call_or(failing, |_| pending())).await.is_none());
        assert_eq!(policy.totals().failed(Class::Permanent), 1);
        assert_eq!((policy.totals().finished(), policy.totals().fallbacks()), (1, 1));
        assert_whole(&policy).await;
    }
    let policy = full_policy();
    let clone = policy.clone();
    let call = async move {
        let failing = || async { Err::<(), _>(PERMANENT) };
        clone.call_or(failing, |_| async { panic!("the fallback's own") }).await
    };
    assert!(tokio::spawn(call).await.is_err());
    assert_eq!((policy.totals().finished(), policy.totals().panicked()), (1, 0));
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_excluded_do_not_reach_the_fallback() {
    let policy = Policy::builder("p").timeout(MS).build().unwrap();
    for (outcome, asked) in [(TRANSIENT, true), (PERMANENT, false), (E::After(MS), true)] {
        let classifier = Classifier::by_fault().fallback_except(&[Class::Permanent]);
        let mut call = Call::new(&policy, &classifier);
        let failed = call.attempt(async { Err::<(), _>(outcome.clone()) }).await;
        let failure = call.conclude(failed).unwrap_err();
        assert_eq!(call.wants_fallback(&failure), asked, "{outcome:?}");
    }
    let classifier = Classifier::<E>::by_fault().fallback_except(&[Class::Transient]);
    let mut call = Call::new(&policy, &classifier);
    let late = call.attempt(pending::<Result<(), E>>()).await;
    let failure = call.conclude(late).unwrap_err();
    assert!(!call.wants_fallback(&failure), "a timeout is transient");
}
