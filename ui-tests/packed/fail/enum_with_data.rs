//~ `Packed` is derived for enums without data, and `Vip` has some
use reliability::state::Packed;

#[derive(Packed)]
enum Visitor {
    Usual,
    Vip(u8),
}

fn main() {}
