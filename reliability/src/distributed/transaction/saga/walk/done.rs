use core::fmt;
use core::future::Future;
use core::marker::PhantomData;

use super::super::{Attempt, Cx, Saga, Transient};
use super::{Needs, TypedStep, Undo};

/// Nothing is done yet.
///
/// # Examples
///
/// See [`At`](super::At).
#[derive(Debug, Clone, Copy)]
pub struct Nil;

/// That step is done, and before it what is in `T`.
///
/// # Examples
///
/// See [`At`](super::At).
pub struct Did<S: TypedStep, T> {
    output: S::Output,
    before: T,
}

impl<S: TypedStep, T> Did<S, T> {
    pub(super) const fn new(output: S::Output, before: T) -> Self {
        Self { output, before }
    }

    /// What it has finished with.
    pub const fn output(&self) -> &S::Output {
        &self.output
    }
}

impl<S: TypedStep, T: fmt::Debug> fmt::Debug for Did<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Did").field("before", &self.before).finish_non_exhaustive()
    }
}

/// The place of a step in what is done: the last one. The compiler finds it.
///
/// # Examples
///
/// See [`At`](super::At).
#[derive(Debug, Clone, Copy)]
pub struct Here;

/// The place of a step in what is done: before the last one. The compiler finds it.
///
/// # Examples
///
/// See [`At`](super::At).
#[derive(Debug, Clone, Copy)]
pub struct There<Ix>(PhantomData<fn() -> Ix>);

/// That step is among what is done.
///
/// # Examples
///
/// See [`At`](super::At).
#[diagnostic::on_unimplemented(
    message = "the output of step `{S}` does not exist yet on this path",
    label = "`{S}` has not run here",
    note = "walk there from the beginning: each `step` leads to the next one"
)]
pub trait Has<S: TypedStep, Ix> {
    /// What it has finished with.
    fn get(&self) -> &S::Output;
}

impl<S: TypedStep, T> Has<S, Here> for Did<S, T> {
    fn get(&self) -> &S::Output {
        &self.output
    }
}

impl<S: TypedStep, Q: TypedStep, T: Has<S, Ix>, Ix> Has<S, There<Ix>> for Did<Q, T> {
    fn get(&self) -> &S::Output {
        self.before.get()
    }
}

/// All that a step needs is among what is done.
///
/// # Examples
///
/// See [`At`](super::At).
#[diagnostic::on_unimplemented(
    message = "not all of `{N}` has run on this path",
    label = "this step needs outputs that do not exist yet",
    note = "walk there from the beginning: each `step` leads to the next one"
)]
pub trait HasAll<D: Saga, N: Needs<D>, Ix> {
    /// What those steps have finished with.
    fn all(&self) -> N::Outputs<'_>;
}

macro_rules! tuples {
    ($($step:ident $place:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<D: Saga, X, $($step: TypedStep<Saga = D>, $place,)*> HasAll<D, ($($step,)*), ($($place,)*)>
            for X
        where
            $(X: Has<$step, $place>,)*
        {
            #[allow(clippy::unused_unit, reason = "what needs no step needs no output")]
            fn all(&self) -> ($(&$step::Output,)*) {
                ($(Has::<$step, $place>::get(self),)*)
            }
        }
    };
}

tuples!();
tuples!(A IxA);
tuples!(A IxA B IxB);
tuples!(A IxA B IxB C IxC);
tuples!(A IxA B IxB C IxC E IxE);
tuples!(A IxA B IxB C IxC E IxE F IxF);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG H IxH);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG H IxH I IxI);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG H IxH I IxI J IxJ);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG H IxH I IxI J IxJ K IxK);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG H IxH I IxI J IxJ K IxK L IxL);
tuples!(A IxA B IxB C IxC E IxE F IxF G IxG H IxH I IxI J IxJ K IxK L IxL M IxM);

/// What is done can all be undone.
///
/// # Examples
///
/// See [`At`](super::At).
#[diagnostic::on_unimplemented(
    message = "this history cannot be rolled back",
    label = "it contains a pivot, or a step behind it",
    note = "past the pivot a saga only goes forward"
)]
pub trait Unwind<D: Saga> {
    /// Undoes it, the last one first.
    fn unwind(
        &self,
        cx: &Cx<D::Shared>,
        input: &D::Input,
    ) -> impl Future<Output = Result<(), Transient>> + Send;
}

impl<D: Saga> Unwind<D> for Nil {
    async fn unwind(&self, _: &Cx<D::Shared>, _: &D::Input) -> Result<(), Transient> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<D, S, T> Unwind<D> for Did<S, T>
where
    D: Saga,
    S: Undo<Saga = D>,
    T: Unwind<D> + Sync,
{
    async fn unwind(&self, cx: &Cx<D::Shared>, input: &D::Input) -> Result<(), Transient> {
        S::undo(&cx.of::<S>(), input, Attempt::Done(&self.output)).await?;
        self.before.unwind(cx, input).await
    }
}
