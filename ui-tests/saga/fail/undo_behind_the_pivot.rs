//~ it stands behind the point of no return, so `Mailed` is never undone; remove `undo`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged), undo = apologise)]
    Mailed(()),
}

fn main() {}
