//! What `#[participant]` writes for an `impl` block of handlers.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use crate::distributed::transaction::saga::{Cx, History, Outcome, Saga, Transient};
use crate::resilience::retry::Backoff;

/// Somebody who does a part of a transaction: listens to some of its events, and makes others.
///
/// `#[participant]` implements it; see the [module](super).
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::choreography::Participant;
///
/// # fn main() {
/// assert_eq!(<Card as Participant<PlaceOrder>>::NAME, "card");
/// assert_eq!(<Card as Participant<PlaceOrder>>::LINKS[0].handler(), "charge");
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no participant of `{D}`",
    label = "it has no handlers for the events of `{D}`",
    note = "write `#[participant({D})] impl {Self} {{ #[on(start => ..)] async fn .. }}`"
)]
pub trait Participant<D: Saga>: Send + Sync + Sized + 'static {
    /// Its name on the bus and in its journal: 1 to 64 of `a-z`, `0-9`, `_`, `-` and `.`.
    const NAME: &'static str;
    /// What it listens to, and what it makes of that.
    const LINKS: &'static [Link];
    /// What is called for each of them.
    const HANDLERS: &'static [Handler<D, Self>];
}

/// One handler, as far as others are concerned: which events it waits for, and which it makes.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::Link;
///
/// // `#[on(start => Reserved, undo = release)] async fn reserve(..)`, of the first event.
/// const RESERVE: Link = Link::of("warehouse", "reserve").makes(0).undone();
/// // `#[on(Reserved, Quoted => Charged)] async fn charge(..)`, of the third one.
/// const CHARGE: Link = Link::of("card", "charge").hears(&[0, 1]).makes(2).may_refuse();
/// assert_eq!((RESERVE.handler(), CHARGE.participant()), ("reserve", "card"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub(super) participant: &'static str,
    pub(super) handler: &'static str,
    /// Events by their places in the enum; none for the start alone.
    pub(super) hears: &'static [usize],
    pub(super) makes: Option<usize>,
    pub(super) undo: Undo,
    pub(super) may_refuse: bool,
}

/// What is said of undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undo {
    /// Nothing.
    Unsaid,
    /// That there is nothing to undo.
    Nothing,
    /// A method does it, here or in another process.
    Method,
}

impl Link {
    /// A handler that waits for the start alone, and makes nothing.
    pub const fn of(participant: &'static str, handler: &'static str) -> Self {
        let (hears, makes) = (&[], None);
        Self { participant, handler, hears, makes, undo: Undo::Unsaid, may_refuse: false }
    }

    /// It waits for all of those events, by their places in the enum.
    pub const fn hears(mut self, events: &'static [usize]) -> Self {
        self.hears = events;
        self
    }

    /// It makes that event.
    pub const fn makes(mut self, event: usize) -> Self {
        self.makes = Some(event);
        self
    }

    /// It can be undone.
    pub const fn undone(mut self) -> Self {
        self.undo = Undo::Method;
        self
    }

    /// There is nothing to undo.
    pub const fn nothing_to_undo(mut self) -> Self {
        self.undo = Undo::Nothing;
        self
    }

    /// It may refuse.
    pub const fn may_refuse(mut self) -> Self {
        self.may_refuse = true;
        self
    }

    /// Whose it is.
    pub const fn participant(&self) -> &'static str {
        self.participant
    }

    /// Its own name.
    pub const fn handler(&self) -> &'static str {
        self.handler
    }
}

/// What a handler is doing: it ends with the payload of its event - `null` of one that makes none - or
/// says why not.
///
/// # Examples
///
/// See [`Handler`].
pub type Handling<D> =
    Pin<Box<dyn Future<Output = Result<Option<D>, Outcome<<D as Saga>::Refusal>>> + Send>>;

/// What an undo is doing.
///
/// # Examples
///
/// See [`Handler`].
pub type Undoing = Pin<Box<dyn Future<Output = Result<(), Transient>> + Send>>;

/// What a probe has found out about a handler.
///
/// # Examples
///
/// See [`Handler`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "it has happened, or it has not")]
pub enum Probed<D> {
    /// It has happened, with that event; with none, if the handler makes none.
    Happened(Option<D>),
    /// It has not happened, and will not.
    NotFound,
}

/// What a probe is doing.
///
/// # Examples
///
/// See [`Handler`].
pub type Probing<D> = Pin<Box<dyn Future<Output = Result<Probed<D>, Transient>> + Send>>;

type Does<D, P> = fn(Arc<P>, Cx, Arc<History<D>>) -> Handling<D>;
type Probes<D, P> = fn(Arc<P>, Cx, Arc<History<D>>) -> Probing<D>;
type Undoes<D, P> = fn(Arc<P>, Cx, Arc<History<D>>) -> Undoing;

/// What is called for one [`Link`], and how often.
///
/// # Examples
///
/// What `#[participant]` writes of a handler, by hand:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// use reliability::distributed::transaction::choreography::{Handler, Probed};
/// use shop::PlaceOrder;
///
/// struct Warehouse;
///
/// const RESERVE: Handler<PlaceOrder, Warehouse> =
///     Handler::does(|_warehouse, _cx, _history| Box::pin(async { Ok(Some(PlaceOrder::Reserved(7))) }))
///         .probes(|_warehouse, _cx, _history| Box::pin(async { Ok(Probed::NotFound) }))
///         .undoes(|_warehouse, _cx, _history| Box::pin(async { Ok(()) }))
///         .attempts(5);
/// # fn main() { let _ = RESERVE; }
/// ```
pub struct Handler<D: Saga, P> {
    pub(super) does: Does<D, P>,
    pub(super) probes: Option<Probes<D, P>>,
    pub(super) undoes: Option<Undoes<D, P>>,
    pub(super) attempts: Option<u32>,
    pub(super) undo_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) timeout: Option<Duration>,
}

impl<D: Saga, P> Handler<D, P> {
    /// One that calls that.
    pub const fn does(does: Does<D, P>) -> Self {
        Self {
            does,
            probes: None,
            undoes: None,
            attempts: None,
            undo_attempts: crate::distributed::transaction::saga::Step::UNDO_ATTEMPTS,
            backoff: crate::distributed::transaction::saga::Step::BACKOFF,
            timeout: None,
        }
    }

    /// And that to find out whether it has happened: asked before it is called again, when nobody knows.
    #[must_use]
    pub const fn probes(mut self, probes: Probes<D, P>) -> Self {
        self.probes = Some(probes);
        self
    }

    /// And that to undo it.
    #[must_use]
    pub const fn undoes(mut self, undoes: Undoes<D, P>) -> Self {
        self.undoes = Some(undoes);
        self
    }

    /// So many attempts, and then it is parked until somebody has looked at it.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// So many attempts at its undo, and then it is parked.
    #[must_use]
    pub const fn undo_attempts(mut self, attempts: u32) -> Self {
        self.undo_attempts = attempts;
        self
    }

    /// How long to wait between two attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long one attempt may take. When it is over, nobody knows whether it has happened.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl<D: Saga, P> fmt::Debug for Handler<D, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("attempts", &self.attempts)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A function of a participant, with the participant in it.
type Call<D, T> = Box<dyn Fn(Cx, Arc<History<D>>) -> T + Send + Sync>;

/// A handler of a participant, without the participant's type.
pub(super) struct Bound<D: Saga> {
    pub(super) link: Link,
    pub(super) does: Call<D, Handling<D>>,
    pub(super) probes: Option<Call<D, Probing<D>>>,
    pub(super) undoes: Option<Call<D, Undoing>>,
    pub(super) attempts: Option<u32>,
    pub(super) undo_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) timeout: Option<Duration>,
}

/// A participant without its type.
///
/// # Examples
///
/// See [`Participants`].
pub struct Member<D: Saga> {
    pub(super) name: &'static str,
    pub(super) handlers: alloc::vec::Vec<Bound<D>>,
}

impl<D: Saga> Member<D> {
    /// That one.
    pub(super) fn of<P: Participant<D>>(participant: P) -> Self {
        let participant = Arc::new(participant);
        let all = P::LINKS.iter().zip(P::HANDLERS);
        let handlers = all.map(|(link, handler)| {
            let (does, probes, undoes) = (handler.does, handler.probes, handler.undoes);
            let (me, undoer) = (Arc::clone(&participant), Arc::clone(&participant));
            let prober = Arc::clone(&participant);
            let probes = probes.map(|probes| {
                Box::new(move |cx, history| probes(Arc::clone(&prober), cx, history)) as Box<_>
            });
            let undoes = undoes.map(|undoes| {
                Box::new(move |cx, history| undoes(Arc::clone(&undoer), cx, history)) as Box<_>
            });
            Bound {
                link: *link,
                does: Box::new(move |cx, history| does(Arc::clone(&me), cx, history)),
                probes,
                undoes,
                attempts: handler.attempts,
                undo_attempts: handler.undo_attempts,
                backoff: handler.backoff,
                timeout: handler.timeout,
            }
        });
        Self { name: P::NAME, handlers: handlers.collect() }
    }
}

impl<D: Saga> fmt::Debug for Member<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handlers: alloc::vec::Vec<_> = self.handlers.iter().map(|it| it.link.handler).collect();
        f.debug_struct("Member").field("name", &self.name).field("handlers", &handlers).finish()
    }
}

/// The participants of one process: a tuple of up to eight.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::choreography::{Member, Participants};
///
/// # fn main() {
/// let members: Vec<Member<PlaceOrder>> = (Warehouse, Card).members();
/// assert_eq!(format!("{:?}", members[1]), r#"Member { name: "card", handlers: ["charge"] }"#);
/// # }
/// ```
pub trait Participants<D: Saga>: Send + 'static {
    /// What each of them waits for and makes.
    const LINKS: &'static [&'static [Link]];

    /// All of them, without their types.
    fn members(self) -> alloc::vec::Vec<Member<D>>;
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<D: Saga, $($name: Participant<D>),*> Participants<D> for ($($name,)*) {
            const LINKS: &'static [&'static [Link]] = &[$($name::LINKS),*];

            #[allow(non_snake_case, reason = "a variable for each type")]
            fn members(self) -> alloc::vec::Vec<Member<D>> {
                let ($($name,)*) = self;
                alloc::vec![$(Member::of($name)),*]
            }
        }
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C E);
tuples!(A B C E F);
tuples!(A B C E F G);
tuples!(A B C E F G H);
tuples!(A B C E F G H I);
