//! `#[derive(StateMachine)]` and `#[derive(Packed)]`.

use reliability::state::StateMachine;

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, StateMachine)]
#[machine(name = "door", derive(Debug, Clone, Copy, PartialEq, Eq))]
pub(crate) enum Door {
    /// Nobody passes.
    #[state(initial, to(Open, Locked))]
    Closed,
    /// Somebody may pass.
    #[state(to(Closed))]
    Open {
        /// Since when.
        since: u32,
    },
    /// Nobody passes without the code.
    #[state(to(Closed), final)]
    Locked {
        /// The code.
        code: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_opens() {
        let open = door::Typed::new(door::Closed).go(door::Open { since: 7 });
        assert_eq!(Door::from(open), Door::Open { since: 7 });
    }
}
