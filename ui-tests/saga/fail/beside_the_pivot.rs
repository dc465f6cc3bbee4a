//~ nothing runs beside the pivot
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, beside = Charged)]
    Mailed(()),
}

fn main() {}
