//~ `Locked` can never be reached from `Closed`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
    #[state(to(Closed))]
    Locked { code: u32 },
}

fn main() {}
