use super::*;

#[tokio::test(start_paused = true)]
async fn transient_errors_are_retried_until_one_attempt_succeeds() {
    let policy = Policy::builder("p").retry(retrying(4, 10 * MS)).build().unwrap();
    let start = Clock::precise().now();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Ok(7)]).await;
    assert_eq!((result, attempts), (Ok(7), 3));
    assert_eq!(policy.totals().ok(), 1);
    assert_eq!(policy.totals().retries(), 2);
    assert_eq!(since(start), 20 * MS);
}

#[tokio::test(start_paused = true)]
async fn attempts_count_the_first_call() {
    let policy = Policy::builder("p").retry(retrying(2, MS)).build().unwrap();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Ok(7)]).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 2));
    assert_eq!(policy.totals().failed(Class::Transient), 1);
}

#[tokio::test(start_paused = true)]
async fn permanent_and_cancelled_errors_are_not_retried() {
    let policy = Policy::builder("p").retry(retrying(4, MS)).build().unwrap();
    for class in [Class::Permanent, Class::Cancelled] {
        let (result, attempts) = scripted(&policy, &[Err(E::Of(class)), Ok(7)]).await;
        assert_eq!((result, attempts), (Err(E::Of(class)), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_makes_the_pause_longer_and_never_shorter() {
    let policy = Policy::builder("p").retry(retrying(3, 10 * MS)).build().unwrap();
    for (asked, waited) in [(30 * MS, 30 * MS), (MS, 10 * MS)] {
        let start = Clock::precise().now();
        let (result, _) = scripted(&policy, &[Err(E::After(asked)), Ok(1)]).await;
        assert_eq!(result, Ok(1));
        assert_eq!(since(start), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_us_to_stay_away_for_too_long_is_not_waited_for() {
    let policy =
        Policy::builder("p").retry(retrying(3, MS).retry_after_max(50 * MS)).build().unwrap();
    for (asked, attempts) in [(50 * MS, 2), (51 * MS, 1), (Duration::MAX, 1)] {
        let (_, made) = scripted(&policy, &[Err(E::After(asked)), Ok(1)]).await;
        assert_eq!(made, attempts, "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_earns_no_retries() {
    let budget = RetryBudget::builder("b").ratio(1.0).capacity(10).build().unwrap();
    while budget.withdraw().is_ok() {}
    let breaker = Breaker::builder("p").build().unwrap();
    let retry = retrying(3, MS).budget(budget.clone());
    let policy = Policy::builder("p").retry(retry).breaker(breaker.clone()).build().unwrap();

    breaker.force_open();
    assert_eq!(scripted(&policy, &[Ok(1)]).await.0, Err(E::Refused(Reason::BreakerOpen)));
    assert!(budget.withdraw().is_err());

    breaker.reset();
    assert_eq!(scripted(&policy, &[Ok(1)]).await.0, Ok(1));
    assert!(budget.withdraw().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_times_out_and_is_retried() {
    let policy = Policy::builder("p").retry(retrying(2, MS)).timeout(50 * MS).build().unwrap();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    assert_eq!(policy.totals().retries(), 1);
    assert_eq!(policy.totals().rejected(Reason::TimedOut), 1);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_ends_the_call_with_the_error_it_had() {
    let budget = RetryBudget::builder("b").ratio(0.1).capacity(1).build().unwrap();
    let policy = Policy::builder("p").retry(retrying(5, MS).budget(budget)).build().unwrap();
    let failing = [Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT)];
    let (result, attempts) = scripted(&policy, &failing).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 2));
    assert_eq!(policy.totals().retries_denied(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_key_is_the_same_in_every_attempt() {
    let policy = Policy::builder("p").retry(retrying(3, MS)).build().unwrap();
    let mut call = Call::new(&policy, const { &Classifier::<E>::by_fault() })
        .with_idempotency_key(IdempotencyKey::new("order-17"));
    let mut keys = Vec::new();
    let result: Result<(), Failure<E>> = loop {
        let outcome = call
            .attempt(async {
                tokio::task::yield_now().await;
                keys.push(IdempotencyKey::current().unwrap().to_string());
                Err(TRANSIENT)
            })
            .await;
        match call.judge(outcome) {
            Next::Done(result) => break result,
            Next::Again(pause) => pause.await,
        }
    };
    assert!(result.is_err());
    assert_eq!(keys, ["order-17"; 3]);
    assert_eq!(IdempotencyKey::current(), None);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_key_passes_on_the_one_around_it() {
    let policy = Policy::builder("p").timeout(50 * MS).build().unwrap();
    let key = IdempotencyKey::new("outer");
    let mut outer =
        Call::new(&policy, const { &Classifier::<E>::by_fault() }).with_idempotency_key(key);
    let own = async {
        let key = IdempotencyKey::new("inner");
        let mut inner =
            Call::new(&policy, const { &Classifier::<E>::by_fault() }).with_idempotency_key(key);
        let seen = inner.attempt(async { Ok(IdempotencyKey::current()) }).await;
        inner.conclude(seen).unwrap()
    };
    let seen = outer
        .attempt(async {
            let around = policy.call(|| async { Ok::<_, E>(IdempotencyKey::current()) }).await?;
            Ok((around, own.await, IdempotencyKey::current()))
        })
        .await;
    let texts = seen.map(|(a, b, c)| [a, b, c].map(|key| key.map(|key| key.to_string())));
    let expected = ["outer", "inner", "outer"].map(|key| Some(key.to_string()));
    assert_eq!(outer.conclude(texts), Ok(expected));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_made_once_is_not_repeated() {
    let policy = Policy::builder("p").retry(retrying(5, MS)).build().unwrap();
    let mut call = Call::once(&policy, const { &Classifier::<E>::by_fault() });
    let outcome = call.attempt(async { Err::<(), _>(TRANSIENT) }).await;
    assert!(!call.may_retry());
    assert!(matches!(call.judge(outcome), Next::Done(Err(_))));
}

/// Without the memory each pause would lie between the first and three times the first.
#[test]
fn decorrelated_pauses_remember_the_one_before() {
    let backoff = Backoff::decorrelated(10 * MS).max(Duration::from_secs(60));
    let retry = Retry::attempts(100).backoff(backoff);
    let policy = Policy::builder("p").retry(retry).build().unwrap();
    let mut call = Call::new(&policy, const { &Classifier::<E>::by_fault() });
    let pauses: Vec<_> = (0..99)
        .map(|_| match call.judge(Err::<(), _>(Failure::Error(TRANSIENT))) {
            Next::Again(pause) => pause.duration(),
            Next::Done(_) => Duration::ZERO,
        })
        .collect();
    assert!(pauses.iter().all(|pause| *pause >= 10 * MS));
    assert!(pauses.iter().any(|pause| *pause > 30 * MS), "{pauses:?}");
}
