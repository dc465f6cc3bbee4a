//! What `#[traced]` records, whatever the types can.
//!
//! An argument is shown by `Debug` where its type has it, else by the name of the type; an error by
//! `Display`, else by `Debug`. Method lookup decides: it tries the receiver as it is before it
//! dereferences it, so that what is implemented for most borrows comes first.
//!
//! `(&&Shown(..)).shown()`, `(&&&Ended(..)).end(..)` and `(&&Ended(..)).value()` are how they are
//! called.

use core::any::type_name;
use core::fmt::{self, Debug, Display};

use tracing::field::{DebugValue, debug};

use super::tracing_span::Traced;

/// An argument that becomes a field of the span.
#[derive(Debug)]
pub struct Shown<'a, T: ?Sized>(pub &'a T);

/// Found for what has `Debug`.
pub trait ShowDebug<'a> {
    /// The type of the argument.
    type Shown: Debug;
    /// The value of the field.
    fn shown(&self) -> DebugValue<Self::Shown>;
}

impl<'a, T: Debug + ?Sized> ShowDebug<'a> for &Shown<'a, T> {
    type Shown = &'a T;

    fn shown(&self) -> DebugValue<&'a T> {
        debug(self.0)
    }
}

/// Found for all else.
pub trait ShowType {
    /// The value of the field.
    fn shown(&self) -> DebugValue<TypeName>;
}

impl<T: ?Sized> ShowType for Shown<'_, T> {
    fn shown(&self) -> DebugValue<TypeName> {
        debug(TypeName(type_name::<T>()))
    }
}

/// Stands for a value that cannot be shown.
pub struct TypeName(&'static str);

impl Debug for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// What the function returned.
#[derive(Debug)]
pub struct Ended<'a, R>(pub &'a R);

/// Found for a `Result` whose error has `Display`.
pub trait EndDisplay {
    /// Ends the span, and tells the error, if it is one.
    fn end(&self, traced: &mut Traced);
}

impl<T, E: Display> EndDisplay for &&Ended<'_, Result<T, E>> {
    fn end(&self, traced: &mut Traced) {
        match self.0 {
            Ok(_) => traced.end(),
            Err(error) => traced.fail(format_args!("{error}")),
        }
    }
}

/// Found for a `Result` whose error has `Debug` only.
pub trait EndDebug {
    /// Ends the span, and tells the error, if it is one.
    fn end(&self, traced: &mut Traced);
}

impl<T, E: Debug> EndDebug for &Ended<'_, Result<T, E>> {
    fn end(&self, traced: &mut Traced) {
        match self.0 {
            Ok(_) => traced.end(),
            Err(error) => traced.fail(format_args!("{error:?}")),
        }
    }
}

/// Found for all else.
pub trait EndOther {
    /// Ends the span.
    fn end(&self, traced: &mut Traced);
}

impl<R> EndOther for Ended<'_, R> {
    fn end(&self, traced: &mut Traced) {
        traced.end();
    }
}

/// What a function is told to say of its error: `err = debug`, `display` or `hidden`.
pub fn end_debug<T, E: Debug>(traced: &mut Traced, outcome: &Result<T, E>) {
    EndDebug::end(&&Ended(outcome), traced);
}

/// As [`end_debug`].
pub fn end_display<T, E: Display>(traced: &mut Traced, outcome: &Result<T, E>) {
    EndDisplay::end(&&&Ended(outcome), traced);
}

/// As [`end_debug`].
pub fn end_hidden<T, E>(traced: &mut Traced, outcome: &Result<T, E>) {
    match outcome {
        Ok(_) => traced.end(),
        Err(_) => traced.fail_silently(),
    }
}

/// Found for a `Result`.
pub trait ValueOfResult<'a> {
    /// Its type.
    type Value;
    /// The value, if there is one.
    fn value(&self) -> Option<&'a Self::Value>;
}

impl<'a, T, E> ValueOfResult<'a> for &Ended<'a, Result<T, E>> {
    type Value = T;

    fn value(&self) -> Option<&'a T> {
        self.0.as_ref().ok()
    }
}

/// Found for all else.
pub trait ValueOfOther<'a> {
    /// Its type.
    type Value;
    /// The value.
    fn value(&self) -> Option<&'a Self::Value>;
}

impl<'a, R> ValueOfOther<'a> for Ended<'a, R> {
    type Value = R;

    fn value(&self) -> Option<&'a R> {
        Some(self.0)
    }
}
