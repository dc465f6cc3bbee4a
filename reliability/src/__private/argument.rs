//! Owned arguments of a function whose body may run again.

/// A value that every attempt can have its own of.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{Self}` cannot be given to a second attempt",
    label = "must be `Clone`",
    note = "`retry` and `fallback` want the arguments again after an attempt has used them: take `&{Self}` instead, or implement `Clone` for `{Self}`"
)]
pub trait Repeatable: Clone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> Repeatable for T {}

/// An owned argument, cloned while attempts remain and then given away.
#[derive(Debug)]
pub struct Argument<T>(Option<T>);

impl<T: Repeatable> Argument<T> {
    /// Keeps the argument for the attempts to come.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The argument of the next attempt, which is certainly the last one if `last`.
    ///
    /// # Panics
    ///
    /// After the last attempt.
    #[inline]
    pub fn take(&mut self, last: bool) -> T {
        let value = if last { self.0.take() } else { self.0.clone() };
        match value {
            Some(value) => value,
            None => unreachable!("a call makes no attempt after its last one"),
        }
    }
}

/// An argument for an attempt whose fallback gets the original.
#[inline]
pub fn again<T: Repeatable>(value: &T) -> T {
    value.clone()
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use core::cell::Cell;

    #[derive(Debug)]
    struct Counted<'a>(&'a Cell<u32>);

    impl Clone for Counted<'_> {
        fn clone(&self) -> Self {
            self.0.set(self.0.get() + 1);
            Self(self.0)
        }
    }

    #[test]
    fn the_last_attempt_gets_the_value_itself() {
        let clones = Cell::new(0);
        let mut argument = Argument::new(Counted(&clones));
        argument.take(false);
        argument.take(false);
        argument.take(true);
        assert_eq!(clones.get(), 2);
    }
}
