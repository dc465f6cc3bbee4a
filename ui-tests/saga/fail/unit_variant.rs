//~ a step finishes with an output, be it nothing: write `Reserved(())`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved,
}

fn main() {}
