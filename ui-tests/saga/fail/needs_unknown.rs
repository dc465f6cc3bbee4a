//~ no step is called `Resreved`; did you mean `Reserved`?
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Resreved))]
    Charged(String),
}

fn main() {}
