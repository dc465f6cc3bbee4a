//~ what is `PlaceOrder` started with?
use reliability::distributed::transaction::saga::saga;

#[saga(refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
