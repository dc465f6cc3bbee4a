//! Uses what `reliability` has without `std`, in a library that does not link `std`.
//!
//! `tests/run` builds it as a static library. Such a library has one panic handler, its own; if
//! anything underneath linked `std`, there would be two, and it would not build. In the workspace,
//! where other packages turn `std` on, it is an ordinary library without a handler.
#![no_std]

use core::time::Duration;

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::breaker::Breaker;
use reliability::resilience::retry::{Backoff, RetryBudget};
use reliability::state::{AtomicMachine, StateMachine};
use reliability::time::ManualClock;

/// Whether the bus may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, StateMachine)]
#[machine(name = "bus", derive(Debug, Clone, Copy, PartialEq, Eq), atomic)]
pub enum Bus {
    /// Nobody uses it.
    #[state(initial, to(Busy))]
    Idle,
    /// A device uses it.
    #[state(to(Idle))]
    Busy {
        /// The device's number.
        device: u16,
    },
}

static BUS: AtomicMachine<Bus> = AtomicMachine::new();

/// The bus is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusBusy;

impl Fault for BusBusy {
    fn class(&self) -> Class {
        Class::Transient
    }
}

/// Takes the bus for a device.
///
/// # Errors
///
/// When another device has it.
pub fn take(device: u16) -> Result<(), BusBusy> {
    let seen = BUS.load();
    if !seen.is::<bus::Idle>() {
        return Err(BusBusy);
    }
    BUS.transition::<bus::Idle, _>(seen, bus::Busy { device }).map(drop).map_err(|_| BusBusy)
}

/// Takes the bus for a device, unless the breaker knows better, and says how long to wait before
/// the next attempt if it is busy.
///
/// # Errors
///
/// When the breaker is open, or the budget does not allow another attempt.
pub fn attempt(
    breaker: &Breaker,
    budget: &RetryBudget,
    clock: &ManualClock,
    device: u16,
) -> Result<Option<Duration>, Rejected> {
    let permit = breaker.acquire()?;
    match take(device) {
        Ok(()) => {
            permit.success();
            Ok(None)
        }
        Err(busy) => {
            permit.failure_with(&busy);
            budget.withdraw()?;
            let seed = clock.clock().now().as_nanos();
            Ok(Some(Backoff::standard().delay(1, Duration::ZERO, seed)))
        }
    }
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
