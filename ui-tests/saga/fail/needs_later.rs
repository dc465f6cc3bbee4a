//~ the output of `Charged` does not exist yet when `Quoted` begins
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(quote, undo = none("read only"), needs(Charged))]
    Quoted(u32),
    #[pivot(charge, needs(Quoted))]
    Charged(String),
}

fn main() {}
