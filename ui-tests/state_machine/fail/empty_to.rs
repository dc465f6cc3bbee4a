//~ `to()` names no state
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to())]
    Open,
}

fn main() {}
