//~ cannot go to `Locked`
use reliability::state::{AtomicMachine, StateMachine};

#[derive(StateMachine)]
#[machine(name = "door", atomic)]
enum Door {
    #[state(initial, to(Open, Locked))]
    Closed,
    #[state(to(Closed))]
    Open,
    #[state(to(Closed))]
    Locked { code: u32 },
}

static DOOR: AtomicMachine<Door> = AtomicMachine::new();

fn main() {
    let _ = DOOR.transition::<door::Open, _>(DOOR.load(), door::Locked { code: 7 });
}
