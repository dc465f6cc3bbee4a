use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

#[cfg(feature = "record")]
use crate::time::frozen;
use crate::time::{Instant, timer_at};

pin_project! {
    /// A timer that costs nothing until it is armed.
    ///
    /// tokio's `Sleep` registers with the runtime when it is first polled, and a call that is ready
    /// at once should not pay for that.
    pub(super) struct Timer {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    #[inline]
    pub(super) fn idle() -> Self {
        Self { sleep: None }
    }

    #[inline]
    pub(super) fn is_armed(&self) -> bool {
        self.sleep.is_some()
    }

    /// Lets the timer fire at that instant.
    #[cold]
    pub(super) fn arm(self: Pin<&mut Self>, at: Instant) {
        self.project().sleep.set(Some(tokio::time::sleep_until(timer_at(at))));
    }

    #[inline]
    pub(super) fn disarm(self: Pin<&mut Self>) {
        // It has to be looked at in any case, and mostly there is nothing to write.
        if self.is_armed() {
            self.project().sleep.set(None);
        }
    }

    /// Ready when it has fired; pending for ever while it is not armed.
    pub(super) fn poll_fired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().sleep.as_pin_mut() {
            #[cfg(feature = "record")]
            Some(sleep) if frozen::is_again() => fired_by(&sleep, frozen::now()),
            Some(sleep) => sleep.poll(cx),
            None => Poll::Pending,
        }
    }
}

/// Fires by the time that is shown, and not by the runtime's.
#[cfg(feature = "record")]
fn fired_by(sleep: &Sleep, now: Option<Instant>) -> Poll<()> {
    match now {
        Some(now) if timer_at(now) >= sleep.deadline() => Poll::Ready(()),
        _ => Poll::Pending,
    }
}
