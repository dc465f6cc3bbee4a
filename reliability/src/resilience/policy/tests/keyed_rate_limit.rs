use super::*;
use crate::resilience::rate_limit::{KeyHash, KeyedRateLimit, Quota, RateLimit};

const SECOND: Duration = Duration::from_secs(1);
const LIMITED: Result<u32, E> = Err(E::Refused(Reason::RateLimited));

fn limit(permits: u32, wait: Option<Duration>) -> KeyedRateLimit<KeyHash> {
    let builder = KeyedRateLimit::builder("p").quota(Quota::per_second(permits).burst(1));
    let builder = wait.into_iter().fold(builder, |builder, wait| builder.wait(wait));
    builder.build().unwrap()
}

fn policy(permits: u32, wait: Option<Duration>) -> Policy {
    Policy::builder("p").keyed_rate_limit(limit(permits, wait)).build().unwrap()
}

/// A call with one attempt, for that key.
async fn of(policy: &Policy, key: &str) -> Result<u32, E> {
    let errors = Classifier::by_fault();
    let mut call = Call::new(policy, &errors).with_rate_limit_key(KeyHash::of(key));
    let outcome = call.attempt(async { Ok(7) }).await;
    call.conclude(outcome).map_err(Failure::into_error)
}

#[tokio::test(start_paused = true)]
async fn each_key_has_the_whole_quota_and_is_told_when_to_come_back() {
    let policy = policy(10, None);
    for tenant in ["a", "b"] {
        assert_eq!(of(&policy, tenant).await, Ok(7));
        assert_eq!(of(&policy, tenant).await, LIMITED);
    }
    let key = KeyHash::of("a");
    let errors = Classifier::<Rejected>::by_fault();
    let mut call = Call::new(&policy, &errors).with_rate_limit_key(key);
    let outcome = call.attempt(async { Ok(7) }).await;
    let Err(Failure::Rejected(refused)) = call.conclude(outcome) else { panic!("let in") };
    assert_eq!((refused.reason(), refused.policy().as_str()), (Reason::RateLimited, "p"));
    assert_eq!(refused.retry_after(), Some(100 * MS));
    assert_eq!(policy.keyed_rate_limit().map(KeyedRateLimit::rejected), Some(3));
    assert_eq!(policy.totals().rejected(Reason::RateLimited), 3);
    assert!(policy.rate_limit().is_none());
    tokio::time::advance(100 * MS).await;
    assert_eq!(of(&policy, "a").await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn calls_that_name_no_key_have_one_quota_together() {
    let policy = policy(10, None);
    let unnamed = || policy.call(|| async { Ok(7) });
    assert_eq!(unnamed().await, Ok(7));
    assert_eq!(unnamed().await, LIMITED);
    assert_eq!(of(&policy, "").await, Ok(7), "an empty key is a key");
    let limit = policy.keyed_rate_limit().unwrap();
    assert!(!limit.check(&KeyHash::NONE).is_allowed());
    assert_eq!(limit.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_shared_by_policies_and_by_who_asks_it_by_hand() {
    let limit = limit(10, None);
    let share = || Policy::builder("p").keyed_rate_limit(limit.clone()).build().unwrap();
    let (one, two) = (share(), share());
    assert_eq!(of(&one, "a").await, Ok(7));
    assert_eq!(of(&two, "a").await, LIMITED);
    assert!(limit.check(&KeyHash::of("b")).is_allowed());
    assert_eq!(of(&one, "b").await, LIMITED);
}

#[tokio::test(start_paused = true)]
async fn who_waits_waits_for_its_own_key_and_who_would_wait_longer_is_refused_at_once() {
    let policy = policy(10, Some(150 * MS));
    let begun = Clock::precise().now();
    assert_eq!(of(&policy, "a").await, Ok(7));
    let mut second = Box::pin(of(&policy, "a"));
    assert!(poll_once(&mut second).await.is_none());
    assert_eq!(of(&policy, "a").await, LIMITED);
    assert_eq!(of(&policy, "b").await, Ok(7));
    assert_eq!(since(begun), Duration::ZERO);
    assert_eq!(second.await, Ok(7));
    assert_eq!(since(begun), 100 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_gives_its_turn_back() {
    let policy = policy(1, Some(SECOND));
    assert_eq!(of(&policy, "a").await, Ok(7));
    for _ in 0..5 {
        assert!(drop_after(2, of(&policy, "a")).await.is_none());
    }
    assert_eq!(policy.totals().cancelled(), 5);
    let begun = Clock::precise().now();
    assert_eq!(of(&policy, "a").await, Ok(7));
    assert!(since(begun) < SECOND, "the one turn there is within a second was free");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_ends_a_wait_gives_its_turn_back() {
    let policy = Policy::builder("p").deadline(20 * MS).keyed_rate_limit(limit(10, Some(SECOND)));
    let policy = policy.build().unwrap();
    assert_eq!(of(&policy, "a").await, Ok(7));
    for _ in 0..3 {
        assert_eq!(of(&policy, "a").await, Err(E::Refused(Reason::DeadlineExceeded)));
    }
    tokio::time::advance(40 * MS).await;
    assert_eq!(of(&policy, "a").await, Ok(7), "the permit of 100 ms is there");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_takes_a_permit_of_the_key() {
    let policy = Policy::builder("p").retry(retrying(3, MS)).keyed_rate_limit(limit(10, None));
    let policy = policy.build().unwrap();
    let begun = Clock::precise().now();
    let (result, made) = scripted(&policy, &[Err(TRANSIENT), Ok(6), Ok(7)]).await;
    assert_eq!((result, made), (Ok(7), 3), "the second attempt was refused");
    assert_eq!(since(begun), 100 * MS, "a pause, and then what the limit asked for");
}

#[tokio::test(start_paused = true)]
async fn the_quota_and_the_wait_can_be_changed_through_the_policy() {
    let policy = policy(1, None);
    assert_eq!(of(&policy, "a").await, Ok(7));
    let change = |quota, wait| {
        policy.reconfigure(|settings| {
            let limit = settings.rate_limit.as_mut().unwrap();
            (limit.quota, limit.wait) = (quota, wait);
        })
    };
    let refused = change(Quota::per_second(0), None).unwrap_err();
    assert_eq!(refused.setting(), "quota");
    assert_eq!(of(&policy, "a").await, LIMITED);
    change(Quota::per_second(1).burst(2), Some(SECOND)).unwrap();
    let begun = Clock::precise().now();
    assert_eq!(of(&policy, "a").await, Ok(7), "one of two was used");
    assert_eq!((of(&policy, "a").await, since(begun)), (Ok(7), SECOND));
    let gone = policy.reconfigure(|settings| settings.rate_limit = None).unwrap_err();
    assert_eq!(gone.setting(), "rate_limit");
    assert_eq!(policy.settings().rate_limit.unwrap().quota, Quota::per_second(1).burst(2));
}

#[test]
fn it_stands_where_a_rate_limit_does_and_there_is_one_of_the_two() {
    let keyed = || limit(1, None);
    let both = Policy::builder("p").rate_limit(RateLimit::standard("p")).keyed_rate_limit(keyed());
    assert_eq!(both.build().unwrap_err().setting(), "rate_limit");
    let inside_out = Policy::builder("p").keyed_rate_limit(keyed()).fallback().build();
    assert_eq!(inside_out.unwrap_err().setting(), "fallback");
    let right = Policy::builder("p").fallback().keyed_rate_limit(keyed()).build().unwrap();
    assert_eq!(right.layers(), [Layer::Fallback, Layer::RateLimit]);
}

#[test]
fn what_borrows_as_each_other_has_the_same_hash_and_no_key_has_that_of_none() {
    assert_eq!(KeyHash::of("acme"), KeyHash::of(&alloc::string::String::from("acme")));
    assert_eq!(KeyHash::of(&7_u64), KeyHash::of(&&7_u64));
    assert_ne!(KeyHash::of("acme"), KeyHash::of("other"));
    assert_eq!(KeyHash::default(), KeyHash::NONE);
    assert_ne!(KeyHash::of(&()), KeyHash::NONE);
}
