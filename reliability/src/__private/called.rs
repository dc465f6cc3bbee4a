//! The call of a step's function, so that a wrong `needs(..)` and a missing `shared = ..` are told in
//! our words.
//!
//! A plain call would do for what is right, and of what is wrong the compiler would list arguments
//! that nobody wrote. So it finds out first what the function takes, and compares it with what the
//! step has for it. Where that fits, it is a plain call again, which may take what a reference derefs
//! to, and whose function may be generic.

use core::borrow::Borrow;
use core::future::{Future, Pending, pending};
use core::marker::PhantomData;
use core::ops::Deref;

use crate::distributed::transaction::saga::walk::{Needs, Run, TypedStep};
use crate::distributed::transaction::saga::{Cx, Saga};

type Input<S> = <<S as TypedStep>::Saga as Saga>::Input;
type Shared<S> = <<S as TypedStep>::Saga as Saga>::Shared;
type Given<'a, S> = <<S as Run>::Needs as Needs<<S as TypedStep>::Saga>>::Outputs<'a>;

/// A function of step `S`, that takes a `C`, an `I`, and behind these an `N`.
#[derive(Debug)]
pub struct Function<'a, S, F, C, I, N, R> {
    function: F,
    take: fn(F, C, I, N) -> R,
    misfit: Misfit<'a, S, C, I, N, R>,
}

/// What the compiler finds in its place when that is not what the step has for it.
#[derive(Debug)]
pub struct Misfit<'a, S, C, I, N, R>(PhantomData<Signature<'a, S, C, I, N, R>>);

type Signature<'a, S, C, I, N, R> = fn(&'a S, C, I, N) -> R;

/// The function, or the probe, of a step.
pub fn function<'a, S: Run, F: Takes<C, I, N, R>, C, I, N, R>(
    _: PhantomData<S>,
    function: F,
) -> Function<'a, S, F, C, I, N, R> {
    Function { function, take: F::take, misfit: Misfit(PhantomData) }
}

impl<'a, S: Run, F, X, I, N, R> Function<'a, S, F, &'a Cx<X>, I, N, R>
where
    X: ?Sized,
    S: Gives<I, &'a Input<S>> + GivesNeeded<N, Given<'a, S>>,
{
    /// Calls it.
    pub fn call(self, cx: &'a Cx<Shared<S>>, input: I, needs: N) -> R
    where
        X: IsShared<Shared<S>>,
    {
        (self.take)(self.function, X::of(cx), input, needs)
    }
}

impl<'a, S, F, C, I, N, R> Deref for Function<'a, S, F, C, I, N, R> {
    type Target = Misfit<'a, S, C, I, N, R>;

    fn deref(&self) -> &Self::Target {
        &self.misfit
    }
}

impl<'a, S: Run, C, I, N, R: Future> Misfit<'a, S, C, I, N, R> {
    /// Not to be called: its conditions have the messages.
    pub fn call(&self, _: &'a Cx<Shared<S>>, _: impl Sized, _: impl Sized) -> Pending<R::Output>
    where
        C: IsCx,
        S: Gives<I, &'a Input<S>> + GivesNeeded<N, Given<'a, S>>,
    {
        pending()
    }
}

/// What a function takes.
#[diagnostic::on_unimplemented(
    message = "a step cannot call this",
    label = "this is `{Self}`",
    note = "write `async fn(cx: &Cx<..>, input: &Input, ..)`, with at most twelve outputs that it `needs` behind these two"
)]
pub trait Takes<C, I, N, R> {
    fn take(self, cx: C, input: I, needs: N) -> R;
}

/// What a function takes first.
#[diagnostic::on_unimplemented(
    message = "a step calls this with a `&Cx<..>` first, and it takes `{Self}`",
    label = "takes `{Self}` first",
    note = "write `async fn(cx: &Cx<..>, input: &Input, ..)`, with what it `needs` behind these two"
)]
pub trait IsCx {}

impl<X: ?Sized> IsCx for &Cx<X> {}

/// A function takes the input of the saga.
#[diagnostic::on_unimplemented(
    message = "step `{Self}` calls this with `{G}`, the input of the saga, and it takes `{I}`",
    label = "takes `{I}` behind the `Cx`",
    note = "write `{G}` there, or another `input = ..` in `#[saga(..)]`"
)]
pub trait Gives<I, G> {}

#[diagnostic::do_not_recommend]
impl<S, T: Borrow<U>, U: ?Sized> Gives<&U, &T> for S {}

/// What a function takes of earlier steps is what the step has for it.
#[diagnostic::on_unimplemented(
    message = "step `{Self}` calls this with `{G}` of earlier steps, and it takes `{N}`",
    label = "takes `{N}` behind the `Cx` and the input",
    note = "name the steps that finish with what it takes, in that order, such as `needs(Reserved, Quoted)`; where it takes nothing of them, leave `needs` out"
)]
pub trait GivesNeeded<N, G> {}

macro_rules! tuples {
    ($($need:ident $N:ident $G:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<F: FnOnce(A, B, $($N),*) -> R, A, B, $($N,)* R> Takes<A, B, ($($N,)*), R> for F {
            fn take(self, cx: A, input: B, ($($need,)*): ($($N,)*)) -> R {
                self(cx, input, $($need),*)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<S: $(Gives<$N, $G> +)*, $($N, $G),*> GivesNeeded<($($N,)*), ($($G,)*)> for S {}
    };
}

tuples!();
tuples!(c C Cg);
tuples!(c C Cg d D Dg);
tuples!(c C Cg d D Dg e E Eg);
tuples!(c C Cg d D Dg e E Eg f G Gg);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig j J Jg);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig j J Jg k K Kg);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig j J Jg k K Kg l L Lg);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig j J Jg k K Kg l L Lg m M Mg);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig j J Jg k K Kg l L Lg m M Mg n N Ng);
tuples!(c C Cg d D Dg e E Eg f G Gg h H Hg i I Ig j J Jg k K Kg l L Lg m M Mg n N Ng o O Og);

/// What stands in the `Cx` of a function is what the saga shares.
#[diagnostic::on_unimplemented(
    message = "this takes `&Cx<{Self}>`, and what the saga shares with its steps is `{T}`",
    label = "takes `&Cx<{Self}>`",
    note = "write `shared = {Self}` in `#[saga(..)]`, or `&Cx<{T}>` in the function"
)]
pub trait IsShared<T: ?Sized> {
    fn of(cx: &Cx<T>) -> &Cx<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsShared<T> for T {
    fn of(cx: &Cx<T>) -> &Cx<T> {
        cx
    }
}

/// The `Cx`, as an undo takes it.
pub fn shared_cx<T: ?Sized, X: IsShared<T> + ?Sized>(cx: &Cx<T>) -> &Cx<X> {
    X::of(cx)
}
