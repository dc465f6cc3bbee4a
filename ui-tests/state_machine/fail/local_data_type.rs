//~ the types of the states' data must be declared outside of the function
use reliability::state::StateMachine;

fn main() {
    struct Tick(u32);

    #[derive(StateMachine)]
    #[machine(name = "door")]
    enum Door {
        #[state(initial, to(Open))]
        Closed,
        #[state(to(Closed))]
        Open { since: Tick },
    }
}
