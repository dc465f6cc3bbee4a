use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::any::Any;
use core::error::Error;
use core::fmt;
use core::pin::Pin;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Decision;
use super::barrier::Key;
use super::core::Moment;
use super::written::Birth;
use crate::journal::Event;

/// A part of a transaction that is reserved first, and then used or released.
///
/// Usually derived, from three functions: see [the module](super). By hand it is the same:
///
/// ```
/// use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};
///
/// struct Seats;
///
/// impl Tcc for Seats {
///     const NAME: &'static str = "seats";
///     type Input = u32;
///     type Refused = String;
///
///     async fn reserve(&self, cx: &Cx, seat: &u32) -> Result<(), String> {
///         // .. mark it as reserved for `cx.key()`, behind a barrier
///         if *seat < 300 { Ok(()) } else { Err(format!("{cx}: there is no seat {seat}")) }
///     }
///
///     async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
///         Ok(())
///     }
///
///     async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
///         Ok(())
///     }
/// }
/// ```
///
/// All three may be asked more than once, and `cancel` without a `reserve` that was heard of: a
/// [barrier](super::barrier) keeps that apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take part in a transaction: it does not say how it is tried, confirmed and cancelled",
    label = "this is no participant",
    note = "write `#[derive(Tcc)] #[tcc(input = .., refuse = .., try = .., confirm = .., cancel = ..)]` on it"
)]
pub trait Tcc: Send + Sync + 'static {
    /// By which name the journal knows it: it must not change while transactions are under way.
    const NAME: &'static str;
    /// What it is about; written down, so that another process can confirm or cancel.
    type Input: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// Why it refuses.
    type Refused: Send + 'static;

    /// Reserves. Whatever goes wrong is a refusal: then all is cancelled, this one, too.
    fn reserve(
        &self,
        cx: &Cx,
        input: &Self::Input,
    ) -> impl Future<Output = Result<(), Self::Refused>> + Send;

    /// Uses what was reserved. It has promised that it can.
    fn confirm(
        &self,
        cx: &Cx,
        input: &Self::Input,
    ) -> impl Future<Output = Result<(), Transient>> + Send;

    /// Releases what was reserved, if it was.
    fn cancel(
        &self,
        cx: &Cx,
        input: &Self::Input,
    ) -> impl Future<Output = Result<(), Transient>> + Send;
}

/// Which participant of which transaction is asked: the key of its [barrier](super::barrier), and
/// what tells repetitions from others on the other side.
///
/// # Examples
///
/// See [`Tcc`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cx {
    key: Key,
    until: Option<Moment>,
}

impl Cx {
    pub(super) fn new(transaction: &str, birth: &Birth, index: usize, name: &str) -> Self {
        let branch = match &birth.run {
            Some(run) => alloc::format!("{index}-{name}#{run}"),
            None => alloc::format!("{index}-{name}"),
        };
        Self { key: Key::new(transaction, branch), until: birth.until }
    }

    /// The same for all that this participant is asked in this transaction, and for nothing else: also
    /// not for what it is asked in a later one of the same id, when the first is
    /// [forgotten](super#what-is-forgotten).
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Until when it is decided, by the clock of whoever coordinates. A try that comes later can be
    /// refused by whoever has forgotten what has become of it: nothing is confirmed that is tried then.
    /// `None` in transactions that were begun by older programs.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use reliability::distributed::transaction::tcc::Cx;
    ///
    /// fn is_late(cx: &Cx, now: SystemTime) -> bool {
    ///     cx.expires_at().is_some_and(|until| now >= until)
    /// }
    /// # let _ = is_late;
    /// ```
    pub fn expires_at(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(self.until?)
    }

    pub(super) const fn until(&self) -> Option<Moment> {
        self.until
    }

    /// The id of the transaction.
    pub fn transaction(&self) -> &str {
        &self.key.transaction
    }
}

impl fmt::Display for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// It was not done and may be later: the only way in which a confirm and a cancel can fail.
///
/// Every error becomes one by `?`.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::tcc::Transient;
///
/// assert_eq!(Transient::new("the shelf is locked").to_string(), "the shelf is locked");
/// ```
#[derive(Debug)]
pub struct Transient(Box<dyn Error + Send + Sync>);

impl Transient {
    /// That is why.
    pub fn new(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Transient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Transient {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

type Told<'a> = Pin<Box<dyn Future<Output = Result<(), Transient>> + Send + 'a>>;

/// A participant as recovery knows it: by name, with an input that was written down.
pub(super) trait Registered: Send + Sync {
    fn tell<'a>(&'a self, cx: &'a Cx, input: &'a Event, decision: Decision) -> Told<'a>;
}

impl<P: Tcc> Registered for P {
    fn tell<'a>(&'a self, cx: &'a Cx, input: &'a Event, decision: Decision) -> Told<'a> {
        Box::pin(async move {
            let input = input.read_json::<P::Input>()?;
            match decision {
                Decision::Confirm => self.confirm(cx, &input).await,
                Decision::Cancel => self.cancel(cx, &input).await,
            }
        })
    }
}

/// A participant under its name, with its type to be had back.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) told: Arc<dyn Registered>,
    pub(super) typed: Arc<dyn Any + Send + Sync>,
}

impl Entry {
    pub(super) fn of<P: Tcc>(participant: Arc<P>) -> Self {
        Self { told: Arc::clone(&participant) as Arc<dyn Registered>, typed: participant }
    }

    pub(super) fn typed<P: Tcc>(&self) -> Option<Arc<P>> {
        Arc::clone(&self.typed).downcast().ok()
    }
}

/// What the journal knows of a participant.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) input: Event,
}
