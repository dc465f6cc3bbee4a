use crate::resilience::policy::record::{Recording, ReplayError};
use crate::resilience::{Invalid, Policy};

/// Goes through a [`Recording`] again, and compares every decision with the recorded one.
///
/// `build` makes the policy: with the settings that the recorded one had, to have its decisions
/// again; with others, to see which decision is the first to change. What came from outside - when
/// calls began, how attempts ended and when, random numbers - is as it was recorded, to the
/// nanosecond and in the same order, also when many threads called. No time passes.
///
/// What the policy draws by itself needs a seed to be the same: a breaker's
/// [`open_jitter`](crate::resilience::breaker::BreakerBuilder::open_jitter), and chaos. A policy
/// that reads another clock than the precise one, or that shares its breaker, bulkhead or budget
/// with others, decides by more than the recording knows.
///
/// # Errors
///
/// [`ReplayError`] with the first difference; or when the beginning of the recording is missing, or
/// the policy cannot be built.
///
/// # Panics
///
/// Inside of an asynchronous context of another runtime, and when the system refuses a runtime.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::policy::record::ReplayError;
/// use reliability::resilience::Policy;
/// use reliability::testing::{self, Script};
///
/// let build = |timeout| {
///     move || Policy::builder("price").timeout(Duration::from_millis(timeout)).build()
/// };
/// let recording = testing::run(|_| async {
///     let policy = build(100)().unwrap();
///     let recorded = policy.record(1_000);
///     let inventory = Script::<u32, Rejected>::new().ok(7).after("50ms");
///     assert_eq!(policy.call(|| inventory.call()).await, Ok(7));
///     recorded.finish()
/// });
///
/// assert_eq!(testing::replay(&recording, build(100)), Ok(()));
///
/// // With a timeout of 60 ms the first difference is when the wait would have ended.
/// let Err(ReplayError::Differs(difference)) = testing::replay(&recording, build(60)) else {
///     panic!("the timeout is another one");
/// };
/// assert_eq!(difference.index, 2);
/// ```
pub fn replay(
    recording: &Recording,
    build: impl FnOnce() -> Result<Policy, Invalid>,
) -> Result<(), ReplayError> {
    // Timers are made, but never waited for.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    match runtime.enable_time().build() {
        Ok(runtime) => {
            let _runtime = runtime.enter();
            crate::resilience::policy::record::replay(recording, build)
        }
        Err(error) => panic!("the system refuses a runtime for the replay: {error}"),
    }
}
