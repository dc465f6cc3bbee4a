use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;

use super::super::{Cx, Outcome, Saga, Transient, Why};
use super::{Did, Ends, Has, HasAll, Nested, Nil, Refusable, Run, TypedStep, Unwind};

/// A walk through a saga, before step `S`; `H` is what is done so far. `#[saga]` writes
/// `PlaceOrder::begin(input)`, which makes it.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::walk::Walked;
/// use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
///
/// #[saga(input = u32, refuse = String)]
/// enum Pay {
///     #[step(reserve, undo = release)]
///     Reserved(u32),
///     #[pivot(charge, needs(Reserved))]
///     Charged(()),
/// }
///
/// # async fn reserve(_: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> { Ok(*pieces) }
/// # async fn release(_: &Cx, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> { Ok(()) }
/// async fn charge(_: &Cx, _: &u32, reserved: &u32) -> Result<(), Outcome<String>> {
///     if *reserved > 9 { Err(Outcome::Rejected("too much".into())) } else { Ok(()) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Transient> {
/// let cx = Cx::shared_with(());
/// let Walked::Forward(charge) = Pay::begin(10).step(&cx).await else { panic!("not reserved") };
/// assert_eq!(charge.output::<pay::Reserved, _>(), &10);
///
/// let Walked::Back(back) = charge.step(&cx).await else { panic!("charged") };
/// assert_eq!(back.run(&cx).await?, "too much");
/// # Ok(())
/// # }
/// ```
#[must_use = "a saga is walked on with `step`"]
pub struct At<D: Saga, S, H> {
    input: D::Input,
    done: H,
    before: PhantomData<fn() -> S>,
}

/// Behind the last step.
///
/// # Examples
///
/// See [`At`](super::At).
#[derive(Debug, Clone, Copy)]
pub enum Finish {}

/// How a step of a walk has ended.
///
/// # Examples
///
/// See [`At`](super::At).
#[must_use = "it says where the walk goes on"]
#[derive(Debug)]
pub enum Walked<F, B, A> {
    /// It is done: on to the next one.
    Forward(F),
    /// It has refused: back. Behind the pivot this cannot be, and need not be matched.
    Back(B),
    /// It is not done, or nobody knows: once more.
    Again(A, Outcome<core::convert::Infallible>),
}

/// A walk that goes back, because of `why`.
///
/// # Examples
///
/// See [`At`](super::At).
#[must_use = "what was done is undone by `run`"]
pub struct Rollback<D: Saga, H, R = <D as Saga>::Refusal> {
    /// What the step has said.
    pub why: R,
    input: D::Input,
    done: H,
}

/// What comes of a step.
type Turn<D, S, H> = Walked<
    At<D, <S as TypedStep>::Next, Did<S, H>>,
    Rollback<D, H, <<S as Run>::Ends as Ends<D>>::Refusal>,
    At<D, S, H>,
>;

impl<D: Saga, S: TypedStep<Saga = D>> At<D, S, Nil> {
    /// Before the first step; for the expansion of `#[saga]`.
    #[doc(hidden)]
    pub const fn begin(input: D::Input) -> Self {
        const { assert!(S::PLACE == 0, "a walk begins before the first step") };
        Self { input, done: Nil, before: PhantomData }
    }
}

impl<D: Saga, S: TypedStep<Saga = D>, H> At<D, S, H> {
    /// Calls the step. Its effect has the name that it would have on the engine in a run without
    /// number.
    ///
    /// # Cancel safety
    ///
    /// The step may have happened, and the walk is over.
    pub fn step<'a, Ix>(
        self, // the walk goes on: match what `step` gives, and use the `At` in it
        cx: &Cx<D::Shared>,
    ) -> Pin<Box<dyn Future<Output = Turn<D, S, H>> + 'a>>
    where
        S: Run,
        H: HasAll<D, S::Needs, Ix> + 'a,
        Ix: 'a,
    {
        // In a box, so that a step which cannot be taken is one error and not three.
        Box::pin(step::<D, S, H, Ix>(self, cx.of::<S>()))
    }

    /// Takes the step as done, with that output: a timer that has run down, a signal that was given,
    /// or a step that this test is not about.
    pub fn given(
        self, // the walk goes on: use the `At` that `given` gives
        output: S::Output,
    ) -> At<D, S::Next, Did<S, H>> {
        At { input: self.input, done: Did::new(output, self.done), before: PhantomData }
    }
}

impl<D: Saga, S: Nested<Saga = D>, H> At<D, S, H> {
    /// What the saga that this step is would be started with: the beginning of a walk through that
    /// one.
    pub fn nested<Ix>(&self) -> <S::Child as Saga>::Input
    where
        H: HasAll<D, S::Needs, Ix>,
    {
        S::input(&self.input, self.done.all())
    }

    /// The saga that this step is has come to its end.
    pub fn nested_done(
        self, // the walk goes on: use the `At` that `nested_done` gives
        done: <S::Child as Saga>::Done,
    ) -> At<D, S::Next, Did<S, H>> {
        self.given(S::finished(done))
    }

    /// The saga that this step is was rolled back.
    pub fn nested_back(
        self, // the walk goes back: use the `Rollback` that `nested_back` gives
        why: Why<<S::Child as Saga>::Refusal>,
    ) -> Rollback<D, H>
    where
        S: Refusable,
    {
        Rollback { why: S::refused(why), input: self.input, done: self.done }
    }
}

async fn step<D, S, H, Ix>(at: At<D, S, H>, cx: Cx<D::Shared>) -> Turn<D, S, H>
where
    D: Saga,
    S: Run<Saga = D>,
    H: HasAll<D, S::Needs, Ix>,
{
    let At { input, done, .. } = at;
    let ended = S::run(&cx, &input, done.all()).await;
    let again = |input, done, why| Walked::Again(At { input, done, before: PhantomData }, why);
    match S::Ends::outcome(ended) {
        Ok(output) => {
            let done = Did::new(output, done);
            Walked::Forward(At { input, done, before: PhantomData })
        }
        Err(Outcome::Rejected(why)) => Walked::Back(Rollback { why, input, done }),
        Err(Outcome::Transient(why)) => again(input, done, Outcome::Transient(why)),
        Err(Outcome::Unknown(why)) => again(input, done, Outcome::Unknown(why)),
    }
}

impl<D: Saga, S, H> At<D, S, H> {
    /// What the saga was started with.
    pub const fn input(&self) -> &D::Input {
        &self.input
    }

    /// What that step has finished with.
    pub fn output<P: TypedStep<Saga = D>, Ix>(&self) -> &P::Output
    where
        H: Has<P, Ix>,
    {
        self.done.get()
    }

    /// Turns back here, as a deadline would, or who cancels it.
    pub fn back<R>(
        self, // the walk goes back: use the `Rollback` that `back` gives
        why: R,
    ) -> Rollback<D, H, R>
    where
        H: Unwind<D>,
    {
        Rollback { why, input: self.input, done: self.done }
    }
}

impl<D: Saga, H, R> Rollback<D, H, R> {
    /// Undoes what was done, the last step first, and says why.
    ///
    /// # Errors
    ///
    /// When an undo fails. It is not tried again: the walk is kept, and `run` may be called again.
    ///
    /// # Cancel safety
    ///
    /// Some steps may be undone already; undoing them again does no harm.
    pub async fn run(&self, cx: &Cx<D::Shared>) -> Result<&R, Transient>
    where
        H: Unwind<D>,
    {
        self.done.unwind(cx, &self.input).await?;
        Ok(&self.why)
    }
}

impl<D: Saga, S, H> fmt::Debug for At<D, S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (saga, before) = (D::DEFINITION.name(), core::any::type_name::<S>());
        f.debug_struct("At").field("saga", &saga).field("before", &before).finish_non_exhaustive()
    }
}

impl<D: Saga, H, R: fmt::Debug> fmt::Debug for Rollback<D, H, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rollback").field("why", &self.why).finish_non_exhaustive()
    }
}
