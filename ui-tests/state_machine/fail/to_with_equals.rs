//~ write it as `to(Open)`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to = Open)]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
