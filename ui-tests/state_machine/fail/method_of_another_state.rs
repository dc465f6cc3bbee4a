//~ the method was found for
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "door")]
enum Door {
    #[state(initial, to(Open))]
    Closed,
    #[state(to(Closed))]
    Open,
}

impl door::Typed<door::Open> {
    fn close(self) -> door::Typed<door::Closed> {
        self.go(door::Closed)
    }
}

fn main() {
    let _ = door::Typed::new(door::Closed).close();
}
