//! A runtime crate that is found under another path.
#![deny(warnings)]

pub mod vendored {
    pub use ::reliability as runtime;
}

use vendored::runtime::state::{AtomicMachine, Packed, StateMachine};

// So that the default path would not be found.
mod reliability {}

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
#[packed(crate = crate::vendored::runtime)]
struct Count(u16);

#[derive(Debug, PartialEq, StateMachine)]
#[machine(name = "gate", derive(Debug, Clone, Copy, PartialEq), atomic, crate = crate::vendored::runtime)]
enum Gate {
    #[state(initial, to(Open))]
    Shut,
    #[state(to(Shut))]
    Open(Count),
}

fn main() {
    let gate = AtomicMachine::<Gate>::new();
    let open = gate.transition::<gate::Shut, _>(gate.load(), gate::Open(Count(1)));
    assert_eq!(open.map(|open| open.machine()), Ok(Gate::Open(Count(1))));
    let typed = gate::Typed::new(gate::Shut).go(gate::Open(Count(2)));
    assert_eq!(Gate::from(typed), Gate::Open(Count(2)));
}
