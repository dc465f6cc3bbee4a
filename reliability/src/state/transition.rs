use core::fmt;

/// One declared transition, by the names of its states.
///
/// # Examples
///
/// ```
/// use reliability::state::Transition;
///
/// let opens = Transition { from: "Closed", to: "Open" };
/// assert_eq!(opens.to_string(), "Closed -> Open");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Transition {
    /// The state that is left.
    pub from: &'static str,
    /// The state that is entered.
    pub to: &'static str,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// A state that may directly follow `Prev`.
///
/// The relation stands on the target, so that a state with a single successor does not make the
/// compiler guess it, and call the mistake a type mismatch.
///
/// # Examples
///
/// ```
/// use reliability::state::{ReachableFrom, StateMachine};
///
/// #[derive(StateMachine)]
/// #[machine(name = "door")]
/// enum Door {
///     #[state(initial, to(Open))]
///     Shut,
///     #[state(to(Shut))]
///     Open,
/// }
///
/// // What a table of texts for transitions may be asked for, and for nothing else:
/// // `sign::<door::Shut, door::Shut>("..")` does not compile.
/// fn sign<From, To: ReachableFrom<From>>(text: &str) -> String {
///     format!("please {text}")
/// }
///
/// assert_eq!(sign::<door::Shut, door::Open>("push"), "please push");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Prev}` cannot go to `{Self}`",
    label = "`{Prev}` does not declare `{Self}` as a target",
    note = "go through a state in between, or declare the transition: add `{Self}` to the `to(..)` of `{Prev}`"
)]
pub trait ReachableFrom<Prev> {}
