use super::Machine;

/// A type that is one state of the machine `M`, and owns that state's data.
///
/// Implemented by the structs that [`StateMachine`](derive@super::StateMachine) writes.
///
/// # Examples
///
/// ```
/// use reliability::state::{State, StateMachine};
///
/// #[derive(Debug, PartialEq, StateMachine)]
/// #[machine(name = "door")]
/// enum Door {
///     #[state(initial, to(Open))]
///     Shut,
///     #[state(to(Shut))]
///     Open,
/// }
///
/// fn describe<S: State<Door>>() -> String {
///     format!("state {} of a door: {}", S::INDEX, S::NAME)
/// }
///
/// assert_eq!(describe::<door::Open>(), "state 1 of a door: Open");
/// ```
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
///
/// # Examples
///
/// ```
/// use reliability::state::{Initial, State, StateMachine};
///
/// #[derive(Debug, PartialEq, StateMachine)]
/// #[machine(name = "door")]
/// enum Door {
///     #[state(initial, to(Open))]
///     Shut,
///     #[state(to(Shut))]
///     Open,
/// }
///
/// // A door that was just hung: `hang(door::Open)` does not compile.
/// fn hang<S: State<Door> + Initial>(state: S) -> Door {
///     state.into()
/// }
///
/// assert_eq!(hang(door::Shut), Door::Shut);
/// ```
#[diagnostic::on_unimplemented(
    message = "no machine begins in `{Self}`",
    label = "`{Self}` is not an initial state",
    note = "begin in the state that is marked `#[state(initial)]`, and `go` from there",
    note = "a machine that was stored in another state comes back through its enum: `Typed::try_from(stored)`"
)]
pub trait Initial {}
