//! What a derived `Fault` says of itself, whatever its type can.
//!
//! Method lookup decides: it tries the receiver as it is before it dereferences it, so that what is
//! implemented for most borrows comes first.

use core::any::type_name;
use core::error::Error;
use core::fmt::{self, Debug, Display, Formatter};

use crate::error::describe_error;

/// Describes an error to a formatter.
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($error:expr, $f:expr) => {{
        use $crate::__private::{
            DescribeDebug as _, DescribeDisplay as _, DescribeError as _, DescribeName as _,
        };
        (&&&&$crate::__private::Described($error)).describe($f)
    }};
}

pub use crate::__describe as describe;

/// An error of which little is known.
#[derive(Debug)]
pub struct Described<'a, E: ?Sized>(pub &'a E);

/// Found for what is an error.
pub trait DescribeError {
    /// The error, and all its sources.
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl<E: Error + ?Sized> DescribeError for &&&Described<'_, E> {
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result {
        describe_error(self.0, f)
    }
}

/// Found for what has `Display`.
pub trait DescribeDisplay {
    /// As it is displayed.
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl<E: Display + ?Sized> DescribeDisplay for &&Described<'_, E> {
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self.0, f)
    }
}

/// Found for what has `Debug` only.
pub trait DescribeDebug {
    /// As it is printed for debugging.
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl<E: Debug + ?Sized> DescribeDebug for &Described<'_, E> {
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.0, f)
    }
}

/// Found for all else.
pub trait DescribeName {
    /// The name of the type.
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl<E: ?Sized> DescribeName for Described<'_, E> {
    fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(type_name::<E>())
    }
}
