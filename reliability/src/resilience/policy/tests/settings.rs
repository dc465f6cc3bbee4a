use super::*;

#[tokio::test(start_paused = true)]
async fn settings_change_while_the_policy_works_and_a_bad_one_changes_nothing() {
    let policy = full_policy();
    let before = policy.settings();
    let change = |attempts| {
        policy.reconfigure(|settings| {
            settings.timeout = Some((5 * MS).into());
            settings.retry.as_mut().unwrap().attempts = attempts;
        })
    };
    assert!(change(0).is_err());
    assert_eq!(policy.settings(), before);

    change(1).unwrap();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    assert_eq!(policy.totals().retries(), 0);

    let refused = policy.reconfigure(|settings| settings.deadline = None).unwrap_err();
    assert!(refused.to_string().contains("layers are fixed"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn the_longest_durations_are_limits_like_any_other() {
    let patient = Policy::builder("p").timeout(Duration::MAX).build().unwrap();
    let endless = Policy::builder("p").deadline(Duration::MAX).timeout(MS).build().unwrap();
    assert!(patient.settings().timeout.is_some() && endless.settings().deadline.is_some());
    patient.reconfigure(|_| ()).unwrap();
    patient.reconfigure(|settings| settings.timeout = Some(MS.into())).unwrap();
    for policy in [patient, endless] {
        let result: Result<(), E> = policy.call(pending).await;
        assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    }
}

#[test]
fn a_timeout_that_never_ends_an_attempt_is_refused() {
    let build = |timeout| Policy::builder("p").deadline(50 * MS).timeout(timeout).build();
    assert_eq!(
        build(50 * MS).unwrap_err().to_string(),
        "`p`: `timeout` must be shorter than the deadline of 50ms, but is 50ms; the deadline \
         would end every attempt first",
    );
    let policy = build(49 * MS).unwrap();
    assert!(policy.reconfigure(|settings| settings.deadline = Some(20 * MS)).is_err());
    assert_eq!(policy.settings().deadline, Some(50 * MS));
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_refused_let_nobody_in() {
    let policy = full_policy();
    let mut holder = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut holder).await.is_none());
    let mut waiter = Box::pin(policy.call(|| async { Ok::<_, E>(()) }));
    assert!(poll_once(&mut waiter).await.is_none());

    let change = |concurrent, probes| {
        policy.reconfigure(|settings| {
            settings.bulkhead.as_mut().unwrap().concurrent = concurrent;
            settings.breaker.as_mut().unwrap().probes = probes;
        })
    };
    assert!(change(2, 0).is_err());
    assert!(poll_once(&mut waiter).await.is_none(), "the second place was never there");

    assert!(change(0, 7).is_err());
    assert_eq!(policy.settings().breaker.unwrap().probes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_keeps_the_number_of_attempts_that_it_began_with() {
    let policy = Policy::builder("p").retry(retrying(1, MS)).build().unwrap();
    let mut call = Call::new(&policy, const { &Classifier::<E>::by_fault() });
    assert!(!call.may_retry(), "so the body may consume what it was given");
    let outcome = call.attempt(async { Err::<(), _>(TRANSIENT) }).await;
    policy.reconfigure(|settings| settings.retry.as_mut().unwrap().attempts = 5).unwrap();
    assert!(matches!(call.judge(outcome), Next::Done(Err(Failure::Error(TRANSIENT)))));
}

#[tokio::test(start_paused = true)]
async fn numbers_out_of_range_are_refused() {
    for attempts in [0, 1001, u32::MAX] {
        assert!(Policy::builder("p").retry(retrying(attempts, MS)).build().is_err(), "{attempts}");
    }
    for attempts in [1, 1000] {
        assert!(Policy::builder("p").retry(retrying(attempts, MS)).build().is_ok(), "{attempts}");
    }
    assert!(Policy::builder("p").timeout(Duration::ZERO).build().is_err());
    assert!(Policy::builder("p").deadline(Duration::ZERO).build().is_err());
    assert!(Policy::builder("p").build().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_changes_holds_for_attempts_that_wait_from_then_on() {
    let policy = Policy::builder("p").timeout(10 * MS).build().unwrap();
    let mut running = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut running).await.is_none());
    policy.reconfigure(|settings| settings.timeout = Some(Duration::from_secs(9).into())).unwrap();
    tokio::time::advance(11 * MS).await;
    assert_eq!(poll_once(&mut running).await, Some(Err(E::Refused(Reason::TimedOut))));
    let mut later = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut later).await.is_none());
    tokio::time::advance(11 * MS).await;
    assert!(poll_once(&mut later).await.is_none());
}
