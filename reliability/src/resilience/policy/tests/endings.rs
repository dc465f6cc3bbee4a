use super::*;

#[tokio::test(start_paused = true)]
async fn a_pause_is_part_of_the_latency_when_no_attempt_waits() {
    let policy = Policy::builder("p").retry(retrying(3, 10 * MS)).build().unwrap();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Ok(7)]).await;
    assert_eq!((result, attempts), (Ok(7), 3));
    assert_eq!(policy.latency().max(), Some(20 * MS));
}

#[tokio::test(start_paused = true)]
async fn latency_counts_calls_that_waited_and_calls_that_did_not() {
    let policy = Policy::builder("p").timeout(Duration::from_secs(1)).build().unwrap();
    for _ in 0..99 {
        policy.call(|| async { Ok::<_, E>(()) }).await.unwrap();
    }
    policy
        .call(|| async {
            tokio::time::sleep(100 * MS).await;
            Ok::<_, E>(())
        })
        .await
        .unwrap();
    let latency = policy.latency();
    assert_eq!(latency.count(), 100);
    assert!(latency.quantile(0.99) < Some(MS));
    assert_eq!(latency.max(), Some(100 * MS));
}

#[test]
fn a_call_that_is_ready_at_once_needs_no_runtime() {
    let policy = full_policy();
    let mut call = pin!(policy.call(|| async { Ok::<_, E>(7) }));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_at_any_poll_gives_everything_back() {
    let work = || async {
        for _ in 0..3 {
            tokio::time::sleep(5 * MS).await;
        }
        Err::<(), _>(TRANSIENT)
    };
    let mut completed = false;
    for polls in 1..60 {
        let policy = full_policy();
        completed |= drop_after(polls, policy.call(work)).await.is_some();
        assert_eq!(policy.totals().finished(), 1, "after {polls} polls");
        assert_whole(&policy).await;
    }
    assert!(completed, "the last round must see the whole call");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_that_waits_in_the_queue_gives_the_place_back() {
    for polls in 1..4 {
        let policy = full_policy();
        let mut holder = Box::pin(policy.call(pending::<Result<(), E>>));
        assert!(poll_once(&mut holder).await.is_none());
        assert!(drop_after(polls, policy.call(|| async { Ok::<_, E>(()) })).await.is_none());
        assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(0));
        drop(holder);
        assert_whole(&policy).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_work_is_counted_and_gives_everything_back() {
    let policy = full_policy();
    let clone = policy.clone();
    let joined = tokio::spawn(async move {
        let work = || async {
            tokio::time::sleep(MS).await;
            panic!("the work's own")
        };
        clone.call::<(), E, _, _>(work).await
    })
    .await;
    assert!(joined.is_err_and(|error| error.is_panic()));
    assert_eq!(policy.totals().panicked(), 1);
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_where_the_work_is_made_is_counted_in_every_attempt() {
    for good_attempts in 0..2 {
        let policy = full_policy();
        let clone = policy.clone();
        let mut attempts = 0;
        let joined = tokio::spawn(async move {
            let work = || {
                attempts += 1;
                assert!(attempts <= good_attempts, "the maker's own");
                async { Err::<(), _>(TRANSIENT) }
            };
            clone.call(work).await
        })
        .await;
        assert!(joined.is_err_and(|error| error.is_panic()));
        let totals = policy.totals();
        assert_eq!((totals.panicked(), totals.finished()), (1, 1), "{good_attempts}");
        assert_whole(&policy).await;
    }
}

#[tokio::test]
async fn many_tasks_share_one_policy_and_every_call_is_counted_once() {
    let policy = Arc::new(full_policy());
    let tasks: Vec<_> = (0..200_u32)
        .map(|task| {
            let policy = Arc::clone(&policy);
            tokio::spawn(async move {
                let work = || async {
                    tokio::task::yield_now().await;
                    Ok::<_, E>(task)
                };
                policy.call(work).await
            })
        })
        .collect();
    let mut ok = 0;
    for task in tasks {
        ok += u64::from(task.await.unwrap().is_ok());
    }
    assert_eq!(policy.totals().ok(), ok);
    assert_eq!(policy.totals().finished(), 200);
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_classifier_or_of_a_destructor_counts_the_call_once() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("the destructor's own")
        }
    }
    let policy = full_policy();
    let clone = policy.clone();
    let dropping = async move {
        let work = || {
            let loud = Loud;
            async move {
                let _loud = loud;
                pending::<Result<(), E>>().await
            }
        };
        clone.call(work).await
    };
    assert!(tokio::spawn(dropping).await.is_err());
    assert_eq!(policy.totals().finished(), 1);
    assert_whole(&policy).await;

    for classifier in [
        Classifier::<E>::when(|_| panic!("the predicate's own")),
        Classifier::<E>::by_fault().retry_when(|_| panic!("the predicate's own")),
        Classifier::<E>::by_fault().breaker_when(|_| panic!("the predicate's own")),
    ] {
        let policy = full_policy();
        let clone = policy.clone();
        let call = async move {
            clone.call_classified(classifier, || async { Err::<(), _>(TRANSIENT) }).await
        };
        assert!(tokio::spawn(call).await.is_err());
        assert_eq!(policy.totals().finished(), 1);
        assert_whole(&policy).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_never_polled_is_no_call() {
    let policy = full_policy();
    drop(policy.call(|| async { Ok::<_, E>(()) }));
    drop(Call::new(&policy, const { &Classifier::<E>::by_fault() }));
    assert_eq!(policy.totals().finished(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_inside_a_call_of_the_same_policy_is_a_call_of_its_own() {
    let policy = Policy::builder("p").retry(retrying(2, MS)).timeout(50 * MS).build().unwrap();
    let result =
        policy.call(|| async { policy.call(|| async { Err::<(), _>(TRANSIENT) }).await }).await;
    assert_eq!(result, Err(TRANSIENT));
    assert_eq!(policy.totals().failed(Class::Transient), 3);
    assert_eq!(policy.totals().finished(), 3);
    assert_eq!(policy.totals().retries(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_inside_a_full_bulkhead_of_its_own_is_refused_and_nothing_is_lost() {
    let policy = full_policy();
    let result = policy.call(|| async { policy.call(|| async { Ok::<_, E>(()) }).await }).await;
    assert_eq!(result, Err(E::Refused(Reason::BulkheadFull)));
    assert_eq!(policy.totals().rejected(Reason::BulkheadFull), policy.totals().finished() - 1);
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_in_a_pause_counts_it_cancelled_and_frees_its_place() {
    let policy = full_policy();
    let mut call = Box::pin(policy.call(|| async { Err::<(), _>(TRANSIENT) }));
    assert!(poll_once(&mut call).await.is_none());
    assert_eq!(policy.totals().retries(), 1);
    assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(0), "a pause holds no place");
    drop(call);
    assert_eq!(policy.totals().cancelled(), 1);
    assert_whole(&policy).await;
}

/// Whoever polls on is told, and does not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_call_that_has_ended_says_so_when_it_is_polled_again() {
    let hedged = Policy::builder("hedged").hedge(crate::resilience::Hedge::standard());
    for builder in [Policy::builder("plain").timeout(MS), hedged] {
        let policy = builder.build().unwrap();
        for outcome in [Ok(1), Err(PERMANENT)] {
            let mut call = pin!(policy.call(|| core::future::ready(outcome.clone())));
            assert_eq!(call.as_mut().await, outcome);
            let again = core::panic::AssertUnwindSafe(|| {
                call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
            });
            assert!(std::panic::catch_unwind(again).is_err(), "{outcome:?}");
        }
        let totals = policy.totals();
        assert_eq!((totals.ok(), totals.failed(Class::Permanent)), (1, 1));
    }
}
