//~ `Reserved` is needed already: write it once
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved, Reserved))]
    Charged(String),
}

fn main() {}
