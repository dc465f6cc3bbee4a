use super::*;

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_a_long_wait_ends() {
    let policy = Policy::builder("p")
        .bulkhead(Bulkhead::builder("p").concurrent(1).queue(1).wait(20 * MS).build().unwrap())
        .timeout(Duration::from_secs(9))
        .build()
        .unwrap();
    let mut holder = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut holder).await.is_none());
    let mut waiter = Box::pin(policy.call(|| async { Ok::<_, E>(()) }));
    assert!(poll_once(&mut waiter).await.is_none());
    let full = Err(E::Refused(Reason::BulkheadFull));
    assert_eq!(policy.call(|| async { Ok::<_, E>(()) }).await, full);
    assert_eq!(waiter.await, full);
    drop(holder);
    assert_eq!(policy.call(|| async { Ok::<_, E>(()) }).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_neither_slept_on_nor_retried_unless_asked() {
    for (retry, attempts) in [(retrying(5, MS), 1), (retrying(2, MS).also_when_breaker_open(), 2)] {
        let breaker = Breaker::builder("p").open_for(50 * MS).build().unwrap();
        breaker.force_open();
        let policy = Policy::builder("p").retry(retry).breaker(breaker).build().unwrap();
        let (result, made) = scripted(&policy, &[Ok(1), Ok(1)]).await;
        assert_eq!((result, made), (Err(E::Refused(Reason::BreakerOpen)), attempts));
    }
}

#[tokio::test(start_paused = true)]
async fn hangs_open_a_breaker_that_stands_outside_of_the_timeout() {
    let breaker = Breaker::builder("p").window(breaker::Window::consecutive(2)).build().unwrap();
    let policy = Policy::builder("p").breaker(breaker).timeout(10 * MS).build().unwrap();
    for reason in [Reason::TimedOut, Reason::TimedOut, Reason::BreakerOpen] {
        let result: Result<(), E> = policy.call(pending).await;
        assert_eq!(result, Err(E::Refused(reason)));
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_own_deadline_counts_against_the_dependency() {
    let open_after = |policy: &Policy| policy.breaker().unwrap().acquire().is_err();
    let make = || {
        let breaker =
            Breaker::builder("p").window(breaker::Window::consecutive(1)).build().unwrap();
        Policy::builder("p").deadline(50 * MS).breaker(breaker).build().unwrap()
    };

    let own = make();
    assert!(own.call(pending::<Result<(), E>>).await.is_err());
    assert!(open_after(&own));

    let inherited = make();
    let call = inherited.call(pending::<Result<(), E>>);
    assert!(Deadline::after(10 * MS).scope(call).await.is_err());
    assert!(!open_after(&inherited));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_is_a_success_for_the_breaker() {
    let breaker = Breaker::builder("p").window(breaker::Window::consecutive(1)).build().unwrap();
    let policy = Policy::builder("p").breaker(breaker).build().unwrap();
    for _ in 0..3 {
        let (result, _) = scripted(&policy, &[Err(PERMANENT)]).await;
        assert_eq!(result, Err(PERMANENT));
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_outside_of_retry_counts_calls_and_one_inside_counts_attempts() {
    let make = |outside: bool| {
        let breaker =
            Breaker::builder("p").window(breaker::Window::consecutive(2)).build().unwrap();
        let retry = retrying(2, MS);
        let builder = Policy::builder("p");
        let builder = if outside {
            builder.breaker(breaker).retry(retry)
        } else {
            builder.retry(retry).breaker(breaker)
        };
        builder.build().unwrap()
    };
    let failing = [Err(TRANSIENT), Err(TRANSIENT)];
    let outside = make(true);
    assert_eq!(scripted(&outside, &failing).await, (Err(TRANSIENT), 2));
    assert!(outside.breaker().unwrap().acquire().is_ok());
    assert_eq!(scripted(&outside, &failing).await, (Err(TRANSIENT), 2));
    assert!(outside.breaker().unwrap().acquire().is_err());

    let inside = make(false);
    assert_eq!(scripted(&inside, &failing).await, (Err(TRANSIENT), 2));
    assert!(inside.breaker().unwrap().acquire().is_err());
}
