//~ `Amber` is not a state of `Door`
use reliability::state::{AtomicMachine, StateMachine};

#[derive(StateMachine)]
#[machine(name = "door", atomic)]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

#[derive(StateMachine)]
#[machine(name = "light", atomic)]
enum Light {
    #[state(initial, to(Green))]
    Amber,
    #[state(to(Amber))]
    Green,
}

static DOOR: AtomicMachine<Door> = AtomicMachine::new();

fn main() {
    assert!(DOOR.load().is::<light::Amber>());
}
