//~ the generated module has its own `Typed`: give this state another name
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "form")]
enum Form {
    #[state(initial, to(Typed))]
    Empty,
    #[state(final)]
    Typed,
}

fn main() {}
