use core::task::Waker;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// Wakes all of them, also when one of the wakers panics; that panic then goes on, unless the thread
/// is unwinding from another one already: who goes because it panicked hands on what it had, and a
/// second panic on the way would end the process.
#[cfg_attr(not(feature = "resilience"), allow(dead_code, reason = "who waits is a call"))]
pub(crate) fn wake(wakers: impl Iterator<Item = Waker>) {
    let mut first = None;
    for waker in wakers {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first
        && !thread::panicking()
    {
        resume_unwind(panic);
    }
}
