//~ `retry` counts the first attempt, too, so 0 would never call the function
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release, retry = 0)]
    Reserved(u32),
}

fn main() {}
