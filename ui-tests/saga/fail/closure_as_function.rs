//~ expected a path to an `async fn`; write `#[step(reserve, undo = release)]`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(|cx, order| reserve(cx, order), undo = release)]
    Reserved(u32),
}

fn main() {}
