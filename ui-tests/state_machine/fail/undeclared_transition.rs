//~ cannot go to `Locked`
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open, Locked))]
    Closed,
    #[state(to(Closed))]
    Open { since: u64 },
    #[state(to(Closed), final)]
    Locked { code: u32 },
}

fn main() {
    let door = door::Typed::new(door::Closed).go(door::Open { since: 3 });
    door.go(door::Locked { code: 1234 });
}
