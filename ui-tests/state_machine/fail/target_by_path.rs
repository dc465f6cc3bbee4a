//~ write the name of the state alone: `Open`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Door::Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
