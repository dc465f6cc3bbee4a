//~ `#[wait]` calls nothing, so it has no `timeout`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[wait("24h", timeout = "1h")]
    Cooled(()),
}

fn main() {}
