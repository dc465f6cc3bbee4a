//~ the module for the states of `FrontDoor` needs a name: write `#[machine(name = "front_door")]`
use reliability::state::StateMachine;

#[derive(StateMachine)]
enum FrontDoor {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

fn main() {
    let _ = front_door::Typed::new(front_door::Closed).go(front_door::Open);
}
