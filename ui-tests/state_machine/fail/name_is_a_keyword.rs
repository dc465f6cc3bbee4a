//~ `gen` cannot be the name of a module
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "gen")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
