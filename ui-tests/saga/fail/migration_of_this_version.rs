//~ `PlaceOrder` is of version 2 itself, so version 2 is not an older one
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String, version = 2, drain(1), migrate(2 => from_v2))]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
