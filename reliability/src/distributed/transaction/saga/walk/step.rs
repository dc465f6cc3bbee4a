use core::convert::Infallible;
use core::future::Future;

use super::super::{Attempt, Cx, History, Outcome, Saga, Transient};
use super::needs::Needs;

/// A step as a type. `#[saga]` writes it for each variant.
///
/// # Examples
///
/// See [`At`](super::At).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no step of a saga",
    label = "expected a step, such as `place_order::Charged`"
)]
pub trait TypedStep: Sized + 'static {
    /// The saga that it is a step of.
    type Saga: Saga;
    /// What it finishes with; [`Durable`](super::super::Durable), or it cannot be put in the table.
    type Output: Send + Sync + 'static;
    /// The step that stands behind it, or [`Finish`](super::Finish).
    type Next;
    /// Its place in the table.
    const PLACE: usize;

    /// Its variant, with that output.
    fn wrap(output: Self::Output) -> Self::Saga;

    /// The output in its variant.
    fn output(saga: &Self::Saga) -> Option<&Self::Output>;

    /// The same, by value.
    fn unwrap(saga: Self::Saga) -> Option<Self::Output>;
}

/// A step that calls a function.
///
/// # Examples
///
/// See [`At`](super::At).
#[diagnostic::on_unimplemented(
    message = "`{Self}` calls nothing, so it cannot be run",
    note = "a timer and a signal are passed with `at.given(output)`, a saga of its own with `at.nested_done(..)`"
)]
pub trait Run: TypedStep {
    /// The steps whose outputs it is given.
    type Needs: Needs<Self::Saga>;
    /// Whether it may refuse.
    type Ends: Ends<Self::Saga>;

    /// Calls the function.
    fn run<'a>(
        cx: &'a Cx<<Self::Saga as Saga>::Shared>,
        input: &'a <Self::Saga as Saga>::Input,
        needs: <Self::Needs as Needs<Self::Saga>>::Outputs<'a>,
    ) -> impl Future<Output = <Self::Ends as Ends<Self::Saga>>::Ended<Self::Output>> + Send;
}

/// A step that can be undone, be it that there is nothing to undo.
///
/// # Examples
///
/// See [`At`](super::At).
#[diagnostic::on_unimplemented(
    message = "step `{Self}` has no undo",
    label = "it cannot be undone",
    note = "past the pivot a saga only goes forward"
)]
pub trait Undo: TypedStep {
    /// Calls its undo; does nothing unless it has one.
    fn undo(
        cx: &Cx<<Self::Saga as Saga>::Shared>,
        input: &<Self::Saga as Saga>::Input,
        attempt: Attempt<'_, Self::Output>,
    ) -> impl Future<Output = Result<(), Transient>> + Send {
        let _ = (cx, input, attempt);
        core::future::ready(Ok(()))
    }
}

/// A step that can be asked whether it has happened.
///
/// # Examples
///
/// See [`At`](super::At).
pub trait Probe: Run {
    /// Calls the probe.
    fn probe<'a>(
        cx: &'a Cx<<Self::Saga as Saga>::Shared>,
        input: &'a <Self::Saga as Saga>::Input,
        needs: <Self::Needs as Needs<Self::Saga>>::Outputs<'a>,
    ) -> impl Future<Output = Result<Option<Self::Output>, Transient>> + Send;
}

/// Whether a step may refuse: [`MayRefuse`], or [`MustSucceed`].
///
/// # Examples
///
/// See [`At`](super::At).
pub trait Ends<D: Saga> {
    /// What its function returns.
    type Ended<T>;
    /// Why it may refuse.
    type Refusal;

    /// The same for all steps.
    ///
    /// # Errors
    ///
    /// What it ended with.
    fn outcome<T>(ended: Self::Ended<T>) -> Result<T, Outcome<Self::Refusal>>;

    /// As the saga knows it.
    fn refusal(refusal: Self::Refusal) -> D::Refusal;
}

/// It may refuse: steps up to the pivot.
///
/// # Examples
///
/// See [`At`](super::At).
#[derive(Debug, Clone, Copy)]
pub enum MayRefuse {}

/// It must succeed in the end: steps behind the pivot.
///
/// # Examples
///
/// See [`At`](super::At).
#[derive(Debug, Clone, Copy)]
pub enum MustSucceed {}

impl<D: Saga> Ends<D> for MayRefuse {
    type Ended<T> = Result<T, Outcome<D::Refusal>>;
    type Refusal = D::Refusal;

    fn outcome<T>(ended: Self::Ended<T>) -> Result<T, Outcome<D::Refusal>> {
        ended
    }

    fn refusal(refusal: D::Refusal) -> D::Refusal {
        refusal
    }
}

impl<D: Saga> Ends<D> for MustSucceed {
    type Ended<T> = Result<T, Transient>;
    type Refusal = Infallible;

    fn outcome<T>(ended: Self::Ended<T>) -> Result<T, Outcome<Infallible>> {
        ended.map_err(Outcome::Transient)
    }

    fn refusal(refusal: Infallible) -> D::Refusal {
        match refusal {}
    }
}

impl<D: Saga> History<D> {
    /// What that step has finished with.
    pub fn of<S: TypedStep<Saga = D>>(&self) -> Option<&S::Output> {
        self.output(S::PLACE).and_then(S::output)
    }

    /// The same, by value.
    pub fn take_of<S: TypedStep<Saga = D>>(&mut self) -> Option<S::Output> {
        self.take(S::PLACE).and_then(S::unwrap)
    }
}
