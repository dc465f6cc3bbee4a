//~ no state is called `Opne`; did you mean `Open`?
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Opne))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {
    let _ = door::Typed::new(door::Closed).go(door::Open);
}
