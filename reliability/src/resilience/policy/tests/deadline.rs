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
    assert_eq!(Clock::precise().now().saturating_duration_since(start), 130 * MS);
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
    assert_eq!(Clock::precise().now().saturating_duration_since(start), 60 * MS);
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
