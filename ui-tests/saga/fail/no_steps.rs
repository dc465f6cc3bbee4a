//~ `PlaceOrder` has no steps
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {

}

fn main() {}
