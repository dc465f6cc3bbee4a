//~ unknown unit of time `seconds`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release, timeout = "2 seconds")]
    Reserved(u32),
}

fn main() {}
