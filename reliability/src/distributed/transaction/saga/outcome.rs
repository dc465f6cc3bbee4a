//! How a step ends that does not succeed, and what an undo is told.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use serde::Serialize;

use crate::error::Rejected;

type Source = Box<dyn Error + Send + Sync>;

/// How a step ended that did not succeed.
///
/// The difference decides everything: only [`Rejected`](Outcome::Rejected) turns a saga back. What
/// is merely not done yet is tried again, and what may have been done is
/// [probed](super::Step::probed) where there is a probe, and repeated with the same
/// [effect id](super::EffectId) otherwise.
///
/// An `?` on an error of the saga's own type rejects, and one on a [`Transient`] or an [`Unknown`] is
/// what it says. So is one on a [refusal of a policy](crate::error::Rejected): unknown, because an
/// attempt before the one that was refused may have come through. Every other error, such as one of
/// I/O, has to say which of the two others it is, because only its step knows whether something had
/// been sent by then. When in doubt, it is unknown:
///
/// ```
/// use reliability::distributed::transaction::saga::{Outcome, Transient};
///
/// # struct Receipt;
/// #[derive(Debug, serde::Serialize)]
/// enum Refused {
///     NoMoney,
/// }
///
/// fn enough(cents: u32) -> Result<(), Refused> {
///     if cents > 500 { Err(Refused::NoMoney) } else { Ok(()) }
/// }
///
/// fn call_the_bank() -> std::io::Result<Receipt> {
///     // ..
/// #   Err(std::io::ErrorKind::TimedOut.into())
/// }
///
/// fn charge(cents: u32) -> Result<Receipt, Outcome<Refused>> {
///     enough(cents)?;
///     // The answer was lost, and the money perhaps is not.
///     call_the_bank().map_err(Outcome::unknown)
/// }
///
/// fn connect() -> Result<(), Transient> {
///     // Nothing is sent before there is a connection, so here every error is transient.
///     Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?
/// }
///
/// fn refund() -> Result<Receipt, Outcome<Refused>> {
///     connect()?;
///     call_the_bank().map_err(Outcome::unknown)
/// }
///
/// // A server that says "not now" before it does anything:
/// let busy = Outcome::<Refused>::transient("503");
/// assert!(matches!(busy, Outcome::Transient(why) if why.to_string() == "503"));
///
/// assert!(matches!(charge(900), Err(Outcome::Rejected(Refused::NoMoney))));
/// assert!(matches!(charge(299), Err(Outcome::Unknown(_))));
/// assert!(matches!(refund(), Err(Outcome::Transient(_))));
/// ```
#[derive(Debug)]
pub enum Outcome<R> {
    /// It has not happened and will not: a definite no. What was done before is undone.
    Rejected(R),
    /// It has not happened, and may if it is tried again.
    Transient(Transient),
    /// It may have happened: the answer was lost, the time was over, the process died.
    Unknown(Unknown),
}

/// It was not done and may be later: the only way in which an undo, and a step behind the pivot, can
/// fail.
///
/// Every error becomes one by `?`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::saga::Transient;
///
/// fn release(free: bool) -> Result<(), Transient> {
///     let line = std::fs::read_to_string("/does/not/exist")?;
///     // .. or in words, and not before a time that the other side has named:
///     if !free {
///         return Err(Transient::new("the shelf is locked").after(Duration::from_secs(60)));
///     }
///     # drop(line);
///     Ok(())
/// }
///
/// assert!(release(true).unwrap_err().to_string().contains("No such file"));
/// ```
#[derive(Debug)]
pub struct Transient {
    source: Source,
    after: Option<Duration>,
}

/// It may have been done: nobody knows until it is asked or repeated.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::Unknown;
///
/// assert_eq!(Unknown::new("the answer was lost").to_string(), "the answer was lost");
/// ```
#[derive(Debug)]
pub struct Unknown {
    source: Source,
}

impl<R> Outcome<R> {
    /// It has not happened, and may if it is tried again.
    pub fn transient(source: impl Into<Source>) -> Self {
        Self::Transient(Transient::new(source))
    }

    /// It may have happened.
    pub fn unknown(source: impl Into<Source>) -> Self {
        Self::Unknown(Unknown::new(source))
    }
}

/// Not of all types, so that an `?` also does for the errors below, which are never refusals: those are
/// written to the journal.
impl<R: Serialize> From<R> for Outcome<R> {
    fn from(refusal: R) -> Self {
        Self::Rejected(refusal)
    }
}

impl<R> From<Transient> for Outcome<R> {
    fn from(why: Transient) -> Self {
        Self::Transient(why)
    }
}

impl<R> From<Unknown> for Outcome<R> {
    fn from(why: Unknown) -> Self {
        Self::Unknown(why)
    }
}

/// A policy has refused the last attempt, or given it up. There may have been others before, and nobody
/// knows what they have done.
///
/// ```
/// use reliability::distributed::transaction::saga::Outcome;
/// use reliability::error::{Reason, Rejected};
///
/// fn call_the_bank() -> Result<(), Rejected> {
///     // .. behind `#[resilient(..)]`
///     Err(Rejected::new(Reason::TimedOut, "bank"))
/// }
///
/// fn charge() -> Result<(), Outcome<String>> {
///     Ok(call_the_bank()?)
/// }
///
/// assert!(matches!(charge(), Err(Outcome::Unknown(_))));
/// ```
impl<R> From<Rejected> for Outcome<R> {
    fn from(refused: Rejected) -> Self {
        Self::unknown(refused)
    }
}

impl Transient {
    /// That is why.
    pub fn new(source: impl Into<Source>) -> Self {
        Self { source: source.into(), after: None }
    }

    /// Not to be tried before so much time has gone by: what the other side has said.
    #[must_use]
    pub fn after(mut self, pause: Duration) -> Self {
        self.after = Some(pause);
        self
    }

    /// The pause that the other side has asked for.
    pub const fn pause(&self) -> Option<Duration> {
        self.after
    }

    /// Why.
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl Unknown {
    /// That is why.
    pub fn new(source: impl Into<Source>) -> Self {
        Self { source: source.into() }
    }

    /// Why.
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Display for Transient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.to_string())
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.to_string())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Transient {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// What an undo is told of the step that it undoes. It must cope with both.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::{Attempt, Cx, Transient};
///
/// # struct Order; struct Stock { reservation: u64 }
/// # async fn give_back(_: u64) -> Result<(), Transient> { Ok(()) }
/// # async fn give_back_what_was_taken_for(_: &str) -> Result<(), Transient> { Ok(()) }
/// async fn release(cx: &Cx, _: &Order, reserved: Attempt<'_, Stock>) -> Result<(), Transient> {
///     match reserved {
///         Attempt::Done(stock) => give_back(stock.reservation).await,
///         // The step was begun, and nobody knows how it ended: ask by its effect id.
///         Attempt::Maybe => give_back_what_was_taken_for(cx.effect().as_str()).await,
///     }
/// }
/// ```
#[derive(Debug)]
pub enum Attempt<'a, T> {
    /// The step has finished with this.
    Done(&'a T),
    /// The step may have been begun, and nobody knows how far it came. It is not running any more.
    Maybe,
}

impl<T> Clone for Attempt<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Attempt<'_, T> {}

impl<'a, T> Attempt<'a, T> {
    /// What the step finished with, if that is known.
    pub const fn done(self) -> Option<&'a T> {
        match self {
            Self::Done(output) => Some(output),
            Self::Maybe => None,
        }
    }
}
