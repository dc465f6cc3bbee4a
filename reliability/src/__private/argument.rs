//! Owned arguments of a function whose body may run again.

/// Says of the attempts of a call, `Self`, that each can have its own `T`.
///
/// The argument's type is a parameter, because with a bound on the type itself the compiler would
/// propose to borrow the argument inside of the expansion.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{T}` cannot be given to a second attempt",
    label = "`{T}` must be `Clone`",
    note = "`retry`, `hedge` and `fallback` want the arguments again after an attempt has used them: take `&{T}` instead, or implement `Clone` for `{T}`"
)]
pub trait Repeatable<T> {
    /// Another one.
    fn again(value: &T) -> T;
}

/// The attempts of a call.
#[derive(Debug)]
pub struct Attempts;

#[diagnostic::do_not_recommend]
impl<T: Clone> Repeatable<T> for Attempts {
    #[inline]
    fn again(value: &T) -> T {
        value.clone()
    }
}

/// An owned argument, cloned while attempts remain and then given away.
///
/// It knows how to clone, so that a type which cannot is refused once, where the argument is kept.
#[derive(Debug)]
pub struct Argument<T> {
    value: Option<T>,
    clone: fn(&T) -> T,
}

impl<T> Argument<T> {
    /// Keeps the argument for the attempts to come.
    #[inline]
    pub const fn new(value: T) -> Self
    where
        Attempts: Repeatable<T>,
    {
        Self { value: Some(value), clone: <Attempts as Repeatable<T>>::again }
    }

    /// The argument of the next attempt, which is certainly the last one if `last`.
    ///
    /// # Panics
    ///
    /// After the last attempt.
    #[inline]
    pub fn take(&mut self, last: bool) -> T {
        let value = if last { self.value.take() } else { self.value.as_ref().map(self.clone) };
        match value {
            Some(value) => value,
            None => unreachable!("a call makes no attempt after its last one"),
        }
    }
}

/// An argument for an attempt whose fallback gets the original.
#[inline]
pub fn again<T>(value: &T) -> T
where
    Attempts: Repeatable<T>,
{
    <Attempts as Repeatable<T>>::again(value)
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
