//! A machine in one word, in a static; generics; inside a function.
#![forbid(unsafe_code)]
#![deny(warnings)]

use reliability::state::{AtomicMachine, Packed, StateMachine};

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
struct Count(u16);

#[derive(Debug, PartialEq, StateMachine)]
#[machine(name = "gate", derive(Debug, Clone, Copy, PartialEq), atomic)]
enum Gate {
    #[state(initial, to(Open))]
    Shut,
    #[state(to(Shut))]
    Open { visitors: Count, vip: bool },
}

static GATE: AtomicMachine<Gate> = AtomicMachine::new();

fn main() {
    let shut = GATE.load();
    assert!(shut.is::<gate::Shut>());
    let open = gate::Open { visitors: Count(3), vip: true };
    let opened = GATE.transition::<gate::Shut, _>(shut, open).unwrap();
    assert_eq!(opened.get(), Some(open));
    assert_eq!(opened.get::<gate::Shut>(), None);
    assert_eq!(opened.machine(), Gate::Open { visitors: Count(3), vip: true });
    assert_eq!(GATE.transition::<gate::Shut, _>(shut, open), Err(opened));
    let more = GATE.update(opened, gate::Open { visitors: Count(4), vip: true }).unwrap();
    assert!(more.same_visit(opened));
    let again = GATE.transition::<gate::Open, _>(more, gate::Shut).unwrap();
    assert!(again.is::<gate::Shut>());
    assert_ne!(again, shut);
    assert_eq!(again.generation(), 2);
}
