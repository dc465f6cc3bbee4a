//~ `migrate` and `drain` exclude each other
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String, version = 2, migrate(1 => from_v1), drain(1))]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
}

fn main() {}
