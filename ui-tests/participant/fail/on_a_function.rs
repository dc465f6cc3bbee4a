//~ `#[participant]` goes on an `impl` block
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

#[participant(PlaceOrder)]
async fn charge() {}

fn main() {}
