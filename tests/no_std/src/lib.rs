//! Uses what `reliability` has without `std`, in a library that does not link `std`.
//!
//! `tests/run` builds it as a static library. Such a library has one panic handler, its own; if
//! anything underneath linked `std`, there would be two, and it would not build. In the workspace,
//! where other packages turn `std` on, it is an ordinary library without a handler.
#![no_std]

use core::time::Duration;

use reliability::error::{Class, Fault, Reason, Rejected};
use reliability::time::ManualClock;

/// An error of a device.
#[derive(Debug)]
pub struct BusFault;

impl Fault for BusFault {
    fn class(&self) -> Class {
        Class::Transient
    }
}

/// Says what a policy would do with such an error, and how long ago a clock was started.
pub fn survive(waited: Duration) -> (bool, Duration, Rejected) {
    let manual = ManualClock::new();
    let clock = manual.clock();
    let start = clock.now();
    manual.advance(waited);
    let elapsed = clock.now().saturating_duration_since(start);
    let refused = Rejected::new(Reason::BreakerOpen, "bus").with_retry_after(elapsed);
    (BusFault.class().disposition().retried, elapsed, refused)
}

#[cfg(panic = "abort")]
mod freestanding {
    use core::alloc::{GlobalAlloc, Layout};
    use core::panic::PanicInfo;
    use core::ptr::null_mut;

    struct NoMemory;

    #[allow(unsafe_code, reason = "an allocator cannot be given without; this one refuses")]
    // SAFETY: it hands out no memory, which is always allowed, so none comes back either.
    unsafe impl GlobalAlloc for NoMemory {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            null_mut()
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[global_allocator]
    static MEMORY: NoMemory = NoMemory;

    #[panic_handler]
    fn stop(_: &PanicInfo<'_>) -> ! {
        loop {
            core::hint::spin_loop();
        }
    }
}
