//~ did you mean `to(Open)`?
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, Open)]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
