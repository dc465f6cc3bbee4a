//~ `Door` starts in `Closed` already: keep one `initial`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(initial, to(Closed))]
    Open,
}

fn main() {}
