//~ `Mailed` must succeed, and `Reserved` may still be undone
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[then(confirm, beside = Reserved)]
    Mailed(()),
}

fn main() {}
