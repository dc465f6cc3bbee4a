//~ `Reserved` runs before the point of no return, so it must be undoable
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, retry = 5)]
    Reserved(u32),
}

fn main() {}
