//~ use of moved value: `closed`
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
    let closed = door::Typed::new(door::Closed);
    let open = closed.go(door::Open);
    let again = closed.go(door::Open);
    drop((open, again));
}
