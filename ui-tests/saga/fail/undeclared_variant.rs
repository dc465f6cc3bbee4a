//~ what does `Reserved` do? Write `#[step(function, undo = function)]`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    Reserved(u32),
}

fn main() {}
