//~ the data of `Open` needs more than the 32 bits
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door", atomic)]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open { since: u32, by: u8 },
}

fn main() {}
