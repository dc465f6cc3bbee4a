//! What `#[traced]` records, whatever the types can.
//!
//! An argument is shown by `Debug` where its type has it, else by the name of the type; an error by
//! `Display`, else by `Debug`. Method lookup decides: it tries the receiver as it is before it
//! dereferences it, so that what is implemented for most borrows comes first.
//!
//! `(&&Shown(..)).shown()` and `(&&&Ended(..)).record(..)` are how they are called.

use core::any::type_name;
use core::fmt::{self, Debug, Display};

use tracing::Span;
use tracing::field::{DebugValue, debug, display};

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
pub trait RecordDisplay {
    /// Records the error, if it is one.
    fn record(&self, span: &Span);
}

impl<T, E: Display> RecordDisplay for &&Ended<'_, Result<T, E>> {
    fn record(&self, span: &Span) {
        if let Err(error) = self.0 {
            failed(span, display(error));
        }
    }
}

/// Found for a `Result` whose error has `Debug` only.
pub trait RecordDebug {
    /// Records the error, if it is one.
    fn record(&self, span: &Span);
}

impl<T, E: Debug> RecordDebug for &Ended<'_, Result<T, E>> {
    fn record(&self, span: &Span) {
        if let Err(error) = self.0 {
            failed(span, debug(error));
        }
    }
}

/// Found for all else.
pub trait RecordNothing {
    /// Records nothing.
    fn record(&self, span: &Span);
}

impl<R> RecordNothing for Ended<'_, R> {
    fn record(&self, _span: &Span) {}
}

#[cold]
fn failed(span: &Span, error: impl tracing::Value) {
    span.record("error", error);
    span.record("otel.status_code", "ERROR");
}
