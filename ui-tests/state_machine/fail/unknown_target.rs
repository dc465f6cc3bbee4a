//~ no state is called `Ajar`; there are `Closed` and `Open`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open, Ajar))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
