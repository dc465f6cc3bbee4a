use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls a future once, without an executor, and drops it.
#[inline(always)]
pub fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that is ready at once.
///
/// # Panics
///
/// When the future has to wait.
#[inline(always)]
pub fn now_or_panic<F: Future>(future: F) -> F::Output {
    match poll_once(future) {
        Poll::Ready(output) => output,
        Poll::Pending => waits(),
    }
}

#[cold]
#[inline(never)]
fn waits() -> ! {
    panic!("the future was to be ready at once, and waits")
}

/// The output of a future that another thread may keep waiting for an instant: polls until it is
/// ready.
#[inline(always)]
pub fn spin<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::hint::spin_loop(),
        }
    }
}
