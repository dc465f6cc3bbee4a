use std::thread::{self, ThreadId};

use super::Mutex;

/// A value that one thread at a time works at, and that who works at it may ask for again.
///
/// For work that calls what the user gave, such as a subscriber of events: that may come back to
/// where it was called from. It would wait for itself under a lock, so here it is told that it is
/// its own turn already.
#[derive(Debug)]
pub(crate) struct Turn<T> {
    whose: Mutex<Option<ThreadId>>,
    value: Mutex<T>,
}

impl<T> Turn<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { whose: Mutex::new(None), value: Mutex::new(value) }
    }

    /// Waits for others, and works at it; `None` where this thread does so already.
    pub(crate) fn take<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        struct Over<'a>(&'a Mutex<Option<ThreadId>>);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                *self.0.lock() = None;
            }
        }
        let own = thread::current().id();
        if *self.whose.lock() == Some(own) {
            return None;
        }
        let mut value = self.value.lock();
        *self.whose.lock() = Some(own);
        // Before the value is free: it is dropped first, also in a panic.
        let over = Over(&self.whose);
        let done = work(&mut value);
        drop(over);
        Some(done)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn who_comes_again_is_told_so_and_who_comes_later_has_a_turn() {
        let turn = Turn::new(0);
        let inner = turn.take(|value| {
            *value += 1;
            turn.take(|value| *value += 10)
        });
        assert_eq!(inner, Some(None));
        let panicked = catch_unwind(AssertUnwindSafe(|| turn.take(|_| panic!("on purpose"))));
        assert!(panicked.is_err());
        assert_eq!(turn.take(|value| *value), Some(1));
        let other = thread::scope(|scope| scope.spawn(|| turn.take(|value| *value)).join());
        assert_eq!(other.ok(), Some(Some(1)));
    }
}
