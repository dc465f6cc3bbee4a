//~ behind the point of no return nothing may refuse, so nothing is undone: write `#[then(..)]`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[step(ship, undo = call_back)]
    Shipped(()),
}

fn main() {}
