//~ `Charged` is made by a participant, and how is said there
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String, choreographed)]
enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[pivot(charge)]
    Charged(String),
}

fn main() {}
