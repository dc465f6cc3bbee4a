//~ `Closed` leads to `Open` already: write it once
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open, Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
