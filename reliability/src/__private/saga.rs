//! What the functions of a saga must look like, said in our words.

use crate::distributed::transaction::saga::{Attempt, Outcome, Transient};

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

/// What an undo returns.
#[diagnostic::on_unimplemented(
    message = "an undo ends in `Result<(), Transient>`",
    label = "this ends in `{Self}`",
    note = "it cannot refuse: it is repeated until it succeeds, or somebody has looked at it"
)]
pub trait UndoEnded {
    fn ended(self) -> Result<(), Transient>;
}

impl UndoEnded for Result<(), Transient> {
    fn ended(self) -> Self {
        self
    }
}

/// The result of an undo.
pub fn undo_ended(ended: impl UndoEnded) -> Result<(), Transient> {
    ended.ended()
}

/// What an undo is told of the step.
#[diagnostic::on_unimplemented(
    message = "an undo must cope with a step that may have happened, and is told so by an `Attempt<'_, {T}>`",
    label = "this takes `{Self}` instead",
    note = "write `async fn(cx: &Cx<..>, input: &Input, attempt: Attempt<'_, {T}>) -> Result<(), Transient>`: the attempt is `Done(output)`, or `Maybe`"
)]
pub trait FromAttempt<'a, T> {
    fn from_attempt(attempt: Attempt<'a, T>) -> Self;
}

impl<'a, T> FromAttempt<'a, T> for Attempt<'a, T> {
    fn from_attempt(attempt: Self) -> Self {
        attempt
    }
}

/// The attempt, as the undo takes it.
pub fn attempt<'a, T, A: FromAttempt<'a, T>>(attempt: Attempt<'a, T>) -> A {
    A::from_attempt(attempt)
}

/// What a nested saga is started with, where no function makes it.
#[diagnostic::on_unimplemented(
    message = "nothing says what this saga is started with: its input is `{Self}`, and here is `{T}`",
    label = "expects a `{Self}`",
    note = "write `input = path`, a function of the input and of what the step `needs`, or `impl From` of them: of a reference, or of a tuple of references"
)]
pub trait InputFrom<T> {
    fn from(from: T) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, I: From<T>> InputFrom<T> for I {
    fn from(from: T) -> Self {
        <I as From<T>>::from(from)
    }
}

/// The input of a nested saga.
pub fn nested_input<T, I: InputFrom<T>>(from: T) -> I {
    InputFrom::from(from)
}

/// What a step that is a saga finishes with, where no function makes it.
#[diagnostic::on_unimplemented(
    message = "nothing says what this step finishes with: its output is `{Self}`, and the saga ends with `{T}`",
    label = "ends with `{T}`",
    note = "write `output = path`, a `fn({T}) -> {Self}`, or `impl From<{T}> for {Self}`"
)]
pub trait OutputFrom<T> {
    fn from(from: T) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, O: From<T>> OutputFrom<T> for O {
    fn from(from: T) -> Self {
        <O as From<T>>::from(from)
    }
}

/// The output of a step that is a saga.
pub fn nested_output<T, O: OutputFrom<T>>(from: T) -> O {
    OutputFrom::from(from)
}

/// Why a step that is a saga refuses, where no function says it.
#[diagnostic::on_unimplemented(
    message = "nothing says why this step refuses: its refusal is `{Self}`, and the saga turns back with `{T}`",
    label = "may turn back with `{T}`",
    note = "write `refused = path`, a `fn({T}) -> {Self}`, or `impl From<{T}> for {Self}`"
)]
pub trait RefusalFrom<T> {
    fn from(from: T) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, R: From<T>> RefusalFrom<T> for R {
    fn from(from: T) -> Self {
        <R as From<T>>::from(from)
    }
}

/// The refusal of a step that is a saga.
pub fn nested_refusal<T, R: RefusalFrom<T>>(from: T) -> R {
    RefusalFrom::from(from)
}
