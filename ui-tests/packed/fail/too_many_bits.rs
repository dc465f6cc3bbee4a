//~ the data of `Visitor` needs more than the 32 bits
use reliability::state::Packed;

#[derive(Packed)]
struct Visitor {
    since: u32,
    vip: bool,
}

fn main() {}
