use core::{error::Error, fmt};

use super::{Machine, Transition};

/// A transition that is not declared was asked for at run time.
///
/// Nothing has changed, and nothing is lost: it carries what was to come next.
///
/// # Examples
///
/// ```
/// # use reliability::state::{StateMachine, Transition};
/// # #[derive(Debug, PartialEq, StateMachine)]
/// # #[machine(name = "door")]
/// # enum Door {
/// #     #[state(initial, to(Open, Locked))]
/// #     Closed,
/// #     #[state(to(Closed))]
/// #     Open,
/// #     #[state(to(Closed))]
/// #     Locked(u32),
/// # }
/// let refused = Door::Open.try_go(Door::Locked(42)).unwrap_err();
/// assert_eq!(refused.transition, Transition { from: "Open", to: "Locked" });
/// assert_eq!(refused.declared().collect::<Vec<_>>(), ["Closed"]);
/// assert_eq!(refused.to_string(), "door cannot go from `Open` to `Locked`; declared: `Closed`");
/// assert_eq!(refused.next, Door::Locked(42));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused<M> {
    /// What was asked for.
    pub transition: Transition,
    /// What would have been the next state.
    pub next: M,
}

impl<M: Machine> Refused<M> {
    /// For machines by hand, whose [`try_go`](Machine::try_go) has rules of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::state::{Machine, Refused, Transition};
    ///
    /// #[derive(Debug)]
    /// struct Door {
    ///     open: bool,
    ///     locked: bool,
    /// }
    ///
    /// impl Machine for Door {
    ///     const NAME: &'static str = "door";
    ///     const STATES: &'static [&'static str] = &["Shut", "Open"];
    ///     const INITIAL: usize = 0;
    ///     const FINAL: &'static [usize] = &[];
    ///     const TRANSITIONS: &'static [Transition] = &[
    ///         Transition { from: "Shut", to: "Open" },
    ///         Transition { from: "Open", to: "Shut" },
    ///     ];
    ///
    ///     fn index(&self) -> usize {
    ///         usize::from(self.open)
    ///     }
    ///
    ///     // A door that is locked is not opened, whatever is declared.
    ///     fn try_go(&mut self, next: Self) -> Result<Self, Refused<Self>> {
    ///         let wanted = Transition { from: self.state_name(), to: next.state_name() };
    ///         if self.locked || !Self::TRANSITIONS.contains(&wanted) {
    ///             return Err(Refused::new(wanted, next));
    ///         }
    ///         Ok(std::mem::replace(self, next))
    ///     }
    /// }
    ///
    /// let mut door = Door { open: false, locked: true };
    /// let refused = door.try_go(Door { open: true, locked: false }).unwrap_err();
    /// assert_eq!(refused.transition, Transition { from: "Shut", to: "Open" });
    /// ```
    pub const fn new(transition: Transition, next: M) -> Self {
        Self { transition, next }
    }

    /// The states that could have been entered instead.
    pub fn declared(&self) -> impl Iterator<Item = &'static str> {
        let from = self.transition.from;
        let edges = M::TRANSITIONS.iter().filter(move |edge| edge.from == from);
        edges.map(|edge| edge.to)
    }
}

impl<M: Machine> fmt::Display for Refused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Transition { from, to } = self.transition;
        write!(f, "{} cannot go from `{from}` to `{to}`", M::NAME)?;
        if self.declared().next().is_none() {
            return write!(f, "; it is an end");
        }
        let mut separator = "; declared: ";
        for target in self.declared() {
            write!(f, "{separator}`{target}`")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// Without the data, which need not be printable.
impl<M> fmt::Debug for Refused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("transition", &self.transition).finish_non_exhaustive()
    }
}

impl<M: Machine> Error for Refused<M> {}
