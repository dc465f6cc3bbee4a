//! The smallest machines: one state, and one that may follow itself.
#![deny(warnings)]

use reliability::state::StateMachine;

#[derive(Debug, PartialEq, StateMachine)]
#[machine(name = "rock", atomic)]
enum Rock {
    #[state(initial, final)]
    Lies,
}

#[derive(Debug, PartialEq, StateMachine)]
#[machine(name = "counter", derive(Copy, Clone))]
enum Counter {
    #[state(initial, final, to(At))]
    At(u8),
}

fn main() {
    assert!(Rock::TRANSITIONS.is_empty());
    assert!(rock::Lies::try_from(Rock::Lies).is_ok());
    assert_eq!(reliability::state::AtomicMachine::<Rock>::new().load().machine(), Rock::Lies);
    assert_eq!(Rock::Lies.try_go(Rock::Lies).unwrap_err().next, Rock::Lies);
    let two = counter::Typed::new(counter::At(1)).go(counter::At(2));
    assert_eq!(Counter::from(two), Counter::At(2));
    assert_eq!(Counter::At(1).try_go(Counter::At(2)).ok(), Some(Counter::At(1)));
}
