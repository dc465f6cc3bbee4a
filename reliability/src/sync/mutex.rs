#[cfg(not(reliability_loom))]
use std::sync::Mutex as Imp;
#[cfg(not(reliability_loom))]
pub(crate) use std::sync::MutexGuard as Guard;
use std::sync::{PoisonError, TryLockError};

#[cfg(reliability_loom)]
use loom::sync::Mutex as Imp;
#[cfg(reliability_loom)]
pub(crate) use loom::sync::MutexGuard as Guard;

/// `std`'s mutex, or loom's, without poisoning.
///
/// For the slow paths of lock-free structures. Whoever holds it keeps the value consistent at every
/// point that can panic, so that one panicking thread does not take all others down: nobody has to
/// ask whether the lock is poisoned.
#[derive(Debug)]
pub(crate) struct Mutex<T>(Imp<T>);

impl<T> Mutex<T> {
    #[cfg(not(reliability_loom))]
    pub(crate) const fn new(value: T) -> Self {
        Self(Imp::new(value))
    }

    #[cfg(reliability_loom)]
    pub(crate) fn new(value: T) -> Self {
        Self(Imp::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, unless somebody else has it: for work that need not be done twice.
    #[cfg_attr(
        not(any(feature = "resilience", feature = "telemetry")),
        allow(dead_code, reason = "who asks is a policy or an instrument")
    )]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
