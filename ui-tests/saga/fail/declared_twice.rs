//~ `Reserved` is declared as `#[step]` already: a variant is one step
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    #[pivot(reserve)]
    Reserved(u32),
}

fn main() {}
