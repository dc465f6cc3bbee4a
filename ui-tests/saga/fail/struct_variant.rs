//~ a step finishes with one output: write `Reserved(Output)`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved { pieces: u32 },
}

fn main() {}
