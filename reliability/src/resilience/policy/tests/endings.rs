use super::*;

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
