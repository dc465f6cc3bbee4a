//~ behind the point of no return nothing may refuse
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[then(confirm)]
    Mailed(()),
    #[pivot(charge)]
    Charged(String),
}

fn main() {}
