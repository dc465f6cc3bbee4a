//~ has no setting `undu`; did you mean `undo`?
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undu = release)]
    Reserved(u32),
}

fn main() {}
