//! What the functions of a saga must look like, said in our words.

use core::future::Future;

use crate::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient};

/// What the function of a step returns.
#[diagnostic::on_unimplemented(
    message = "a step ends in `Result<{T}, Outcome<{R}>>`",
    label = "this ends in `{Self}`",
    note = "write `async fn(cx: &Cx<..>, input: &Input, ..) -> Result<{T}, Outcome<{R}>>`, with what it `needs` in between"
)]
pub trait StepEnded<T, R> {
    fn ended(self) -> Result<T, Outcome<R>>;
}

impl<T, R> StepEnded<T, R> for Result<T, Outcome<R>> {
    fn ended(self) -> Self {
        self
    }
}

/// The result of a step.
pub fn step_ended<T, R>(ended: impl StepEnded<T, R>) -> Result<T, Outcome<R>> {
    ended.ended()
}

/// What the function of a step behind the pivot returns.
#[diagnostic::on_unimplemented(
    message = "a step behind the point of no return ends in `Result<{T}, Transient>`",
    label = "this ends in `{Self}`",
    note = "it cannot refuse, because there is no way back: return `Result<{T}, Transient>`, or move the step before the pivot"
)]
pub trait ThenEnded<T> {
    fn ended(self) -> Result<T, Transient>;
}

impl<T> ThenEnded<T> for Result<T, Transient> {
    fn ended(self) -> Self {
        self
    }
}

/// The result of a step behind the pivot.
pub fn then_ended<T>(ended: impl ThenEnded<T>) -> Result<T, Transient> {
    ended.ended()
}

/// What a probe returns.
#[diagnostic::on_unimplemented(
    message = "a probe ends in `Result<Option<{T}>, Transient>`",
    label = "this ends in `{Self}`",
    note = "it gets the arguments of the step, and says what that has come to: `Ok(None)` when it has not happened"
)]
pub trait ProbeEnded<T> {
    fn ended(self) -> Result<Option<T>, Transient>;
}

impl<T> ProbeEnded<T> for Result<Option<T>, Transient> {
    fn ended(self) -> Self {
        self
    }
}

/// The result of a probe.
pub fn probe_ended<T>(ended: impl ProbeEnded<T>) -> Result<Option<T>, Transient> {
    ended.ended()
}

/// What undoes a step.
#[diagnostic::on_unimplemented(
    message = "`undo` must cope with a step that may have happened",
    label = "this does not take an `Attempt<'_, {T}>` and end in `Result<(), Transient>`",
    note = "write `async fn(cx: &Cx<{S}>, input: &{I}, attempt: Attempt<'_, {T}>) -> Result<(), Transient>`: the attempt is `Done(output)`, or `Maybe`"
)]
pub trait UndoWith<'a, S: 'a, I: 'a, T: 'a> {
    type Undoing: Future<Output = Result<(), Transient>>;

    fn undo(self, cx: &'a Cx<S>, input: &'a I, attempt: Attempt<'a, T>) -> Self::Undoing;
}

#[diagnostic::do_not_recommend]
impl<'a, S: 'a, I: 'a, T: 'a, F, U> UndoWith<'a, S, I, T> for F
where
    F: FnOnce(&'a Cx<S>, &'a I, Attempt<'a, T>) -> U,
    U: Future<Output = Result<(), Transient>>,
{
    type Undoing = U;

    fn undo(self, cx: &'a Cx<S>, input: &'a I, attempt: Attempt<'a, T>) -> U {
        self(cx, input, attempt)
    }
}

/// Calls an undo.
pub fn undo_with<'a, S, I, T, F: UndoWith<'a, S, I, T>>(
    undo: F,
    cx: &'a Cx<S>,
    input: &'a I,
    attempt: Attempt<'a, T>,
) -> F::Undoing {
    undo.undo(cx, input, attempt)
}
