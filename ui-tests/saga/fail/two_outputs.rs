//~ a step finishes with one output: write `Reserved((u32, String))`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32, String),
}

fn main() {}
