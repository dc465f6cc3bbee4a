//~ not `inital`; did you mean `initial`?
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(inital, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
