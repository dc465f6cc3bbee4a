//~ write the choices in parentheses: `#[state(..)]`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state = "open"]
    Open,
}

fn main() {}
