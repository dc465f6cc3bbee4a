//~ which function does it? Write `#[pivot(charge, needs(Reserved))]`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[pivot(retry = 5)]
    Charged(String),
}

fn main() {}
