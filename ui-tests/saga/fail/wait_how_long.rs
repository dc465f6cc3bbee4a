//~ write how long: `#[wait("24h")]`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[wait]
    Cooled(()),
}

fn main() {}
