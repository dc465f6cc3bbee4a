//~ `Locked` can never be reached from `Closed`
// The one exception to one mistake per file: all of them are told at once.
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door", atomik)]
enum Door {
    #[state(initial, to(Open, Open))]
    Closed,
    #[state(to(Closed))]
    Open,
    #[state(final)]
    Locked,
}

fn main() {}
