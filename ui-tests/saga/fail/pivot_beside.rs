//~ the pivot comes after all that can be undone, so nothing runs beside it
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, beside = Reserved)]
    Charged(String),
}

fn main() {}
