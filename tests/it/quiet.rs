//! What our macros write is quiet under the strictest lints: clippy runs over `expansions` with all
//! of its groups denied, apart from what it says there to the user's own code.

use expansions::{Gate, Lease, Mode, Visitors, gate, lease};
use reliability::state::{AtomicMachine, Packed as _};

#[deny(clippy::all, clippy::nursery, clippy::pedantic, clippy::restriction)]
#[expect(
    clippy::arbitrary_source_item_ordering,
    clippy::blanket_clippy_restriction_lints,
    clippy::field_scoped_visibility_modifiers,
    clippy::pub_with_shorthand,
    clippy::single_char_lifetime_names,
    reason = "these speak of what stands here, and not of an expansion"
)]
mod expansions {
    use reliability::state::{Packed, StateMachine};

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Packed)]
    pub(super) struct Visitors {
        pub(super) inside: u16,
        pub(super) waiting: u8,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Packed)]
    pub(super) enum Mode {
        Day,
        Night,
    }

    #[derive(Debug, PartialEq, Eq, StateMachine)]
    #[machine(name = "gate", derive(Debug, Clone, Copy, PartialEq), atomic)]
    pub(super) enum Gate {
        #[state(initial, to(Open))]
        Shut,
        #[state(to(Shut, Open, Removed))]
        Open(Visitors, Mode),
        #[state(final)]
        Removed { since: u32 },
    }

    #[derive(Debug, StateMachine)]
    #[machine(name = "lease", derive(Debug, Clone))]
    pub(super) enum Lease<'a, T: Clone> {
        #[state(initial, to(Held))]
        Free,
        #[state(to(Free), final)]
        Held { by: &'a T, fence: T },
    }
}

#[test]
fn machines_under_every_lint_still_work() {
    let cell = AtomicMachine::<Gate>::new();
    let open = gate::Open(Visitors { inside: 3, waiting: 1 }, Mode::Night);
    let opened = cell.transition::<gate::Shut, _>(cell.load(), open).ok();
    assert_eq!(opened.map(|opened| opened.get()), Some(Some(open)));
    let removed = gate::Typed::new(gate::Shut).go(open).go(gate::Removed { since: 7 });
    assert_eq!(Gate::from(removed), Gate::Removed { since: 7 });

    let held = lease::Typed::new(lease::Free).go(lease::Held { by: &"a", fence: "b" });
    assert_eq!((held.state().by, held.state().fence), (&"a", "b"));
    assert_eq!(Lease::<'_, u8>::TRANSITIONS.len(), 2);
    assert_eq!(Mode::from_bits(Mode::Day.to_bits()), Mode::Day);
}
