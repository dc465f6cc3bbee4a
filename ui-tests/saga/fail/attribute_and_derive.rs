//~ `#[saga]` writes all that `#[derive(Saga)]` does; remove one of the two
use reliability::distributed::transaction::saga::{Saga, saga};

#[saga(input = u64, refuse = String)]
#[derive(Saga)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
