//~ `Door` begins in `Closed`, not in
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {
    let _ = door::Typed::new(door::Open);
}
