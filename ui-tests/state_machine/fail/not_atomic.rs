//~ `Door` is not made for an `AtomicMachine`
use reliability::state::{AtomicMachine, StateMachine};

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

static DOOR: AtomicMachine<Door> = AtomicMachine::new();

fn main() {}
