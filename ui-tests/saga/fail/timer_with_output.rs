//~ a timer finishes with nothing: write `Cooled(())`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[wait("24h")]
    Cooled(u32),
}

fn main() {}
