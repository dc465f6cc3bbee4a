use super::*;

#[tokio::test(start_paused = true)]
async fn the_fallback_gets_the_error_and_bounds_are_as_written() {
    let policy = Policy::builder("p").fallback().timeout(10 * MS).build().unwrap();
    let answer = policy
        .call_or(pending::<Result<String, E>>, |error| async move { Ok(format!("{error:?}")) })
        .await;
    assert_eq!(answer, Ok("Refused(TimedOut)".to_string()));
    assert_eq!(policy.totals().fallbacks(), 1);

    let hurried =
        Policy::builder("p").deadline(10 * MS).fallback().timeout(5 * MS).build().unwrap();
    let answer: Result<u32, E> = hurried.call_or(pending, |_| pending()).await;
    assert_eq!(answer, Err(E::Refused(Reason::DeadlineExceeded)));

    let late = Policy::builder("p").deadline(10 * MS).fallback().build().unwrap();
    let answer: Result<u32, E> = late.call_or(pending, |_| async { Ok(1) }).await;
    assert_eq!(answer, Err(E::Refused(Reason::DeadlineExceeded)), "the deadline is outermost");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_error_does_not_reach_the_fallback() {
    let policy = Policy::builder("p").fallback().timeout(MS).build().unwrap();
    let answer: Result<u32, E> =
        policy.call_or(|| async { Err(E::Of(Class::Cancelled)) }, |_| async { Ok(1) }).await;
    assert_eq!(answer, Err(E::Of(Class::Cancelled)));
}
