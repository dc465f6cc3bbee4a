//~ not `derives`; did you mean `derive`?
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door", derives(Debug))]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
