use super::*;
use crate::resilience::RateLimit;
use crate::resilience::rate_limit::{Algorithm, Quota};

const SECOND: Duration = Duration::from_secs(1);
const LIMITED: Result<u32, E> = Err(E::Refused(Reason::RateLimited));

fn limit(permits: u32, wait: Option<Duration>) -> RateLimit {
    let builder = RateLimit::builder("p").quota(Quota::per_second(permits).burst(1));
    let builder = wait.into_iter().fold(builder, |builder, wait| builder.wait(wait));
    builder.build().unwrap()
}

async fn ok(policy: &Policy) -> Result<u32, E> {
    policy.call(|| async { Ok(7) }).await
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_the_quota_is_refused_with_the_time_to_come_back() {
    let policy = Policy::builder("p").rate_limit(limit(10, None)).build().unwrap();
    assert_eq!(ok(&policy).await, Ok(7));
    let refused = policy.call(|| async { Ok::<_, Rejected>(7) }).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::RateLimited);
    assert_eq!(refused.retry_after(), Some(100 * MS));
    assert_eq!(policy.rate_limit().map(RateLimit::rejected), Some(1));
    assert_eq!(policy.totals().rejected(Reason::RateLimited), 1);
    tokio::time::advance(100 * MS).await;
    assert_eq!(ok(&policy).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn with_a_wait_calls_are_shaped_and_who_would_wait_longer_is_refused_at_once() {
    let policy = Policy::builder("p").rate_limit(limit(10, Some(150 * MS))).build().unwrap();
    let begun = Clock::precise().now();
    assert_eq!(ok(&policy).await, Ok(7));
    let mut second = Box::pin(ok(&policy));
    assert!(poll_once(&mut second).await.is_none());
    assert_eq!(ok(&policy).await, LIMITED);
    assert_eq!(since(begun), Duration::ZERO);
    assert_eq!(second.await, Ok(7));
    assert_eq!(since(begun), 100 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_leaky_bucket_waits_without_being_told_to() {
    let leaky = RateLimit::builder("p").quota(Quota::per_second(10).burst(3));
    let leaky = leaky.algorithm(Algorithm::LeakyBucket).build().unwrap();
    let policy = Policy::builder("p").rate_limit(leaky).build().unwrap();
    let begun = Clock::precise().now();
    for turn in 0..4 {
        assert_eq!(ok(&policy).await, Ok(7));
        assert_eq!(since(begun), turn * 100 * MS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_gives_its_turn_back() {
    let policy = Policy::builder("p").rate_limit(limit(1, Some(SECOND))).build().unwrap();
    assert_eq!(ok(&policy).await, Ok(7));
    for _ in 0..5 {
        assert!(drop_after(2, ok(&policy)).await.is_none());
    }
    assert_eq!(policy.totals().cancelled(), 5);
    let begun = Clock::precise().now();
    assert_eq!(ok(&policy).await, Ok(7));
    assert!(since(begun) < SECOND, "the one turn there is within a second was free");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_takes_a_permit_and_a_retry_comes_when_it_was_told_to() {
    let policy = Policy::builder("p").retry(retrying(3, MS)).rate_limit(limit(10, None));
    let policy = policy.build().unwrap();
    let begun = Clock::precise().now();
    let (result, made) = scripted(&policy, &[Err(TRANSIENT), Ok(6), Ok(7)]).await;
    assert_eq!((result, made), (Ok(7), 3), "the second attempt was refused");
    assert_eq!(since(begun), 100 * MS, "a pause, and then what the limit asked for");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_outside_covers_the_wait_and_a_timeout_inside_does_not() {
    let make = |builder: PolicyBuilder| builder.build().unwrap();
    let outside = Policy::builder("p").deadline(50 * MS).rate_limit(limit(10, Some(SECOND)));
    let outside = make(outside);
    assert_eq!(ok(&outside).await, Ok(7));
    assert_eq!(ok(&outside).await, Err(E::Refused(Reason::DeadlineExceeded)));

    let inside = make(Policy::builder("p").rate_limit(limit(10, Some(SECOND))).timeout(50 * MS));
    assert_eq!(ok(&inside).await, Ok(7));
    assert_eq!(ok(&inside).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn the_quota_can_be_changed_through_the_policy() {
    let policy = Policy::builder("p").rate_limit(limit(1, None)).build().unwrap();
    assert_eq!(ok(&policy).await, Ok(7));
    let change = |quota| {
        policy.reconfigure(|settings| {
            settings.rate_limit.as_mut().unwrap().quota = quota;
        })
    };
    assert_eq!(change(Quota::per_second(0)).unwrap_err().setting(), "quota");
    assert_eq!(ok(&policy).await, LIMITED);
    change(Quota::per_second(1).burst(2)).unwrap();
    assert_eq!(ok(&policy).await, Ok(7));
    assert_eq!(ok(&policy).await, LIMITED);
    let refused = policy.reconfigure(|settings| settings.rate_limit = None).unwrap_err();
    assert_eq!(refused.setting(), "rate_limit");
}
