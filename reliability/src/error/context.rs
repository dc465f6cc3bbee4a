use alloc::borrow::Cow;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::recovery::Action;
use super::{Class, Disposition, Fault, Rejected, Severity};

/// An error with a note of what was being done.
///
/// Class, severity, `retry_after` and refusal stay those of the error inside, so that policies
/// decide as if the note were not there. Made by [`ResultExt::context`].
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Contextual, Fault, Reason, Rejected};
///
/// let refused = Rejected::new(Reason::TimedOut, "price");
/// let noted = Contextual::new("pricing the basket", refused.clone());
/// assert_eq!(noted.context(), "pricing the basket");
/// assert_eq!(noted.class(), Class::Transient);
/// assert_eq!(noted.inner(), &refused);
/// assert_eq!(noted.into_inner(), refused);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contextual<E> {
    context: Cow<'static, str>,
    error: E,
}

impl<E> Contextual<E> {
    /// Notes what was being done when `error` happened.
    pub fn new(context: impl Into<Cow<'static, str>>, error: E) -> Self {
        Self { context: context.into(), error }
    }

    /// What was being done.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The error inside.
    pub fn inner(&self) -> &E {
        &self.error
    }

    /// Takes the error out of its context.
    pub fn into_inner(self) -> E {
        self.error
    }
}

impl<E> fmt::Display for Contextual<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl<E: Error + 'static> Error for Contextual<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl<E: Fault> Fault for Contextual<E> {
    fn class(&self) -> Class {
        self.error.class()
    }

    fn severity(&self) -> Severity {
        self.error.severity()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.error.retry_after()
    }

    fn rejection(&self) -> Option<&Rejected> {
        self.error.rejection()
    }

    fn disposition(&self) -> Disposition {
        self.error.disposition()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.context)?;
        self.error.describe(f)
    }

    fn fingerprint(&self) -> Option<&'static str> {
        self.error.fingerprint()
    }

    fn recovery(&self) -> Option<Action> {
        self.error.recovery()
    }
}

/// Adds context to the error of a `Result`; the `Ok` path does nothing and allocates nothing.
///
/// # Examples
///
/// ```
/// use reliability::error::{ResultExt, chain};
///
/// fn port(text: &str) -> Result<u16, impl std::error::Error + 'static> {
///     text.parse::<u16>().context("reading the port").with_context(|| format!("in {text:?}"))
/// }
///
/// let error = port("many").unwrap_err();
/// assert_eq!(
///     chain(&error).to_string(),
///     "in \"many\": reading the port: invalid digit found in string",
/// );
/// ```
pub trait ResultExt<T, E>: Sized {
    /// Notes what was being done.
    ///
    /// # Errors
    ///
    /// The same error as before, inside a [`Contextual`].
    fn context(self, context: &'static str) -> Result<T, Contextual<E>>;

    /// Notes what was being done, in words that are only made when there is an error.
    ///
    /// # Errors
    ///
    /// The same error as before, inside a [`Contextual`].
    fn with_context<C>(self, context: impl FnOnce() -> C) -> Result<T, Contextual<E>>
    where
        C: Into<Cow<'static, str>>;
}

impl<T, E> ResultExt<T, E> for Result<T, E> {
    fn context(self, context: &'static str) -> Result<T, Contextual<E>> {
        self.map_err(|error| Contextual::new(context, error))
    }

    fn with_context<C>(self, context: impl FnOnce() -> C) -> Result<T, Contextual<E>>
    where
        C: Into<Cow<'static, str>>,
    {
        self.map_err(|error| Contextual::new(context(), error))
    }
}

/// An error and all its sources on one line, outermost first, separated by colons.
///
/// See [`ResultExt`] for an example.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> Chain<'a> {
    Chain { error }
}

/// Displays an error with all its sources; made by [`chain`].
///
/// See [`ResultExt`] for an example.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a> {
    error: &'a (dyn Error + 'static),
}

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe_error(self.error, f)
    }
}

/// As [`Chain`], for an error that borrows.
pub(crate) fn describe_error<E: Error + ?Sized>(
    error: &E,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "{error}")?;
    let mut source = error.source();
    while let Some(error) = source {
        write!(f, ": {error}")?;
        source = error.source();
    }
    Ok(())
}
