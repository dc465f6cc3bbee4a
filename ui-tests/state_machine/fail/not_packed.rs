//~ `Tick` cannot be packed into the word of an `AtomicMachine`
use reliability::state::StateMachine;

struct Tick(u32);

#[derive(StateMachine)]
#[machine(name = "door", atomic)]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open { since: Tick, by: u8 },
}

fn main() {}
