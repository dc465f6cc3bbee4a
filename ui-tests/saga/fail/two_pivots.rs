//~ `Charged` is the pivot already, and there is one point of no return
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[pivot(ship)]
    Shipped(()),
}

fn main() {}
