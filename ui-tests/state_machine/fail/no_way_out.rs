//~ `Jammed` has no way out
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open, Jammed))]
    Closed,
    #[state(to(Closed))]
    Open,
    #[state()]
    Jammed,
}

fn main() {}
