//~ `Reserved` cannot come before itself
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release, needs(Reserved))]
    Reserved(u32),
}

fn main() {}
