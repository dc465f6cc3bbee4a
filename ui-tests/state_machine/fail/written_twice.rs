//~ `to` is written twice: keep one
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open), to(Locked))]
    Closed,
    #[state(to(Closed, Locked))]
    Open,
    #[state(to(Closed))]
    Locked,
}

fn main() {}
