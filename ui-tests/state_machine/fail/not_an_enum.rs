//~ a state machine is an enum with a variant for each state
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
struct Door {
    open: bool,
}

fn main() {}
