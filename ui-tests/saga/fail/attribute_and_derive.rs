//~ `#[saga]` writes all that `#[derive(Saga)]` does; remove one of the two
use reliability::distributed::transaction::saga;

#[saga::saga(input = u64, refuse = String)]
#[derive(saga::Saga)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
