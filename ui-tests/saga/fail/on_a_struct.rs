//~ a saga is an enum with a variant for each step
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
struct PlaceOrder {
    reserved: u32,
}

fn main() {}
