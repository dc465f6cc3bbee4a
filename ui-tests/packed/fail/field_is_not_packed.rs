//~ `String` cannot be packed into the word of an `AtomicMachine`
use reliability::state::Packed;

#[derive(Packed)]
struct Visitor {
    name: String,
}

fn main() {}
