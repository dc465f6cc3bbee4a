//! What the written order decides.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_the_bulkhead_begins_when_the_call_is_in() {
    let bulkhead = Bulkhead::builder("p").concurrent(1).queue(1).wait(25 * MS).build().unwrap();
    let policy = Policy::builder("p").bulkhead(bulkhead).timeout(22 * MS).build().unwrap();
    let work = |takes: Duration| async move {
        tokio::time::sleep(takes).await;
        Ok::<_, E>(())
    };
    let holds = policy.call(|| work(20 * MS));
    let queues = policy.call(|| work(20 * MS));
    assert_eq!(tokio::join!(holds, queues), (Ok(()), Ok(())));

    let held = policy.bulkhead().unwrap().try_enter().unwrap();
    let refused = policy.call(|| work(MS)).await;
    assert_eq!(refused, Err(E::Refused(Reason::BulkheadFull)), "and not timed out");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_the_bulkhead_ends_the_queue_and_accuses_nobody() {
    let bulkhead = Bulkhead::builder("p").concurrent(1).queue(1).wait(25 * MS).build().unwrap();
    let held = bulkhead.try_enter().unwrap();
    let breaker = Breaker::builder("p").window(breaker::Window::consecutive(1)).build().unwrap();
    let policy = Policy::builder("p")
        .breaker(breaker)
        .timeout(10 * MS)
        .bulkhead(bulkhead.clone())
        .build()
        .unwrap();
    let refused = policy.call(|| async { Ok::<_, E>(()) }).await;
    assert_eq!(refused, Err(E::Refused(Reason::TimedOut)));
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Closed);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_outside_of_retry_hears_only_how_the_call_ended() {
    let breaker = Breaker::builder("p").window(breaker::Window::consecutive(1)).build().unwrap();
    let policy = Policy::builder("p").breaker(breaker).retry(retrying(2, MS)).build().unwrap();
    assert_eq!(scripted(&policy, &[Err(TRANSIENT), Ok(7)]).await, (Ok(7), 2));
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_outside_of_retry_that_is_open_ends_the_call_even_when_asked_to_retry() {
    let breaker = Breaker::builder("p").build().unwrap();
    breaker.force_open();
    let retry = retrying(3, MS).also_when_breaker_open();
    let policy = Policy::builder("p").breaker(breaker).retry(retry).build().unwrap();
    let refused = policy.call(|| async { Ok::<_, E>(()) }).await;
    assert_eq!((refused, policy.totals().retries()), (Err(E::Refused(Reason::BreakerOpen)), 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_is_not_retried_by_who_asked_to_retry_an_open_breaker() {
    let bulkhead = Bulkhead::builder("p").concurrent(1).build().unwrap();
    let _held = bulkhead.try_enter().unwrap();
    let retry = retrying(3, MS).also_when_breaker_open();
    let policy = Policy::builder("p").retry(retry).bulkhead(bulkhead.clone()).build().unwrap();
    let refused = policy.call(|| async { Ok::<_, E>(()) }).await;
    assert_eq!((refused, policy.totals().retries()), (Err(E::Refused(Reason::BulkheadFull)), 0));
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_outside_of_retry_is_held_through_the_pause() {
    let bulkhead = Bulkhead::builder("p").concurrent(1).build().unwrap();
    let policy = Policy::builder("p").bulkhead(bulkhead).retry(retrying(2, MS)).build().unwrap();
    let mut call = Box::pin(policy.call(|| async { Err::<(), _>(TRANSIENT) }));
    assert!(poll_once(&mut call).await.is_none());
    assert_eq!(policy.totals().retries(), 1);
    assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(1));
    drop(call);
    assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(0));
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_a_breaker_on_either_side_of_retry_however_they_end() {
    for (outside, ends) in
        [false, true].into_iter().flat_map(|o| [(o, Ok(())), (o, Err(PERMANENT))])
    {
        let breaker = Breaker::builder("p")
            .window(breaker::Window::count(10))
            .min_calls(2)
            .slow_calls(20 * MS, 0.5)
            .build()
            .unwrap();
        let builder = Policy::builder("p");
        let policy = if outside {
            builder.breaker(breaker).retry(retrying(2, MS)).build().unwrap()
        } else {
            builder.retry(retrying(2, MS)).breaker(breaker).build().unwrap()
        };
        let slow = || async {
            tokio::time::sleep(30 * MS).await;
            ends.clone()
        };
        assert_eq!(
            (policy.call(slow).await, policy.call(slow).await),
            (ends.clone(), ends.clone())
        );
        assert_eq!(policy.call(slow).await, Err(E::Refused(Reason::BreakerOpen)), "{outside}");
    }
}

/// It is what refusals, events and the registry tell policies apart by.
#[test]
fn a_policy_has_a_name() {
    for name in ["", "  "] {
        let refused = Policy::builder(name).timeout(MS).build().unwrap_err();
        assert_eq!(
            refused.to_string(),
            alloc::format!(
                "`{name}`: `name` must be a name, but is `{name}`; refusals, events and the \
                 registry tell policies apart by it"
            ),
        );
    }
}
