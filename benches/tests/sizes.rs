//! How large futures and handles are, in bytes: every caller carries them in its own future.
//!
//! `cargo test -p reliability-benches --test sizes -- --nocapture` prints the figures, as rows of
//! the table in `README.md`.

use std::future::Ready;
use std::mem::{size_of, size_of_val};

use reliability::error::Rejected;
use reliability::resilience::bulkhead::{Enter, EnterOwned};
use reliability::resilience::{Attempt, Breaker, Bulkhead, Call, Fallback, Pause, Policy};
use reliability::time::WithDeadline;
use reliability_benches::single::{Small, ready, with_retry, with_timeout};
use reliability_benches::stack::{Client, bare, by_hand, by_macro, policy};

/// What the features that other packages' tests ask of tokio add to its timer, when the whole
/// workspace is built at once: not the library's doing.
const TIMER_EXTRA: usize = size_of::<tokio::time::Sleep>().saturating_sub(96);

/// As [`at_most`], for what contains a timer.
#[track_caller]
fn with_timer_at_most(bound: usize, size: usize, what: &str) {
    at_most(bound + TIMER_EXTRA, size, what);
}

/// Prints what was measured, and fails when it is more than it may be.
#[track_caller]
#[allow(clippy::print_stdout, reason = "the rows are what `--nocapture` is for")]
fn at_most(bound: usize, size: usize, what: &str) {
    println!("| {what} | {size} | {bound} |");
    assert!(size <= bound, "{what} takes {size} bytes, and may take {bound}");
}

#[test]
fn an_annotated_function_adds_little_to_its_future() {
    let client = Client { price: 7 };
    at_most(32, size_of_val(&bare(&client, "tea")), "`price`, bare");
    with_timer_at_most(
        712,
        size_of_val(&by_macro(&client, "tea")),
        "`price`, whole stack by the attribute",
    );
    let policy = policy().expect("valid settings");
    let by_hand = by_hand(&policy, &client, "tea");
    with_timer_at_most(880, size_of_val(&by_hand), "`price`, whole stack by hand");
    at_most(8, size_of_val(&ready::<Small>()), "a body without arguments, bare");
    with_timer_at_most(448, size_of_val(&with_timeout()), "a body without arguments, `timeout`");
    with_timer_at_most(448, size_of_val(&with_retry()), "a body without arguments, `retry`");
}

#[test]
fn named_futures_are_small() {
    type Work = Ready<Result<u32, Rejected>>;
    at_most(48, size_of::<Work>(), "`Ready<Result<u32, Rejected>>`, for comparison");
    with_timer_at_most(160, size_of::<Attempt<'_, '_, Work, Rejected>>(), "`Attempt` around it");
    with_timer_at_most(160, size_of::<Fallback<'_, '_, Work, Rejected>>(), "`Fallback` around it");
    at_most(64, size_of::<WithDeadline<Work>>(), "`WithDeadline` around it");
    at_most(328, size_of::<Call<'_, Rejected>>(), "`Call`");
    with_timer_at_most(112, size_of::<Pause>(), "`Pause`");
    with_timer_at_most(144, size_of::<Enter<'_>>(), "`Enter`");
    with_timer_at_most(144, size_of::<EnterOwned>(), "`EnterOwned`");
    at_most(128, size_of::<tokio::time::Sleep>(), "tokio's `Sleep`, which all that wait contain");
}

#[test]
fn handles_are_one_pointer() {
    assert_eq!(size_of::<Breaker>(), size_of::<usize>());
    assert_eq!(size_of::<Bulkhead>(), size_of::<usize>());
    assert_eq!(size_of::<Policy>(), size_of::<usize>());
}

#[test]
fn permits_and_refusals_are_small() {
    use reliability::resilience::{breaker, bulkhead};
    at_most(24, size_of::<breaker::Permit<'_>>(), "`breaker::Permit`");
    at_most(8, size_of::<bulkhead::Permit<'_>>(), "`bulkhead::Permit`");
    at_most(48, size_of::<Rejected>(), "`Rejected`");
}
