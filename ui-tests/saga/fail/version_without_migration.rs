//~ what becomes of runs of version 1?
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String, version = 2)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
