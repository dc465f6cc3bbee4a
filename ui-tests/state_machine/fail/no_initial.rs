//~ `Door` starts nowhere: write `#[state(initial, ..)]` on one of `Closed` or `Open`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
