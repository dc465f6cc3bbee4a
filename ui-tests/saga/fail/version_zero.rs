//~ expected a whole number from 1 to
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String, version = 0)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
