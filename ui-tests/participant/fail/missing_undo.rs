//~ `Reserved` is made before the point of no return, so it must be undoable
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

struct Card;

#[participant(PlaceOrder)]
impl Card {
    #[on(start => Reserved)]
    async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }
}

fn main() {}
