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

/// Says, when it is dropped, how many calls were in the bulkhead.
struct InUse<'a>(&'a Policy, &'a Mutex<Vec<u32>>);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        let in_use = self.0.bulkhead().map_or(0, Bulkhead::in_use);
        self.1.lock().unwrap().push(in_use);
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_is_cut_off_is_gone_before_its_place_is_given_away() {
    let policy = full_policy();
    let seen = Mutex::new(Vec::new());
    let work = || {
        let held = InUse(&policy, &seen);
        async move {
            let _held = held;
            pending::<Result<(), E>>().await
        }
    };
    assert_eq!(policy.call(work).await, Err(E::Refused(Reason::TimedOut)));
    assert!(drop_after(2, policy.call(work)).await.is_none());
    assert_eq!(*seen.lock().unwrap(), [1; 4]);
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_given_up_by_hand_gives_its_place_to_the_next() {
    for outside in [false, true] {
        let bulkhead = Bulkhead::builder("p").concurrent(1).build().unwrap();
        let builder = Policy::builder("p");
        let builder = if outside {
            builder.bulkhead(bulkhead).retry(retrying(3, MS))
        } else {
            builder.retry(retrying(3, MS)).bulkhead(bulkhead)
        };
        let policy = builder.build().unwrap();
        let mut call = Call::new(&policy, const { &Classifier::<E>::by_fault() });
        let hung = poll_once(&mut Box::pin(call.attempt(pending::<Result<(), E>>()))).await;
        assert!(hung.is_none());
        let outcome = call.attempt(async { Ok::<_, E>(7) }).await;
        assert!(matches!(call.judge(outcome), Next::Done(Ok(7))));
        assert_eq!(policy.totals().finished(), 1);
        assert_whole_bulkhead(&policy);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_never_got_in_does_not_open_the_door_for_the_next() {
    let policy = Policy::builder("p")
        .bulkhead(Bulkhead::builder("p").concurrent(1).queue(1).wait(9 * MS).build().unwrap())
        .retry(retrying(3, MS))
        .build()
        .unwrap();
    let mut holder = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut holder).await.is_none());
    let mut call = Call::new(&policy, const { &Classifier::<E>::by_fault() });
    assert!(poll_once(&mut Box::pin(call.attempt(async { Ok(1) }))).await.is_none());
    let outcome = call.attempt(async { Ok(1) }).await;
    assert!(matches!(outcome, Err(Failure::Rejected(_))), "it is still full");
}

fn assert_whole_bulkhead(policy: &Policy) {
    assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(0));
    assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(0));
}

fn half_open(probes: u32) -> Breaker {
    let breaker = Breaker::builder("p")
        .window(breaker::Window::consecutive(1))
        .open_for(5 * MS)
        .probes(probes)
        .build()
        .unwrap();
    breaker.acquire().unwrap().failure();
    breaker
}

#[tokio::test(start_paused = true)]
async fn a_probe_comes_back_when_cancelled_and_counts_when_it_panics() {
    let breaker = half_open(1);
    let policy = Policy::builder("p").breaker(breaker).timeout(50 * MS).build().unwrap();
    tokio::time::advance(6 * MS).await;
    for _ in 0..3 {
        let mut probe = Box::pin(policy.call(pending::<Result<(), E>>));
        assert!(poll_once(&mut probe).await.is_none());
        let refused = policy.call(|| async { Ok::<_, E>(()) }).await;
        assert_eq!(refused, Err(E::Refused(Reason::BreakerOpen)), "the only place is taken");
    }
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::HalfOpen);

    let clone = policy.clone();
    let panics = async move { clone.call::<(), E, _, _>(|| async { panic!("probe") }).await };
    assert!(tokio::spawn(panics).await.is_err());
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Open);
    let totals = policy.totals();
    assert_eq!((totals.cancelled(), totals.panicked(), totals.finished()), (3, 1, 7));
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_inherited_deadline_ends_says_nothing() {
    let breaker = half_open(1);
    let policy = Policy::builder("p").breaker(breaker).build().unwrap();
    tokio::time::advance(6 * MS).await;
    let call = policy.call(pending::<Result<(), E>>);
    assert!(Deadline::after(10 * MS).scope(call).await.is_err());
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::HalfOpen);
    assert_eq!(policy.call(|| async { Ok::<_, E>(1) }).await, Ok(1));
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_bulkhead_refuses_gives_its_probe_back() {
    let bulkhead = Bulkhead::builder("p").concurrent(1).build().unwrap();
    let policy =
        Policy::builder("p").breaker(half_open(1)).bulkhead(bulkhead.clone()).build().unwrap();
    tokio::time::advance(6 * MS).await;
    let held = bulkhead.try_enter().unwrap();
    for _ in 0..3 {
        let refused = policy.call(|| async { Ok::<_, E>(()) }).await;
        assert_eq!(refused, Err(E::Refused(Reason::BulkheadFull)));
    }
    drop(held);
    assert_eq!(policy.call(|| async { Ok::<_, E>(()) }).await, Ok(()));
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_two_policies_share_counts_both_and_stops_both() {
    let breaker = Breaker::builder("s").window(breaker::Window::consecutive(2)).build().unwrap();
    let one = Policy::builder("one").breaker(breaker.clone()).build().unwrap();
    let two = Policy::builder("two").retry(retrying(3, MS)).breaker(breaker).build().unwrap();
    assert_eq!(scripted(&one, &[Err(TRANSIENT)]).await, (Err(TRANSIENT), 1));
    let refused = Err(E::Refused(Reason::BreakerOpen));
    assert_eq!(scripted(&two, &[Err(TRANSIENT), Ok(1), Ok(1)]).await.0, refused);
    assert_eq!(two.totals().retries(), 1, "the second attempt found it open");
    assert_eq!(scripted(&one, &[Ok(1)]).await.0, refused);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_came_through_a_nested_call_counts_for_nobody() {
    let guarded = |name| {
        let window = breaker::Window::consecutive(1);
        let breaker = Breaker::builder(name).window(window).build().unwrap();
        Policy::builder(name).breaker(breaker).build().unwrap()
    };
    let (outer, inner) = (guarded("outer"), guarded("inner"));
    let call = outer.call(|| inner.call(pending::<Result<(), Rejected>>));
    assert!(Deadline::after(10 * MS).scope(call).await.is_err());
    assert_eq!(inner.breaker().unwrap().state(), breaker::State::Closed);
    assert_eq!(outer.breaker().unwrap().state(), breaker::State::Closed);

    // One that the nested call brought itself is an error of the dependency.
    let own = Policy::builder("own").deadline(5 * MS).build().unwrap();
    let call = outer.call(|| own.call(pending::<Result<(), Rejected>>));
    assert!(Deadline::after(10 * MS).scope(call).await.is_err());
    assert_eq!(outer.breaker().unwrap().state(), breaker::State::Open);
}

#[tokio::test(start_paused = true)]
async fn predicates_of_the_classifier_overrule_the_error() {
    let policy = Policy::builder("p").retry(retrying(3, MS)).breaker(half_open(1)).build().unwrap();
    tokio::time::advance(6 * MS).await;
    let classifier = Classifier::by_fault().retry_when(|_| false).breaker_when(|_| false);
    let failing = || async { Err::<(), _>(TRANSIENT) };
    assert_eq!(policy.call_classified(classifier, failing).await, Err(TRANSIENT));
    assert_eq!(policy.totals().retries(), 0);
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Closed, "a success");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_given_up_in_the_queue_leaves_it_before_the_next() {
    let policy = full_policy();
    let _held = policy.bulkhead().unwrap().try_enter().unwrap();
    let mut call = Call::new(&policy, const { &Classifier::<E>::by_fault() });
    assert!(poll_once(&mut Box::pin(call.attempt(async { Ok(1) }))).await.is_none());
    assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(1));
    drop(call.attempt(async { Ok(1) }));
    assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_counts_what_it_was_told_under_a_policy_too() {
    use crate::error::Counted;

    let told = || {
        let breaker = Breaker::builder("told").counted_as(|fault| match fault.class() {
            Class::Permanent => Counted::Failure,
            _ => Counted::Nothing,
        });
        breaker.build().unwrap()
    };
    let policy = Policy::builder("p").breaker(told()).timeout(MS).build().unwrap();
    let counted = || {
        let window = policy.breaker().unwrap().snapshot().window;
        (window.calls, window.failures)
    };

    let result: Result<(), E> = policy.call(|| async { Err(E::Of(Class::Permanent)) }).await;
    assert_eq!((result, counted()), (Err(E::Of(Class::Permanent)), (1, 1)));

    let busy: Result<(), E> = policy.call(|| async { Err(E::Of(Class::Transient)) }).await;
    assert!(busy.is_err());
    let late: Result<(), E> = policy.call(pending).await;
    assert_eq!((late, counted()), (Err(E::Refused(Reason::TimedOut)), (1, 1)));

    let whatever = Classifier::by_fault().breaker_when(|_| true);
    let asked = policy.call_classified(whatever, || async { Err(E::Of(Class::Transient)) }).await;
    assert_eq!((asked, counted()), (Err::<(), E>(E::Of(Class::Transient)), (2, 2)));
}
