use super::Machine;

/// A type that is one state of the machine `M`, and owns that state's data.
///
/// Implemented by the structs that [`StateMachine`](derive@super::StateMachine) writes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state of `{M}`",
    label = "not one of the structs in the module that `{M}`'s derive writes"
)]
pub trait State<M: Machine>: Into<M> + TryFrom<M, Error = M> {
    /// Where the state stands in [`Machine::STATES`].
    const INDEX: usize;

    /// The name of the state.
    const NAME: &'static str;
}

/// A state in which its machine begins.
#[diagnostic::on_unimplemented(
    message = "no machine begins in `{Self}`",
    label = "`{Self}` is not an initial state",
    note = "begin in the state that is marked `#[state(initial)]`, and `go` from there",
    note = "a machine that was stored in another state comes back through its enum: `Typed::try_from(stored)`"
)]
pub trait Initial {}
