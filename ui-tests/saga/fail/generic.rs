//~ it cannot be generic: write an enum for each type
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder<T> {
    #[step(reserve, undo = release)]
    Reserved(T),
}

fn main() {}
