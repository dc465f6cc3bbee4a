//~ `Door` has no states
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {}

fn main() {}
