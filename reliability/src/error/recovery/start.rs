//! Running a user's constructor so that nothing it does gets out.

use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Class, Fault, Invalid, describe};

/// A constructor on its way.
pub(super) type Starting<T> = Pin<Box<dyn Future<Output = Result<T, StartFailed>> + Send>>;
/// What makes a component.
pub(super) type Start<T> = Box<dyn Fn() -> Starting<T> + Send + Sync>;

/// Why a component could not be made.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::io;
/// use reliability::error::recovery::{Component, StartFailed};
///
/// let connect = || async { Err::<u32, _>(io::Error::from(io::ErrorKind::ConnectionRefused)) };
/// let failed = Component::builder("ledger", connect).start().await.unwrap_err();
/// assert!(matches!(failed, StartFailed::Error { .. }));
/// assert_eq!(failed.to_string(), "the constructor failed: connection refused");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartFailed {
    /// A setting of the builder makes no sense.
    Invalid(Invalid),
    /// The constructor returned an error.
    #[non_exhaustive]
    Error {
        /// Its class.
        class: Class,
        /// What it said of itself, at most 1024 bytes.
        message: String,
    },
    /// The constructor panicked.
    Panicked,
    /// The constructor took longer than it may.
    TimedOut,
}

impl StartFailed {
    pub(super) fn of<E: Fault>(error: &E) -> Self {
        Self::Error { class: error.class(), message: describe(error) }
    }
}

impl fmt::Display for StartFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Error { message, .. } => write!(f, "the constructor failed: {message}"),
            Self::Panicked => f.write_str("the constructor panicked"),
            Self::TimedOut => f.write_str("the constructor took longer than `start_timeout`"),
        }
    }
}

impl Error for StartFailed {}

impl Fault for StartFailed {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(invalid) => invalid.class(),
            Self::Error { class, .. } => *class,
            Self::Panicked => Class::Permanent,
            Self::TimedOut => Class::Transient,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Runs the constructor to its end: whatever that is, it is an answer.
pub(super) async fn run<T>(start: &Start<T>, limit: Duration) -> Result<T, StartFailed> {
    let Ok(mut starting) = catch_unwind(AssertUnwindSafe(start)) else {
        return Err(StartFailed::Panicked);
    };
    let guarded =
        poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| starting.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(Err(StartFailed::Panicked)),
        });
    let ended = tokio::time::timeout(limit, guarded).await;
    // What it had begun may panic when it is dropped half-way.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(starting)));
    ended.unwrap_or(Err(StartFailed::TimedOut))
}
