//! `#[derive(Fault)]` and what policies make of it.

use std::time::Duration;

use reliability::error::{Class, Disposition, Fault, Reason, Rejected};
use reliability::resilience::resilient;
use tokio::time::Instant;

#[derive(Debug, Fault)]
enum Failed {
    #[fault(overloaded, retry_after = after)]
    Busy { after: Option<Duration> },
    #[fault(permanent)]
    Unknown,
    #[fault(source)]
    Other(anyhow::Error),
    #[fault(from)]
    Rejected(Rejected),
}

#[derive(Debug, Fault)]
#[fault(source)]
struct Outer(Failed);

impl From<Rejected> for Outer {
    fn from(rejected: Rejected) -> Self {
        Outer(rejected.into())
    }
}

#[resilient(
    retry(attempts = 3, backoff = constant("1ms"), jitter = none),
    timeout = "1h",
    idempotent
)]
async fn answers(answers: &mut Vec<Failed>) -> Result<u32, Failed> {
    answers.pop().map_or(Ok(0), Err)
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_for_as_long_as_the_error_asks() {
    let busy = |after| Failed::Busy { after };
    let start = Instant::now();
    let mut errors = vec![busy(None), busy(Some(Duration::from_secs(7)))];
    assert!(matches!(answers(&mut errors).await, Ok(0)));
    assert_eq!(start.elapsed(), Duration::from_millis(7_001));
}

#[tokio::test(start_paused = true)]
async fn what_is_permanent_or_unknown_is_not_tried_again() {
    for error in [Failed::Unknown, Failed::Other(anyhow::anyhow!("nobody knows"))] {
        let mut errors = vec![Failed::Unknown, error];
        assert!(answers(&mut errors).await.is_err());
        assert_eq!(errors.len(), 1);
    }
}

#[test]
fn a_source_is_asked_for_everything_through_every_layer() {
    let unknown = Outer(Failed::Other(anyhow::anyhow!("nobody knows")));
    assert_eq!(unknown.disposition(), Disposition::unknown());

    let rejected = Rejected::new(Reason::RateLimited, "p").with_retry_after(Duration::from_secs(1));
    let refused = Outer::from(rejected.clone());
    assert_eq!(refused.rejection(), Some(&rejected));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(1)));
    assert_eq!((refused.class(), refused.severity()), (rejected.class(), rejected.severity()));
    assert_eq!(Outer(Failed::Unknown).class(), Class::Permanent);
}
