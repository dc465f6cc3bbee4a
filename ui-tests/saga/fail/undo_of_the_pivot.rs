//~ the pivot is the point of no return, so `Charged` is never undone; remove `undo`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, undo = refund)]
    Charged(String),
}

fn main() {}
