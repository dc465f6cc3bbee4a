use alloc::string::String;

use super::{Refused, Transition, diagram};

/// An enum that is a state machine: what it declares, as data, and the run-time way to go along
/// it.
///
/// Derive it with [`StateMachine`](derive@super::StateMachine). By hand it is the table and the
/// position in it:
///
/// ```
/// use reliability::state::{Machine, Transition};
///
/// enum Switch {
///     Off,
///     On,
/// }
///
/// impl Machine for Switch {
///     const NAME: &'static str = "switch";
///     const STATES: &'static [&'static str] = &["Off", "On"];
///     const INITIAL: usize = 0;
///     const FINAL: &'static [usize] = &[];
///     const TRANSITIONS: &'static [Transition] = &[
///         Transition { from: "Off", to: "On" },
///         Transition { from: "On", to: "Off" },
///     ];
///
///     fn index(&self) -> usize {
///         match self {
///             Self::Off => 0,
///             Self::On => 1,
///         }
///     }
/// }
///
/// let mut switch = Switch::Off;
/// assert!(switch.try_go(Switch::Off).is_err());
/// assert!(switch.try_go(Switch::On).is_ok());
/// assert_eq!(switch.state_name(), "On");
///
/// // The declaration can be drawn.
/// assert!(Switch::mermaid().contains("Off --> On"));
/// assert!(Switch::dot().starts_with("digraph"));
/// ```
pub trait Machine: Sized {
    /// The name in telemetry and diagrams, in snake_case.
    const NAME: &'static str;

    /// The names of the states, each once, at its index.
    const STATES: &'static [&'static str];

    /// The index of the state in which the machine begins.
    const INITIAL: usize;

    /// The indices of the states in which the machine may end.
    const FINAL: &'static [usize];

    /// Every declared transition, in the order of the declaration.
    const TRANSITIONS: &'static [Transition];

    /// The index of the present state, less than `STATES.len()`.
    fn index(&self) -> usize;

    /// The name of the present state.
    fn state_name(&self) -> &'static str {
        name::<Self>(self.index())
    }

    /// Goes to `next` if that is declared, and returns what was held before.
    ///
    /// # Errors
    ///
    /// When the transition is not declared. Nothing changes then, and the error gives `next`
    /// back.
    fn try_go(&mut self, next: Self) -> Result<Self, Refused<Self>> {
        let wanted = Transition { from: self.state_name(), to: next.state_name() };
        if Self::TRANSITIONS.contains(&wanted) {
            Ok(core::mem::replace(self, next))
        } else {
            Err(Refused::new(wanted, next))
        }
    }

    /// The declared transitions as a Mermaid state diagram.
    fn mermaid() -> String {
        diagram::mermaid::<Self>()
    }

    /// The declared transitions as a graph for Graphviz.
    fn dot() -> String {
        diagram::dot::<Self>()
    }
}

/// The name of a state by its index; empty for an index that is out of range.
pub(super) fn name<M: Machine>(index: usize) -> &'static str {
    M::STATES.get(index).copied().unwrap_or_default()
}

/// A machine whose states all fit into 32 bits, so that an
/// [`AtomicMachine`](super::AtomicMachine) can hold it.
///
/// `#[machine(atomic)]` writes it.
///
/// # Examples
///
/// ```
/// use reliability::state::{Machine, Packed, PackedMachine, StateMachine};
///
/// #[derive(Debug, PartialEq, StateMachine)]
/// #[machine(name = "gate", atomic)]
/// enum Gate {
///     #[state(initial, to(Open))]
///     Shut,
///     #[state(to(Shut))]
///     Open { visitors: u32 },
/// }
///
/// let open = gate::Open { visitors: 3 };
/// let index = Gate::Open { visitors: 3 }.index();
/// assert_eq!(Gate::unpack(index, open.to_bits()), Gate::Open { visitors: 3 });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made for an `AtomicMachine`",
    label = "not declared `atomic`",
    note = "add `atomic` to its `#[machine(..)]`; the data of each state must then be `Packed`"
)]
pub trait PackedMachine: Machine {
    /// The machine in the state with this index, its data read from the bits that
    /// [`Packed::to_bits`](super::Packed::to_bits) gave for it.
    ///
    /// An index out of range stands for the last state.
    fn unpack(index: usize, bits: u32) -> Self;
}
