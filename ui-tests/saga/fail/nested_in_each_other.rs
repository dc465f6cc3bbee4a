//~ cycle detected when
use reliability::distributed::transaction::saga::{Why, saga};

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[pivot(saga = Ship, input = same, output = drop, refused = why)]
    Shipped(()),
}

#[saga(input = u64, refuse = String)]
pub enum Ship {
    #[pivot(saga = PlaceOrder, input = same, output = drop, refused = why)]
    Ordered(()),
}

fn same(number: &u64) -> u64 {
    *number
}

fn why(_: Why<String>) -> String {
    String::new()
}

fn main() {}
