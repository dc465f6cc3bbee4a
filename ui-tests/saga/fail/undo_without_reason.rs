//~ say why there is nothing to undo: `undo = none("read only")`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = none)]
    Reserved(u32),
}

fn main() {}
