//~ a step that leaves nothing to undo can simply be repeated
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(quote, undo = none("read only"), probe = find)]
    Quoted(u32),
}

fn main() {}
