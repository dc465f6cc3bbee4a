use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use super::TransactionId;
use crate::distributed::transaction::{Followed, Vote};
use crate::error::{Class, Fault};

/// What a participant answers, by and by.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unreachable>> + Send + 'a>>;

/// What takes part in transactions, and outlives them: a database, a queue.
///
/// It keeps what it has promised over a crash. Whatever it is told may come several times.
///
/// # Examples
///
/// A cell in memory, which for a test is durable enough:
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Mutex;
/// use std::time::Duration;
/// use reliability::distributed::transaction::two_phase::{
///     Answer, Participant, Resource, TransactionId, Unreachable,
/// };
/// use reliability::distributed::transaction::{Followed, Vote};
///
/// #[derive(Debug, Default)]
/// struct Cell(Mutex<(i64, BTreeMap<TransactionId, i64>)>);
///
/// impl Resource for Cell {
///     fn name(&self) -> &str {
///         "cell"
///     }
///
///     fn commit(&self, id: &TransactionId) -> Answer<'_, Followed> {
///         let (value, promised) = &mut *self.0.lock().unwrap();
///         // Nothing is promised any more when it is told for the second time.
///         *value += promised.remove(id).unwrap_or_default();
///         Box::pin(async { Ok(Followed::AsTold) })
///     }
///
///     fn abort(&self, id: &TransactionId) -> Answer<'_, Followed> {
///         self.0.lock().unwrap().1.remove(id);
///         Box::pin(async { Ok(Followed::AsTold) })
///     }
///
///     fn in_doubt(&self, _: Duration) -> Answer<'_, Vec<TransactionId>> {
///         let promised = self.0.lock().unwrap().1.keys().cloned().collect();
///         Box::pin(async { Ok(promised) })
///     }
/// }
///
/// /// What one transaction wants of it.
/// struct Add(std::sync::Arc<Cell>, i64);
/// # let add = Add(Default::default(), 3);
/// # add.0.0.lock().unwrap().1.insert(TransactionId::new("t").unwrap(), add.1);
/// # assert_eq!(add.0.name(), "cell");
/// ```
pub trait Resource: Send + Sync + 'static {
    /// Its name in the log, by which recovery finds it: the same in every process, and after every
    /// restart.
    fn name(&self) -> &str;

    /// Lets happen what it has promised, durably.
    ///
    /// It has promised, so it cannot refuse: it can only be out of reach. What is not there has been
    /// committed before, or somebody has undone it on his own: who can tell, says
    /// [`Followed::Against`].
    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed>;

    /// Undoes what it has promised, durably. What is not there is undone.
    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed>;

    /// What it has promised longer ago than that, without having been told how it ends.
    fn in_doubt(&self, older_than: Duration) -> Answer<'_, Vec<TransactionId>> {
        let _ = older_than;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Nobody will ask about that transaction any more: what tells a second commit from a first one
    /// need not be kept.
    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        let _ = transaction;
        Box::pin(async { Ok(()) })
    }
}

/// What one transaction wants of a [`Resource`].
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take part in two-phase commit",
    label = "no `Participant`",
    note = "implement `Resource` (`commit` and `abort`, as it is told) and `Participant` (`prepare`, which does the work and promises) for it",
    note = "what cannot promise by itself takes part by a `Site`: `site.work(..)`"
)]
pub trait Participant: Resource {
    /// Does the work so far that only the decision is missing, and promises durably that it can do
    /// either: [`Vote::Yes`]. Or has nothing to do: [`Vote::ReadOnly`]. Or refuses, and has undone
    /// everything: [`Vote::No`].
    ///
    /// Out of reach is a no, of which nobody knows whether it was a yes.
    fn prepare(&self, transaction: &TransactionId) -> Answer<'_, Vote>;
}

impl<T: Resource + ?Sized> Resource for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        (**self).commit(transaction)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        (**self).abort(transaction)
    }

    fn in_doubt(&self, older_than: Duration) -> Answer<'_, Vec<TransactionId>> {
        (**self).in_doubt(older_than)
    }

    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        (**self).forget(transaction)
    }
}

impl<T: Participant + ?Sized> Participant for Arc<T> {
    fn prepare(&self, transaction: &TransactionId) -> Answer<'_, Vote> {
        (**self).prepare(transaction)
    }
}

/// A participant does not answer. Whether it has done what it was asked for, nobody knows.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::two_phase::Unreachable;
/// use reliability::error::{Class, Fault};
///
/// let error = Unreachable::new("stock", "connection refused");
/// assert_eq!(error.to_string(), "`stock` does not answer: connection refused");
/// assert_eq!(error.class(), Class::Transient);
/// ```
#[derive(Debug)]
pub struct Unreachable {
    who: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Unreachable {
    /// That one does not answer, for this reason.
    pub fn new(who: &str, why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { who: who.into(), source: why.into() }
    }

    /// Who does not answer.
    pub fn who(&self) -> &str {
        &self.who
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` does not answer: {}", self.who, self.source)
    }
}

impl Error for Unreachable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

impl Fault for Unreachable {
    fn class(&self) -> Class {
        Class::Transient
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
