//~ the path of the runtime crate must be absolute
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door", crate = reliability)]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {}
