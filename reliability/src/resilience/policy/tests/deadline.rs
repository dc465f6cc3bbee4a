use super::*;

#[tokio::test(start_paused = true)]
async fn the_deadline_bounds_attempts_and_pauses_together() {
    let policy = Policy::builder("p")
        .deadline(130 * MS)
        .retry(retrying(100, 10 * MS))
        .timeout(50 * MS)
        .build()
        .unwrap();
    let start = Clock::precise().now();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::DeadlineExceeded)));
    // 50 + 10 + 50 + 10, and what is left for the third attempt.
    assert_eq!(since(start), 130 * MS);
    assert_eq!(policy.totals().retries(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_never_ends_after_the_deadline() {
    let policy =
        Policy::builder("p").deadline(100 * MS).retry(retrying(9, 60 * MS)).build().unwrap();
    let start = Clock::precise().now();
    let (result, attempts) =
        scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT)]).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 2));
    assert_eq!(since(start), 60 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_nested_call_inherits_the_deadline_that_is_earlier() {
    let outer = Policy::builder("outer").deadline(100 * MS).build().unwrap();
    let inner = Policy::builder("inner").deadline(Duration::from_secs(60)).build().unwrap();
    let seen = Mutex::new(Vec::new());
    let result: Result<(), E> = outer
        .call(|| async {
            let answer: Result<(), E> = inner.call(pending).await;
            seen.lock().unwrap().push(answer.clone());
            answer
        })
        .await;
    // Both end at the same moment; whoever is polled first tells, and the outcome is the same.
    assert_eq!(result, Err(E::Refused(Reason::DeadlineExceeded)));
    assert_eq!(inner.totals().finished(), 1);
    assert_eq!(
        outer.totals().rejected(Reason::DeadlineExceeded) + outer.totals().failed(Class::Transient),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_under_a_deadline_that_has_passed_is_not_attempted() {
    let policy = Policy::builder("p").timeout(MS).build().unwrap();
    let deadline = Deadline::after(Duration::ZERO);
    let (result, attempts) = deadline
        .scope(async {
            let attempts = Cell::new(0);
            let work = || async {
                attempts.set(attempts.get() + 1);
                Ok::<_, E>(())
            };
            (policy.call(work).await, attempts.get())
        })
        .await;
    assert_eq!((result, attempts), (Err(E::Refused(Reason::DeadlineExceeded)), 0));
}

#[tokio::test(start_paused = true)]
async fn the_body_sees_the_deadline_of_its_own_policy() {
    let policy = Policy::builder("p").deadline(70 * MS).build().unwrap();
    let result: Result<Option<Deadline>, E> =
        policy.call(|| async { Ok(Deadline::current()) }).await;
    assert_eq!(result, Ok(Some(Deadline::after(70 * MS))));
    assert_eq!(Deadline::current(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lazily_started_deadline_counts_from_the_first_wait_of_anyone_inside() {
    let outer = Policy::builder("outer").deadline(100 * MS).retry(retrying(2, MS)).build().unwrap();
    let inner = Policy::builder("inner").timeout(Duration::from_secs(9)).build().unwrap();
    let start = Clock::precise().now();
    let far = Deadline::after(Duration::from_secs(60));
    // Through a scope that is not the policy's, which must not lose the start.
    let work = || far.scope(inner.call(pending::<Result<(), E>>));
    assert_eq!(outer.call(work).await, Err(E::Refused(Reason::DeadlineExceeded)));
    assert_eq!(since(start), 100 * MS);
}

#[tokio::test(start_paused = true)]
async fn policies_inside_scopes_inside_policies_wait_for_the_shortest() {
    let second = Duration::from_secs(1);
    for (scope, own, inner_own) in [(1, 2, 3), (3, 1, 2), (2, 3, 1), (1, 1, 1), (3, 3, 1)] {
        let outer = Policy::builder("outer").deadline(own * second).build().unwrap();
        let inner = Policy::builder("inner").deadline(inner_own * second).build().unwrap();
        let start = Clock::precise().now();
        let call = outer.call(|| async {
            tokio::task::yield_now().await;
            inner.call(pending::<Result<(), E>>).await
        });
        assert!(Deadline::after(scope * second).scope(call).await.is_err());
        let shortest = scope.min(own).min(inner_own) * second;
        assert_eq!(since(start), shortest);
        assert_eq!(Deadline::current(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_spawned_task_does_not_inherit_unless_it_is_carried_over() {
    let policy = Policy::builder("p").deadline(50 * MS).build().unwrap();
    let work = || async {
        let bare = tokio::spawn(async { Deadline::current() }).await;
        let here = Deadline::current().unwrap();
        let carried = tokio::spawn(here.scope(async { Deadline::current() })).await;
        Ok::<_, E>((bare.unwrap(), carried.unwrap() == Some(here)))
    };
    assert_eq!(policy.call(work).await, Ok((None, true)));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_inside_the_bulkhead_does_not_run_in_its_queue() {
    for (outside, reason) in [(true, Reason::DeadlineExceeded), (false, Reason::BulkheadFull)] {
        let bulkhead = Bulkhead::builder("p").concurrent(1).queue(1).wait(30 * MS).build().unwrap();
        let held = bulkhead.try_enter().unwrap();
        let builder = Policy::builder("p");
        let builder = if outside {
            builder.deadline(20 * MS).bulkhead(bulkhead.clone())
        } else {
            builder.bulkhead(bulkhead.clone()).deadline(20 * MS)
        };
        let result = builder.build().unwrap().call(|| async { Ok::<_, E>(()) }).await;
        assert_eq!(result, Err(E::Refused(reason)));
        drop(held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_that_never_ends_is_not_waited_for_under_a_deadline() {
    let policy = Policy::builder("p")
        .deadline(Duration::from_secs(9))
        .retry(retrying(3, MS))
        .build()
        .unwrap();
    let endless = E::After(Duration::MAX);
    let (result, attempts) = scripted(&policy, &[Err(endless.clone()), Ok(1)]).await;
    assert_eq!((result, attempts), (Err(endless.clone()), 1));

    let patient = retrying(3, MS).retry_after_max(Duration::MAX);
    let patient = Policy::builder("p").retry(patient).build().unwrap();
    let script = [Err(endless), Ok(1)];
    let mut call = Box::pin(scripted(&patient, &script));
    assert!(poll_once(&mut call).await.is_none());
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(poll_once(&mut call).await.is_none(), "it asked for it");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_past_all_limits_ends_the_call_by_the_first_of_them() {
    let policy = Policy::builder("p")
        .deadline(100 * MS)
        .retry(retrying(3, MS))
        .timeout(10 * MS)
        .build()
        .unwrap();
    let mut call = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut call).await.is_none());
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(poll_once(&mut call).await, Some(Err(E::Refused(Reason::TimedOut))));
    assert_eq!(policy.totals().retries(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_would_end_with_the_deadline_is_not_begun() {
    let start = Clock::precise().now();
    let own = Policy::builder("p").deadline(60 * MS).retry(retrying(9, 60 * MS)).build().unwrap();
    assert_eq!(scripted(&own, &[Err(TRANSIENT)]).await, (Err(TRANSIENT), 1));
    let bare = Policy::builder("p").retry(retrying(9, 60 * MS)).build().unwrap();
    for left in [50 * MS, 60 * MS] {
        let call = bare.call(|| async { Err::<(), _>(TRANSIENT) });
        assert_eq!(Deadline::after(left).scope(call).await, Err(TRANSIENT));
    }
    assert_eq!((own.totals().retries(), bare.totals().retries()), (0, 0));
    assert_eq!(Clock::precise().now(), start);
}

/// On the real clock, which moves while the body runs.
#[tokio::test]
async fn the_deadline_that_the_body_saw_first_stays_the_deadline() {
    let policy = Policy::builder("p").deadline(Duration::from_secs(600)).build().unwrap();
    let work = || async {
        let first = Deadline::current();
        let asked = Clock::precise().now();
        while Clock::precise().now() == asked {}
        tokio::task::yield_now().await;
        Ok::<_, E>((first, Deadline::current()))
    };
    let (first, second) = policy.call(work).await.unwrap();
    assert!(first.is_some());
    assert_eq!(first.map(Deadline::instant), second.map(Deadline::instant));
}

#[tokio::test(start_paused = true)]
async fn of_two_deadlines_that_have_not_begun_the_body_sees_the_shorter() {
    let second = Duration::from_secs(1);
    for (outer, inner) in [(1, 3), (3, 1)] {
        let outer = Policy::builder("outer").deadline(outer * second).build().unwrap();
        let inner = Policy::builder("inner").deadline(inner * second).build().unwrap();
        let ask = || async { Ok::<_, E>(Deadline::current()) };
        let seen = outer.call(|| inner.call(ask)).await;
        assert_eq!(seen, Ok(Some(Deadline::after(second))));
    }
}
