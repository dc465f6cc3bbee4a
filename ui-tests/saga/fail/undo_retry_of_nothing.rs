//~ there is nothing to undo, so nothing to try again
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(quote, undo = none("read only"), undo_retry = 3)]
    Quoted(u32),
}

fn main() {}
