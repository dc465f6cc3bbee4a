//~ why may a step of `PlaceOrder` refuse?
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
