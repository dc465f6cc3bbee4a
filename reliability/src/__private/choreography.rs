//! What the handlers of a participant must look like, said in our words.

use alloc::boxed::Box;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;

use crate::distributed::transaction::choreography::Probed;
use crate::distributed::transaction::saga::walk::TypedStep;
use crate::distributed::transaction::saga::{History, Outcome, Saga, Transient};

use super::{FromAttempt, ProbeEnded};

/// What a handler that makes an event returns.
#[diagnostic::on_unimplemented(
    message = "a handler that makes this event ends in `Result<{T}, Outcome<{R}>>`",
    label = "this is `{Self}`",
    note = "return `Result<{T}, Outcome<{R}>>`; behind the point of no return `Result<{T}, Transient>`, because nothing refuses there"
)]
pub trait Makes<T, R> {
    fn ended(self) -> Result<T, Outcome<R>>;
}

impl<T, R> Makes<T, R> for Result<T, Outcome<R>> {
    fn ended(self) -> Self {
        self
    }
}

impl<T, R> Makes<T, R> for Result<T, Transient> {
    fn ended(self) -> Result<T, Outcome<R>> {
        self.map_err(Outcome::Transient)
    }
}

/// A result, to be asked whether it lets the handler refuse. It is asked of any type, so that of one
/// that is no result at all only [`Makes`] complains.
#[derive(Debug)]
pub struct HandlerEnd<O>(PhantomData<O>);

impl<T, R> HandlerEnd<Result<T, Outcome<R>>> {
    pub const MAY_REFUSE: bool = true;
}

/// What is true of all others: the compiler prefers the constant above where there is one.
pub trait MayRefuse {
    const MAY_REFUSE: bool = false;
}

impl<O> MayRefuse for HandlerEnd<O> {}

/// The event that a handler has made.
pub fn made<E: TypedStep<Saga = D>, D: Saga, O: Makes<E::Output, D::Refusal>>(
    ended: O,
) -> Result<Option<D>, Outcome<D::Refusal>> {
    ended.ended().map(|output| Some(E::wrap(output)))
}

/// What a handler that makes no event returns.
#[diagnostic::on_unimplemented(
    message = "a handler that makes no event ends in `Result<(), Transient>`",
    label = "this is `{Self}`",
    note = "nobody hears of it, so it cannot refuse: write the event that it makes, `#[on(.. => Event)]`, or return `Result<(), Transient>`"
)]
pub trait Listens {
    fn ended(self) -> Result<(), Transient>;
}

impl Listens for Result<(), Transient> {
    fn ended(self) -> Self {
        self
    }
}

/// That a handler has listened.
pub fn listened<D: Saga, O: Listens>(ended: O) -> Result<Option<D>, Outcome<D::Refusal>> {
    ended.ended().map(|()| None).map_err(Outcome::Transient)
}

/// What a probe has found out about a handler that makes an event.
pub fn probed<E: TypedStep<Saga = D>, D: Saga, O: ProbeEnded<E::Output>>(
    ended: O,
) -> Result<Probed<D>, Transient> {
    let found = ended.ended()?;
    Ok(found.map_or(Probed::NotFound, |output| Probed::Happened(Some(E::wrap(output)))))
}

/// What a probe has found out about one that makes none.
pub fn probed_listener<D: Saga, O: ProbeEnded<()>>(ended: O) -> Result<Probed<D>, Transient> {
    Ok(ended.ended()?.map_or(Probed::NotFound, |()| Probed::Happened(None)))
}

/// What a handler is given of an event that it waits for.
#[diagnostic::on_unimplemented(
    message = "the event `{E}` comes with `{T}`, and this takes `{Self}`",
    label = "write `&{T}`",
    note = "a handler is given what it waits for in the order in which `#[on(..)]` names it"
)]
pub trait Heard<E, T> {
    fn of(payload: &T) -> &Self;
}

impl<E, T> Heard<E, T> for T {
    fn of(payload: &T) -> &Self {
        payload
    }
}

/// The payload of an event, as the handler takes it.
pub fn heard<E: TypedStep, A: Heard<E, E::Output>>(payload: &E::Output) -> &A {
    A::of(payload)
}

/// What a handler is given of the start.
#[diagnostic::on_unimplemented(
    message = "a transaction is started with `{T}`, and this takes `{Self}`",
    label = "write `&{T}`",
    note = "behind `&self` and `cx: &Cx` a handler is given what the transaction was started with"
)]
pub trait Input<T> {
    fn of(input: &T) -> &Self;
}

impl<T> Input<T> for T {
    fn of(input: &T) -> &Self {
        input
    }
}

/// The input, as the handler takes it.
pub fn started<D: Saga, A: Input<D::Input>>(input: &D::Input) -> &A {
    A::of(input)
}

/// The attempt at a handler, as its undo takes it.
pub fn attempt_of<'a, E: TypedStep, A: FromAttempt<'a, E::Output>>(
    history: &'a History<E::Saga>,
) -> A {
    A::from_attempt(history.attempt(E::PLACE, E::output))
}

/// A handler is called when all it waits for is there.
pub fn unheard<R>() -> Outcome<R> {
    Outcome::unknown("an event that it waits for is not there")
}

/// And so is its probe.
pub fn unprobed() -> Transient {
    Transient::new("an event that it waits for is not there")
}

pub fn boxed<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}
